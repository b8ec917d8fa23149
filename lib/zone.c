/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zone.c - see zone.h.  Owns the choice of a zone's shape.
 */
#include "zone.h"

#include <errno.h>
#include <string.h>

#include "cram.h"
#include "destroy.h"
#include "lock.h"
#include "misuse.h"
#include "options.h"
#include "pressure.h"
#include "reclaim.h"
#include "reserve.h"
#include "share.h"
#include "ztable.h"

enum {
	DEFAULT_ALIGN = 16,
	DEFAULT_OBJECTS = 8,		/* a slab has room for that many */
	DEFAULT_KEEP = 1,		/* free slabs a zone keeps */
	SIGNAL_RESERVE = 32		/* objects, at most */
};

struct lock setup_lock = LOCK_INITIALIZER(RANK_SETUP);

static const uint32_t known_flags = ZONE_ZERO | ZONE_NOWAIT | ZONE_RESERVE |
    ZONE_NOFAIL | ZONE_HUGE | ZONE_SIGNALSAFE;

static size_t
default_align(size_t size)
{
	return min_size(size & -size, DEFAULT_ALIGN);
}

static size_t
default_slab(size_t stride, size_t align, bool huge)
{
	size_t slab = huge && stride * SLAB_MAX_OBJECTS >= 2 * MIB ? 2 * MIB :
	    UNIT_SIZE;

	while ((slab < stride * DEFAULT_OBJECTS || slab < align) &&
	    slab < ZONE_MAX_SLAB)
		slab *= 2;
	return slab;
}

/* Of a zone for signal handlers. */
static size_t
default_reserve(const struct zone *z)
{
	size_t n = min_size(z->nobj, SIGNAL_RESERVE);

	return z->limit != 0 ? min_size(n, z->limit) : n;
}

/* Are the attributes such as we can serve? */
static bool
is_sane(size_t size, const struct zone_attr *a)
{
	if (size == 0 || size > ZONE_MAX_SIZE ||
	    a->attr_size != sizeof *a || (a->flags & ~known_flags) != 0)
		return false;
	if (a->align != 0 && (!is_power_of_two(a->align) ||
	    a->align > ZONE_MAX_SLAB))
		return false;
	if (a->slab_size != 0 && (!is_power_of_two(a->slab_size) ||
	    a->slab_size < UNIT_SIZE || a->slab_size > ZONE_MAX_SLAB))
		return false;
	if ((a->flags & ZONE_ZERO) != 0 && a->ctor != NULL)
		return false;
	if ((a->flags & ZONE_NOFAIL) != 0 && (a->flags & ZONE_NOWAIT) != 0)
		return false;
	if (a->limit != 0 && a->reserve > a->limit)
		return false;
	return (a->seed != NULL) == (a->seed_size != 0);
}

/* Size, alignment and slab become numbers that the fast path uses. */
static bool
set_shape(struct zone *z, size_t size, const struct zone_attr *a)
{
	size_t align = a->align != 0 ? a->align : default_align(size);
	size_t stride = round_up(size, align);
	size_t slab = a->slab_size != 0 ? a->slab_size :
	    default_slab(stride, align, (a->flags & ZONE_HUGE) != 0);

	if (stride > slab || align > slab)
		return false;
	z->size = size;
	z->stride = (uint32_t)stride;
	z->nobj = (uint32_t)min_size(slab / stride, SLAB_MAX_OBJECTS);
	z->recip = (((uint64_t)1 << 32) + stride - 1) / stride;
	z->units = (uint32_t)(slab >> UNIT_SHIFT);
	z->align = (uint32_t)align;
	z->align_units = (uint32_t)max_size(align >> UNIT_SHIFT, 1);
	if ((a->flags & ZONE_HUGE) != 0 && slab >= 2 * MIB)
		z->align_units = (uint32_t)max_size(z->align_units,
		    2 * MIB >> UNIT_SHIFT);
	return true;
}

static void
set_name(struct zone *z, const char *name)
{
	size_t n = strlen(name);

	memset(z->name, 0, sizeof z->name);
	memcpy(z->name, name, min_size(n, sizeof z->name - 1));
}

/* A zone that nobody has seen cannot be. */
static void
unmake(struct zone *z)
{
	lock_acquire(&z->lock);
	store_release(&z->magic, ZONE_MAGIC_DEAD);
	lock_release(&z->lock);
	ztable_put(z);
}

struct zone *
zone_make(const char *name, size_t size, const struct zone_attr *attr,
    bool own, int *error)
{
	struct zone_attr none = { .attr_size = sizeof none };
	const struct zone_attr *a = attr != NULL ? attr : &none;
	struct zone *z;
	size_t nobj;

	*error = EINVAL;
	if (name == NULL || !is_sane(size, a))
		return NULL;
	z = ztable_get(own, error);
	if (z == NULL)
		return NULL;
	if (!set_shape(z, size, a)) {
		ztable_put(z);
		*error = EINVAL;
		return NULL;
	}
	set_name(z, name);
	z->flags = a->flags & ~(uint32_t)(ZONE_HUGE | ZONE_SIGNALSAFE);
	z->huge = (a->flags & ZONE_HUGE) != 0;
	z->signal_safe = (a->flags & ZONE_SIGNALSAFE) != 0;
	z->ctor = a->ctor;
	z->dtor = a->dtor;
	z->arg = a->arg;
	z->limit = options_for_zone("limit", z->name, a->limit);
	store_relaxed(&z->keep, (uint32_t)options_for_zone("keep", z->name,
	    a->max_free_slabs != 0 ? a->max_free_slabs : DEFAULT_KEEP));
	z->reserve = a->reserve;
	if (z->signal_safe && z->reserve == 0)
		z->reserve = default_reserve(z);
	z->min_ready = a->min_free_slabs;
	options_fail(z->name, &z->fail_one_in, &z->fail_seed);
	z->kind = (z->limit != 0 ? KIND_COUNTED : 0) |
	    (z->fail_one_in != 0 ? KIND_FAULTY : 0);
	share_init(z, RANK_ZONE);
	*error = a->seed != NULL ? cram(z, a->seed, a->seed_size, &nobj) : 0;
	if (*error != 0) {
		unmake(z);
		return NULL;
	}
	ztable_publish(z);
	*error = reserve_refill(z);
	if (*error != 0) {
		(void)destroy(z, ZONE_NOW);
		return NULL;
	}
	return z;
}

/*
 * Filling a reserve calls the constructor, which no lock is held around: then
 * of those that are here at once each makes a zone, and one stays.
 */
static struct zone *
create_static(struct zone_static *s, int *error)
{
	bool early = s->zs_attr.reserve != 0 && s->zs_attr.ctor != NULL;
	struct zone *z, *mine = NULL;

	if (early)
		mine = zone_make(s->zs_name, s->zs_size, &s->zs_attr, false,
		    error);
	lock_acquire(&setup_lock);
	z = s->zs_zone;
	if (z == NULL && early) {
		z = mine;
		mine = NULL;
	} else if (z == NULL) {
		z = zone_make(s->zs_name, s->zs_size, &s->zs_attr, false, error);
	}
	if (z != NULL && s->zs_zone == NULL) {
		/*
		 * Default flags are the real zone's, and only the slow path
		 * asks it: a handle with some keeps slot 0, which leads there.
		 */
		if (z->flags == 0)
			__atomic_store_n(&s->zs_slot, z->slot, __ATOMIC_RELEASE);
		__atomic_store_n(&s->zs_zone, z, __ATOMIC_RELEASE);
	}
	lock_release(&setup_lock);
	if (mine != NULL)
		(void)destroy(mine, ZONE_NOW);
	return z;
}

void
zone_forget(struct zone *handle, bool empty)
{
	struct zone_static *s = (struct zone_static *)(void *)handle;

	if (load_relaxed(&zone_head(handle)->magic) != ZONE_MAGIC_STATIC)
		return;
	lock_acquire(&setup_lock);
	__atomic_store_n(&s->zs_slot, 0, __ATOMIC_RELEASE);
	if (empty)
		__atomic_store_n(&s->zs_zone, NULL, __ATOMIC_RELEASE);
	lock_release(&setup_lock);
}

unsigned
zone_default_flags(const struct zone *handle)
{
	if (load_relaxed(&zone_head(handle)->magic) == ZONE_MAGIC_STATIC)
		return ((const struct zone_static *)(const void *)handle)->
		    zs_attr.flags;
	return zone_head(handle)->flags;
}

bool
zone_is_unmade(struct zone *handle)
{
	struct zone_static *s = (struct zone_static *)(void *)handle;

	return load_relaxed(&zone_head(handle)->magic) == ZONE_MAGIC_STATIC &&
	    __atomic_load_n(&s->zs_zone, __ATOMIC_ACQUIRE) == NULL;
}

struct zone *
zone_existing(struct zone *handle, const char *verb)
{
	struct zone *z = handle;

	if (load_relaxed(&zone_head(z)->magic) == ZONE_MAGIC_STATIC) {
		z = __atomic_load_n(&((struct zone_static *)(void *)handle)->
		    zs_zone, __ATOMIC_ACQUIRE);
		if (z == NULL)
			return NULL;
	}
	switch (load_acquire(&z->magic)) {
	case ZONE_MAGIC_LIVE:
	case ZONE_MAGIC_DYING:
		return z;
	default:
		misuse_destroyed(verb, z);
		return NULL;
	}
}

struct zone *
zone_resolve(struct zone *handle, const char *verb, int *error)
{
	struct zone *z;

	*error = EINVAL;
	if (load_relaxed(&zone_head(handle)->magic) == ZONE_MAGIC_STATIC) {
		struct zone_static *s = (struct zone_static *)(void *)handle;

		z = __atomic_load_n(&s->zs_zone, __ATOMIC_ACQUIRE);
		/* To make one takes locks, which a handler may not wait for. */
		if (z == NULL && thread_is_interrupted()) {
			*error = ENOMEM;
			return NULL;
		}
		if (z == NULL)
			z = create_static(s, error);
		if (z == NULL && *error == ENOMEM && reclaim_pressure())
			z = create_static(s, error);
		if (z == NULL && *error == ENOMEM &&
		    pressure_ask(NULL, sizeof *z))
			z = create_static(s, error);
		if (z == NULL)
			return NULL;
	}
	return zone_existing(handle, verb);
}
