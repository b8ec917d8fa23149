/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * api.c - the functions of zobj.h: check the arguments, take the fast path or
 * hand on.
 */
#include <errno.h>
#include <string.h>

#include "alloc.h"
#include "check.h"
#include "cram.h"
#include "destroy.h"
#include "fast.h"
#include "free.h"
#include "init.h"
#include "locate.h"
#include "misuse.h"
#include "nofail.h"
#include "pressure.h"
#include "ready.h"
#include "reclaim.h"
#include "stats.h"
#include "walk.h"
#include "zone.h"
#include "zobj.h"
#include "ztable.h"

static const unsigned call_flags = ZONE_ZERO | ZONE_NOWAIT | ZONE_RESERVE |
    ZONE_NOFAIL;

exported zone_t *
zone_create(const char *name, size_t size, const struct zone_attr *attr)
{
	struct zone *z;
	int error;

	init();
	z = zone_make(name, size, attr, false, &error);
	if (z == NULL && error == ENOMEM && reclaim_pressure())
		z = zone_make(name, size, attr, false, &error);
	if (z == NULL && error == ENOMEM && pressure_ask(NULL, size))
		z = zone_make(name, size, attr, false, &error);
	if (z == NULL)
		errno = error;
	return z;
}

/* The zone behind HANDLE; one that may not fail is made in the end. */
static struct zone *
resolve_to_alloc(zone_t *handle, unsigned flags)
{
	struct nofail nofail = { 0 };
	struct zone *z;
	int error;

	while ((z = zone_resolve(handle, "zone_alloc", &error)) == NULL &&
	    error == ENOMEM && !thread_is_interrupted() &&
	    ((flags | zone_default_flags(handle)) &
	    (ZONE_NOFAIL | ZONE_NOWAIT)) == ZONE_NOFAIL)
		(void)nofail_wait(&nofail, handle, zone_name(handle),
		    zone_size(handle), error);
	if (z == NULL)
		errno = error;
	return z;
}

/* Do they make sense for Z, together with its own? */
static bool
flags_are_sane(const struct zone *z, unsigned flags)
{
	if ((flags & ~call_flags) != 0)
		return false;
	if ((flags & ZONE_ZERO) != 0 && z->ctor != NULL)
		return false;
	flags |= z->flags;
	return (flags & ZONE_NOFAIL) == 0 || (flags & ZONE_NOWAIT) == 0;
}

/* A word is empty, or there are flags. */
static cold void *
alloc_call(zone_t *handle, unsigned flags)
{
	struct zone *z;

	if (!thread_is_interrupted())
		init();
	z = resolve_to_alloc(handle, flags);
	if (z == NULL)
		return NULL;
	if (load_relaxed(&z->magic) != ZONE_MAGIC_LIVE ||
	    !flags_are_sane(z, flags)) {
		errno = EINVAL;
		return NULL;
	}
	return alloc_slow(z, flags);
}

/* Of a ZONE_DEFINE handle it changes while others read it. */
hot_inline uint32_t
slot_of(const zone_t *z)
{
	return __atomic_load_n(&zone_head(z)->slot, __ATOMIC_RELAXED);
}

static noinline void *
refill_call(zone_t *handle, struct tcache *tc)
{
	void *p = fast_refill(tc, slot_of(handle));

	return likely(p != NULL) ? p : alloc_call(handle, 0);
}

/*
 * The size is the zone's, which is not in HANDLE if that is a ZONE_DEFINE.  A
 * thread cache without a zone, or with an empty word, knows nothing.
 */
static noinline void *
alloc_with(zone_t *handle, unsigned flags)
{
	struct tcache *tc = thread_cache(guard_enter(), slot_of(handle));
	size_t size;
	void *p;

	if (likely(load_own(&tc->word) != 0 && tc->zone->ctor == NULL)) {
		size = tc->zone->size;
		p = tcache_take(tc);
		guard_leave();
		return ((flags | zone_head(handle)->flags) & ZONE_ZERO) != 0 ?
		    memset(p, 0, size) : p;
	}
	fast_give_up(tc);
	return alloc_call(handle, flags);
}

/* What to do when there is nothing does not matter till then. */
static inline bool
are_quick(unsigned flags)
{
	return (flags & ~(unsigned)(ZONE_ZERO | ZONE_NOWAIT)) == 0 ||
	    (flags & ~(unsigned)(ZONE_RESERVE | ZONE_NOFAIL)) == 0;
}

exported void *
zone_alloc(zone_t *z, unsigned flags)
{
	struct tcache *tc;
	void *p;

	if (likely((flags | zone_head(z)->flags) == 0)) {
		if (likely(fast_alloc(slot_of(z), &tc, &p)))
			return p;
		return refill_call(z, tc);
	}
	if (are_quick(flags | zone_head(z)->flags))
		return alloc_with(z, flags);
	return alloc_call(z, flags);
}

static cold void
free_call(const char *verb, zone_t *handle, void *obj)
{
	struct zone *z = NULL;
	int error;

	if (obj == NULL)
		return;
	if (handle != NULL) {
		/* One of ZONE_DEFINE is made now, if only for the message. */
		z = zone_resolve(handle, verb, &error);
		if (z == NULL) {
			if (zone_is_unmade(handle))
				misuse_foreign(verb, (uintptr_t)obj);
			return;
		}
	}
	free_slow(verb, z, (uintptr_t)obj);
}

/* Inside the guard; a tail call, so that zone_free needs no stack. */
static noinline void
free_other(const char *verb, zone_t *z, void *obj, struct slab *d,
    uint64_t index, struct tcache *tc)
{
	if (!thread_is_displaced(tc) &&
	    fast_free_other(slot_of(z), d, (uintptr_t)obj, index))
		return;
	fast_give_up(tc);
	free_call(verb, z, obj);
}

hot_inline void
free_any(const char *verb, zone_t *z, void *obj)
{
	uintptr_t p = (uintptr_t)obj;
	struct tcache *tc;
	struct slab *d;
	uint64_t index;

	if (likely(z != NULL)) {
		tc = thread_cache(guard_enter(), slot_of(z));
		if (fast_is_held(tc, p)) {
			if (likely(fast_free_held(tc, p)))
				return;
		} else if (unlikely(!arena_look(p, &d) ||
		    !fast_index(d, p, &index))) {
			;
		} else if (unlikely(load_glance(&d->owner) != (uintptr_t)tc)) {
			free_other(verb, z, obj, d, index, tc);
			return;
		} else if (likely(fast_free(tc, d, index))) {
			return;
		}
		fast_give_up(tc);
	}
	free_call(verb, z, obj);
}

exported void
zone_free(zone_t *z, void *obj)
{
	free_any("zone_free", z, obj);
}

exported size_t
zone_alloc_n(zone_t *z, void **objs, size_t n, unsigned flags)
{
	size_t i = 0;

	while (i < n && (objs[i] = zone_alloc(z, flags)) != NULL)
		i++;
	return i;
}

exported void
zone_free_n(zone_t *z, void *const *objs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (objs[i] != NULL)
			free_any("zone_free_n", z, objs[i]);
}

exported int
zone_destroy(zone_t *handle, int how)
{
	struct zone *z;
	int error;

	if (handle == NULL || how < ZONE_IF_EMPTY || how > ZONE_NOW) {
		errno = EINVAL;
		return -1;
	}
	init();
	z = zone_resolve(handle, "zone_destroy", &error);
	if (z != NULL)
		error = destroy(z, how);
	if (error == 0)
		zone_forget(handle, how != ZONE_WHEN_EMPTY);
	if (error != 0) {
		errno = error;
		return -1;
	}
	return 0;
}

exported int
zone_cram(zone_t *handle, void *mem, size_t size)
{
	size_t nobj = 0;
	struct zone *z;
	int error = EINVAL;

	if (handle != NULL) {
		init();
		z = zone_resolve(handle, "zone_cram", &error);
		if (z != NULL)
			error = load_relaxed(&z->magic) == ZONE_MAGIC_LIVE ?
			    cram(z, mem, size, &nobj) : EINVAL;
	}
	if (error != 0) {
		errno = error;
		return -1;
	}
	return (int)nobj;
}

exported size_t
zone_trim(zone_t *handle, int how)
{
	struct zone *z = NULL;

	if (how < ZONE_TRIM_EXCESS || how > ZONE_TRIM_CACHES) {
		errno = EINVAL;
		return 0;
	}
	init();
	if (handle != NULL) {
		z = zone_existing(handle, "zone_trim");
		if (z == NULL)
			return 0;
	}
	return reclaim_trim(z, how);
}

exported int
zone_fill(zone_t *handle, size_t n)
{
	struct zone *z;
	int error = EINVAL;

	if (handle != NULL) {
		init();
		z = zone_resolve(handle, "zone_fill", &error);
		if (z != NULL && load_relaxed(&z->magic) != ZONE_MAGIC_LIVE)
			error = EINVAL;
		else if (z != NULL && z->limit != 0 && n > z->limit)
			error = ENOSPC;
		else if (z != NULL)
			error = ready_fill(z, n / z->nobj +
			    (n % z->nobj != 0));
	}
	if (error != 0) {
		errno = error;
		return -1;
	}
	return 0;
}

exported int
zone_on_pressure(size_t (*fn)(zone_t *z, size_t bytes, void *arg), void *arg)
{
	int error;

	init();
	error = fn != NULL ? pressure_add(fn, arg) : pressure_remove(arg);
	if (error != 0) {
		errno = error;
		return -1;
	}
	return 0;
}

exported zone_t *
zone_of(const void *p)
{
	struct location at;

	switch (locate((uintptr_t)p, &at)) {
	case LOCATED_OBJECT:
	case LOCATED_INSIDE:
		return at.zone;
	default:
		return NULL;
	}
}

exported void *
zone_base(const void *p)
{
	struct location at;

	switch (locate((uintptr_t)p, &at)) {
	case LOCATED_OBJECT:
	case LOCATED_INSIDE:
		return (void *)at.base;
	default:
		return NULL;
	}
}

exported int
zone_holds(zone_t *handle, const void *p)
{
	struct zone *z = NULL;
	struct location at;

	if (handle != NULL && (z = zone_existing(handle, "zone_holds")) == NULL)
		return 0;
	if (locate((uintptr_t)p, &at) != LOCATED_OBJECT ||
	    (z != NULL && at.zone != z))
		return 0;
	return locate_is_live(&at);
}

/* The constant part of a handle: what ZONE_DEFINE says, or what is so. */
exported const char *
zone_name(const zone_t *z)
{
	if (load_relaxed(&zone_head(z)->magic) == ZONE_MAGIC_STATIC)
		return ((const struct zone_static *)(const void *)z)->zs_name;
	return z->name;
}

exported size_t
zone_size(const zone_t *z)
{
	if (load_relaxed(&zone_head(z)->magic) == ZONE_MAGIC_STATIC)
		return ((const struct zone_static *)(const void *)z)->zs_size;
	return z->size;
}

exported int
zone_stats(zone_t *handle, struct zone_stats *st)
{
	struct zone *z;
	int error;

	if (handle == NULL || st == NULL || !stats_has_size(st->stats_size)) {
		errno = EINVAL;
		return -1;
	}
	init();
	z = zone_resolve(handle, "zone_stats", &error);
	if (z == NULL) {
		errno = error;
		return -1;
	}
	if (!stats_fill(z, st)) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

exported int
zone_report(int fd, int how)
{
	int error;

	init();
	error = stats_report(fd, how);
	if (error != 0) {
		errno = error;
		return -1;
	}
	return 0;
}

exported int
zone_walk(zone_t *handle, int (*fn)(void *obj, void *arg), void *arg)
{
	struct zone *z = zone_existing(handle, "zone_walk");

	return z != NULL ? walk_zone(z, fn, arg) : 0;
}

exported int
zone_foreach(int (*fn)(zone_t *z, void *arg), void *arg)
{
	int result = 0;

	for (unsigned i = 0; result == 0 && i < ztable_end(); i++) {
		struct zone *z = ztable_at(i);

		if (z != NULL)
			result = fn(z, arg);
	}
	return result;
}

exported int
zone_check_all(void)
{
	init();
	(void)check_all();
	return 0;
}

exported void
zone_on_error(void (*fn)(enum zone_error e, zone_t *z, void *obj, void *arg),
    void *arg)
{
	misuse_set_handler(fn, arg);
}
