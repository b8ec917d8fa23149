/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * misuse.c - every message about a mistake of the program stands here, and in
 * zobj(3).  Takes no lock, allocates nothing, keeps errno.
 */
#include "misuse.h"

#include "fmt.h"
#include "panic.h"

static bool quiet_end = false;		/* abort=0 */
static void (*handler)(enum zone_error, zone_t *, void *, void *);
static void *handler_arg;

void
misuse_set_abort(bool abort)
{
	quiet_end = !abort;
}

void
misuse_set_handler(void (*fn)(enum zone_error, zone_t *, void *, void *),
    void *arg)
{
	handler_arg = arg;
	handler = fn;
}

static void
finish(struct fmt *f, enum zone_error e, struct zone *z, uintptr_t p)
{
	(void)fmt_flush(f);
	if (handler != NULL)
		handler(e, z, (void *)p, handler_arg);
	else if (!quiet_end && e != ZONE_LIVE_OBJECT)
		panic_abort();
}

/* The part of the line that all messages share. */
static void
begin(struct fmt *f, const char *verb, const char *what)
{
	fmt_init(f, 2);
	fmt_print(f, "zobj: %s: %s: ", verb, what);
}

void
misuse_double_free(const char *verb, struct zone *z, uintptr_t p)
{
	struct fmt f;

	begin(&f, verb, "double free");
	fmt_print(&f, "object %p in zone \"%s\"\n", (void *)p, z->name);
	finish(&f, ZONE_DOUBLE_FREE, z, p);
}

/*
 * Mistakes found under a lock wait here until who holds it has let go.  What
 * does not fit is forgotten: the first ones say enough.
 */
enum { DEFERRED_MAX = 16 };
static struct { struct zone *z; uintptr_t p; } deferred[DEFERRED_MAX];
static struct lock deferred_lock = LOCK_INITIALIZER(RANK_MISUSE);
static _Atomic(unsigned) deferred_count;

void
misuse_defer_double_free(struct zone *z, uintptr_t p)
{
	unsigned n;

	lock_acquire(&deferred_lock);
	n = load_relaxed(&deferred_count);
	if (n < DEFERRED_MAX) {
		deferred[n].z = z;
		deferred[n].p = p;
		store_relaxed(&deferred_count, n + 1);
	}
	lock_release(&deferred_lock);
}

void
misuse_report_deferred(void)
{
	while (unlikely(load_relaxed(&deferred_count) != 0)) {
		struct zone *z = NULL;
		uintptr_t p = 0;
		unsigned n;

		lock_acquire(&deferred_lock);
		n = load_relaxed(&deferred_count);
		if (n != 0) {
			z = deferred[n - 1].z;
			p = deferred[n - 1].p;
			store_relaxed(&deferred_count, n - 1);
		}
		lock_release(&deferred_lock);
		if (z != NULL)
			misuse_double_free("zone_free", z, p);
	}
}

void
misuse_wrong_zone(const char *verb, struct zone *is, struct zone *asked,
    uintptr_t p)
{
	struct fmt f;

	begin(&f, verb, "wrong zone");
	fmt_print(&f, "object %p is in zone \"%s\", not in zone \"%s\"\n",
	    (void *)p, is->name, asked->name);
	finish(&f, ZONE_WRONG_ZONE, asked, p);
}

void
misuse_not_an_object(const char *verb, struct zone *z, uintptr_t p,
    uintptr_t object)
{
	struct fmt f;

	begin(&f, verb, "not an object");
	if (object != 0)
		fmt_print(&f, "%p is %u bytes inside object %p in zone \"%s\"\n",
		    (void *)p, (uint64_t)(p - object), (void *)object, z->name);
	else
		fmt_print(&f, "%p is behind the last object of a slab in zone "
		    "\"%s\"\n", (void *)p, z->name);
	finish(&f, ZONE_NOT_AN_OBJECT, z, p);
}

void
misuse_before_objects(const char *verb, struct zone *z, uintptr_t p)
{
	struct fmt f;

	begin(&f, verb, "not an object");
	fmt_print(&f, "%p is before the first object of registered memory in "
	    "zone \"%s\"\n", (void *)p, z->name);
	finish(&f, ZONE_NOT_AN_OBJECT, z, p);
}

void
misuse_inside_extent(const char *verb, uintptr_t p, uintptr_t extent)
{
	struct fmt f;

	begin(&f, verb, "not an object");
	fmt_print(&f, "%p is %u bytes inside allocation %p\n", (void *)p,
	    (uint64_t)(p - extent), (void *)extent);
	finish(&f, ZONE_NOT_AN_OBJECT, NULL, p);
}

void
misuse_foreign(const char *verb, uintptr_t p)
{
	struct fmt f;

	begin(&f, verb, "foreign pointer");
	fmt_print(&f, "%p is not from this allocator\n", (void *)p);
	finish(&f, ZONE_FOREIGN, NULL, p);
}

void
misuse_stale(const char *verb, uintptr_t p)
{
	struct fmt f;

	begin(&f, verb, "stale pointer");
	fmt_print(&f, "%p is in memory that was given back\n", (void *)p);
	finish(&f, ZONE_STALE, NULL, p);
}

void
misuse_destroyed(const char *verb, struct zone *z)
{
	struct fmt f;

	begin(&f, verb, "zone destroyed");
	fmt_print(&f, "\"%s\"\n", z->name);
	finish(&f, ZONE_DESTROYED, z, 0);
}

void
misuse_out_of_memory(const char *verb, struct zone *z, const char *name,
    size_t size, bool at_limit)
{
	struct fmt f;

	begin(&f, verb, "out of memory");
	if (at_limit)
		fmt_print(&f, "zone \"%s\" is at its limit of %u objects\n",
		    name, (uint64_t)z->limit);
	else
		fmt_print(&f, "%u bytes for zone \"%s\"\n", (uint64_t)size,
		    name);
	finish(&f, ZONE_OUT_OF_MEMORY, z, 0);
}

void
misuse_live_object(struct zone *z, uintptr_t p)
{
	struct fmt f;

	begin(&f, "zone_destroy", "live object");
	fmt_print(&f, "%p in zone \"%s\"\n", (void *)p, z->name);
	finish(&f, ZONE_LIVE_OBJECT, z, p);
}
