/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.h - address space: reserved once, used by the unit, described by a
 * table of descriptors.
 *
 *	  descriptors                     units
 *	... d2  d1  d0 | u0     u1     u2     u3 ...
 *	<-- grows      ^ base                grows -->
 *
 * Both grow away from the base, so that the usable part is one mapping
 * between two inaccessible ones, whatever the program does.
 */
#ifndef ZOBJ_ARENA_H
#define ZOBJ_ARENA_H

#include "desc.h"

/*
 * The first arena, for the fast path.  Both directions in one number: with
 * N = base - 1 - P, P is in it if N > ~size, and its descriptor is as many
 * descriptors above base as N is units, rounded down.  Two variables, because
 * a compiler takes the address of a struct first; who reads an old value of
 * either takes the slow path, which looks.
 */
extern internal _Atomic(uintptr_t) arena_before;	/* base - 1 */
extern internal _Atomic(uintptr_t) arena_bound;		/* ~size of what has
				   descriptors; ~0 until arena_open_window */

/* From now on the fast path may run: thread-local storage works. */
void		 arena_open_window(void);

/* What the arenas hold, in units; reads may be slightly stale. */
struct arena_usage {
	size_t reserved;
	size_t committed;
	size_t used;		/* slabs and extents */
	size_t dirty;		/* free, perhaps in memory */
};

/*
 * A run of UNITS units whose address is a multiple of ALIGN units (a power of
 * two).  The head's base and units are set, its state is UNIT_NONE, and the
 * descriptors inside the run are UNIT_NONE.  *ZERO tells whether the memory
 * reads as zero.  NULL: no memory.
 */
struct slab	*arena_alloc(size_t units, size_t align, bool *zero);

/*
 * The same for memory that reads as zero and of which little will be touched:
 * no sign that what went back to the system went too soon.
 */
struct slab	*arena_alloc_sparse(size_t units);

/*
 * Give a run back.  Its descriptors other than the head must be UNIT_NONE.
 * DIRTY: its pages may be in memory.  By a signal handler that has interrupted
 * us it may stay in use for a while; and to that one the others refuse.
 */
void		 arena_free(struct slab *head, size_t units, bool dirty);

/*
 * Lengthen a run in place by the free units behind it; false: not possible.
 * *ZERO as above, for the units added.
 */
bool		 arena_extend(struct slab *head, size_t more, bool *zero);

/* Give pages of free runs back until KEEP units are left; bytes given. */
size_t		 arena_purge(size_t keep);
/* The same down to what may stay by now; see retain.h. */
void		 arena_settle(void);
size_t		 arena_purged(void);	/* bytes given back so far */
size_t		 arena_used(void);	/* bytes of slabs and extents */
void		 arena_usage(struct arena_usage *u);
void		 arena_set_limit(size_t bytes);	/* of the first reservation */

/* The descriptor of the unit that P is in; NULL: in no arena. */
struct slab	*arena_find(const void *p);

/* Is part of [START, END) in the address range of an arena? */
bool		 arena_overlaps(uintptr_t start, uintptr_t end);

/* The descriptor N units further up; down for negative N. */
static inline struct slab *
arena_next(struct slab *d, ptrdiff_t n)
{
	return d - n;
}

/* The same for P in an arena that begins behind BEFORE. */
hot_inline struct slab *
arena_slab(uintptr_t before, uintptr_t p)
{
	return (struct slab *)(before + 1) + ((intptr_t)(before - p) >> UNIT_SHIFT);
}

/* The same for P in the first arena; false: P is elsewhere. */
hot_inline bool
arena_look(uintptr_t p, struct slab **d)
{
	uintptr_t before = load_relaxed(&arena_before);

	*d = arena_slab(before, p);
	return before - p > load_glance(&arena_bound);
}

/* fork.c: the arena's lock, and its state in the child. */
struct lock;
extern struct lock arena_lock;

/* The walker: asserts the invariants of every run. */
void		 arena_check(void);

/*
 * For statistics: arena number I, and the run of it that begins at unit N,
 * from which the next one follows.  A run of state UNIT_NONE is in use but
 * neither a slab nor an extent.  Close if others are busy; false: no such.
 */
struct arena_span {
	uintptr_t table;		/* descriptors, up to base */
	uintptr_t base;			/* unit 0 */
	size_t	  bytes;		/* of units that were ever used */
};
struct arena_run {
	uintptr_t	 base;
	size_t		 units;
	enum unit_state	 state;
	struct zone	*zone;		/* of a slab */
	size_t		 bytes;		/* of an extent: asked for */
};
bool		 arena_span(unsigned i, struct arena_span *s);
bool		 arena_run_at(unsigned i, size_t n, struct arena_run *r);

#endif /* ZOBJ_ARENA_H */
