/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * depot.h - free units that belong to no zone, kept for reuse: a bounded
 * number per shard, one shard per processor, so that a slab comes back to the
 * processor whose cache and memory node it was carved on.
 */
#ifndef ZOBJ_DEPOT_H
#define ZOBJ_DEPOT_H

#include "desc.h"

enum { DEPOT_SHARDS = 16, DEPOT_KEEP = 8 };

/* One unit, its shard set; NULL: none at hand. */
struct slab	*depot_get(void);
/* The same from any shard, without a system call. */
struct slab	*depot_get_quickly(void);
/* Keep a unit (see arena_free), or pass it on to the arena. */
void		 depot_put(struct slab *d);
/* Pass all units on to the arena. */
void		 depot_drain(void);
size_t		 depot_units(void);
unsigned	 depot_shard(void);	/* of the processor we are on */

/* fork.c */
void		 depot_lock_all(void);
void		 depot_unlock_all(void);

#endif /* ZOBJ_DEPOT_H */
