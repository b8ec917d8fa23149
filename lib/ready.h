/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ready.h - slabs made ready ahead of need: all objects free, all memory
 * populated, used when a zone has nothing else, and kept until then.
 *
 * They come from zone_fill, and, where a zone wants some always (min_ready),
 * from the threads that find too few.
 */
#ifndef ZOBJ_READY_H
#define ZOBJ_READY_H

#include "zdef.h"

/*
 * Make slabs ready until there are SLABS; 0 or ENOMEM.  Outside the guard, no
 * lock held.
 */
int	ready_make(struct zone *z, size_t slabs);
/*
 * The same after the reserve has been made whole, for which a constructor may
 * run, and fail.
 */
int	ready_fill(struct zone *z, size_t slabs);

/*
 * What has been made ready beyond what the zone always wants may leave with
 * other free slabs.
 */
void	ready_give_up(struct zone *z);

/* Is there something for ready_tend to do? */
bool	ready_is_due(struct zone *z);

/*
 * Lay by what a zone wants to have: refill its reserve, or make one slab
 * ready.  By who has got what he came for; one thread at a time, nobody waits,
 * and failure is nobody's business: the next one tries again, a little later.
 * Outside the guard, no lock held; keeps errno.
 */
void	ready_tend(struct zone *z);

#endif /* ZOBJ_READY_H */
