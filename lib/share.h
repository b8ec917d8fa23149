/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * share.h - a zone without thread caches: slabs come, objects are taken from
 * shared slabs under the zone's lock, free slabs go.
 *
 * This is the whole allocator for zones with a limit, for our own records,
 * and for a thread that has no cache (being born, being dead, before
 * thread-local storage works); and what refill falls back on.
 */
#ifndef ZOBJ_SHARE_H
#define ZOBJ_SHARE_H

#include "slab.h"
#include "zdef.h"

/* 0: what is at hand, without a system call and without waiting. */
enum share_how {
	SHARE_GROW = 1,		/* may ask the system for memory */
	SHARE_WAIT = 2,		/* may wait for a lock; without: as a signal
				   handler must, see lock_acquire_if_safe */
	SHARE_ALL = SHARE_GROW | SHARE_WAIT
};

/*
 * Take an object; *RAW: it needs its constructor, *SLAB its slab.  *TWICE: an
 * object found freed twice on the way, 0: none.  NULL: no memory.
 */
void		*share_alloc(struct zone *z, unsigned how, struct slab **slab,
		    bool *raw, uintptr_t *twice);

/* A slab with free objects becomes TC's; NULL: none, and none to be had. */
struct slab	*share_adopt(struct zone *z, struct tcache *tc, unsigned how,
		    uintptr_t *twice);

/*
 * Give free slabs above KEEP (SHARE_KEEP: what the zone keeps) back to the
 * depot or the arena, after the destructors of their objects: outside the
 * guard, no lock held.  Returns how many slabs.  Z may have been destroyed
 * meanwhile: then none.
 */
#define SHARE_KEEP	SIZE_MAX
size_t		 share_shed(struct zone *z, size_t keep);
/* Would share_shed have something to do?  Without the lock: perhaps. */
bool		 share_has_excess(struct zone *z);

/*
 * Give holes of the zone's shared slabs back to the system until WANT bytes
 * are given, or all are; bytes given, and PURGED as for hole_give.  No lock
 * held.
 */
size_t		 share_give_holes(struct zone *z, size_t want, size_t *purged);

/*
 * A slab without live objects, in no list: one of the zone's free ones, or a
 * new one; NULL: no memory.  The zone does not end until share_put, which has
 * ENTER called under the lock, or discards it (ENTER NULL).  No lock held, and
 * outside the guard: destructors may run.
 */
struct slab	*share_get(struct zone *z);
void		 share_put(struct zone *z, struct slab *d,
		    void (*enter)(struct zone *z, struct slab *d));

/* share_shed for a slab that has left its zone. */
void		 share_discard(struct slab *d);

/* A slab's bytes of descriptor and bitmaps. */
size_t		 share_meta_bytes(const struct zone *z);

/*
 * Start a zone whose shape is set: lists, counters, magic.  Its memory may
 * have been a zone before: the lock is never initialized twice.
 */
void		 share_init(struct zone *z, enum lock_rank rank);

/* Live objects, counted. */
size_t		 share_count_live(struct zone *z);	/* lock held */
void		 share_sample_peak(struct zone *z);	/* lock held */

/* Bitmaps that do not fit into the descriptor. */
enum { SHARE_MAP_ZONES = 3 };
extern struct zone share_map_zones[SHARE_MAP_ZONES];
void		 share_init_maps(void);	/* once, before any other zone */

#endif /* ZOBJ_SHARE_H */
