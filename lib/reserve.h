/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reserve.h - objects kept for those whose work makes memory free.
 *
 * A zone with a reserve of R objects holds slabs of PLACE_RESERVE, which never
 * become anything else.  Their two bitmaps mean:
 *
 *	remote	objects at hand: free, populated, constructed
 *	free	objects there is room for, but that have not been made yet
 *
 *	take	clear a bit of a remote word, by compare and exchange
 *	free	set it: remote_free, as in any slab that is not one's own
 *
 * So an object goes back to the reserve that it was taken from when it is
 * freed, and freeing it twice is found as ever.  OWNER_ANNOUNCED and all of
 * `pending` are set for ever, so nobody announces, collects or adopts such a
 * slab.  A remote word is a set of which each bit stands for itself, and
 * changes by atomic operations only: there is no order of steps to get wrong,
 * and no model.
 *
 * The slabs of a zone are a chain, by next_announced, that is only ever added
 * to, at its head, until the zone ends.
 *
 * What these slabs hold beyond R is everybody's, when there is nothing else:
 * room for objects not made, and objects that had to be made because others
 * were in somebody's hands, who has freed them since.
 */
#ifndef ZOBJ_RESERVE_H
#define ZOBJ_RESERVE_H

#include "zdef.h"

/*
 * An object of Z's reserve; NULL: none left.  From anywhere: takes no lock,
 * makes no system call, touches nothing but the words.
 */
void	*reserve_take(struct zone *z);

/*
 * An object that is there beyond R, *SLAB and *RAW as for share_alloc; NULL:
 * there is none, or somebody has the zone's lock and WAIT is false.
 */
void	*reserve_take_spare(struct zone *z, bool wait, struct slab **slab,
	    bool *raw);

/*
 * Make what is missing of R.  0, ENOMEM, or what the constructor said; what
 * was made until then stays.  One thread at a time, outside the guard, no lock
 * held.
 */
int	 reserve_refill(struct zone *z);

/* Objects at hand; close while others take and free. */
size_t	 reserve_count(struct zone *z);

/* Perhaps: somebody took of it since it was last refilled. */
static inline bool
reserve_is_short(struct zone *z)
{
	return load_relaxed(&z->dug);
}

#endif /* ZOBJ_RESERVE_H */
