/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * region.h - registered memory: which ranges of the program's own memory hold
 * slabs, and how to find the slab of an address there.
 *
 * The table is ours and lies in no region, so that an address can be looked up
 * without a touch on memory that may be the program's again.  Reading takes no
 * lock and waits for nobody, in a signal handler either: see region.c.
 *
 *	start   slabs              objects                         end
 *	| pad | d0 d1 d2 ... maps | o0 o1 o2 ... o(nobj - 1) | rest |
 *
 * Slab I has the objects from I * per_slab on.
 */
#ifndef ZOBJ_REGION_H
#define ZOBJ_REGION_H

#include "desc.h"

enum { REGION_MAX = 1024 };

struct region {
	uintptr_t	 start;		/* what the program registered */
	uintptr_t	 end;
	uintptr_t	 objects;	/* address of the first */
	size_t		 nobj;		/* in all slabs */
	uint32_t	 stride;
	uint32_t	 per_slab;	/* objects; the last may have fewer */
	struct slab	*slabs;
	struct zone	*zone;
};

/* The region that P is in, as it was at one moment; false: none. */
bool	region_find(uintptr_t p, struct region *r);
/* Number I in order of address, for statistics; false: no such. */
bool	region_at(size_t i, struct region *r);
/* Does Z have one? */
bool	region_has(const struct zone *z);

/*
 * May [START, END) be one?  EINVAL: it overlaps another, or an arena; ENOSPC:
 * there are too many.  Otherwise 0, and nobody else's claim succeeds until the
 * claimer, having made the slabs, calls region_add.
 */
int	region_claim(uintptr_t start, uintptr_t end);
void	region_add(const struct region *r);
/* Those of Z are regions no longer. */
void	region_remove(const struct zone *z);

/* fork.c; check.c. */
struct lock;
extern struct lock region_lock;
void	region_check(void);

#endif /* ZOBJ_REGION_H */
