/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.h - free runs of units, in bins by length: one pool for runs whose
 * pages may be in memory (dirty), one for runs that read as zero.
 */
#ifndef ZOBJ_RUN_H
#define ZOBJ_RUN_H

#include "desc.h"

enum {
	RUN_EXACT = 64,		/* bins of one length each */
	RUN_STEPS = 4,		/* bins per doubling after that */
	RUN_BINS = 192
};

struct run_pool {
	struct list bins[RUN_BINS];
	uint64_t    filled[RUN_BINS / 64];	/* bins that are not empty */
	struct list by_age;			/* last freed first */
	size_t	    units;
};

/* All of these under the arena's lock. */
void		 run_pool_init(struct run_pool *pool);
/* Put a run into the pool and tag its two ends. */
void		 run_insert(struct run_pool *pool, struct slab *head,
		    size_t units, bool dirty);
/* Take it off; head and tail become UNIT_NONE. */
void		 run_remove(struct run_pool *pool, struct slab *head);
/* A run of at least UNITS, left in the pool; NULL: none. */
struct slab	*run_find(const struct run_pool *pool, size_t units);
void		 run_pool_check(const struct run_pool *pool, bool dirty);

#endif /* ZOBJ_RUN_H */
