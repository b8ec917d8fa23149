/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * remote.h - objects freed by a thread that does not own their slab.
 *
 * One atomic OR per object.  Events, each by whoever caused it:
 *
 *	first bit of a word	  set the word's bit in pending
 *	first bit of pending	  set OWNER_ANNOUNCED in owner
 *	it was clear		  push the slab onto the announced stack of the
 *				  owner that was read: a cache, or the zone
 *
 * and in the other direction, by who pops the slab from that stack:
 *
 *	clear OWNER_ANNOUNCED; exchange pending; exchange each of its words
 *
 * Guarantees:
 *  a. An object freed is found by a later pop: who pops clears ANNOUNCED
 *     before he takes pending, and takes pending before its words.  So who
 *     sets the first bit of a word finds a pending that will be taken yet, and
 *     who sets the first bit of pending finds ANNOUNCED clear.
 *  b. A slab stands on at most one stack, once.
 *  c. Remote bits are merged only by a pop, and a freer that still has
 *     something to write to the descriptor has not been popped: a slab without
 *     live objects and with ANNOUNCED clear is nobody's business any more.
 * model/remote.pml checks them.
 */
#ifndef ZOBJ_REMOTE_H
#define ZOBJ_REMOTE_H

#include "hole.h"
#include "slab.h"
#include "zdef.h"

/*
 * Free BIT of word W of D; what was there.  Zero: remote_first is next.
 *
 * acq_rel on this read-modify-write and the two that may follow makes guarantee
 * (a).  Release, so that who takes our bit sees what we did with the object.
 * Acquire, so that each comes after what the popper, whose order is the
 * opposite, did before he emptied what we found empty.
 */
hot_inline uint64_t
remote_mark(struct slab *d, unsigned w, uint64_t bit)
{
	return atomic_fetch_or_explicit(&d->map[w].remote, bit,
	    memory_order_acq_rel);
}

void	remote_first(struct slab *d, unsigned w);

/*
 * Both, for INDEX of D; false: it was free already.  Inside the guard.  *NEWS:
 * what to do about it once outside, see reclaim_news; NULL if nobody would.
 */
bool	remote_free(struct slab *d, size_t index, enum hole_news *news);

/*
 * Collect what was announced; returns an object that was freed twice, 0: none.
 * By the owner; or with the zone's lock held.
 */
uintptr_t remote_drain_cache(struct tcache *tc);
uintptr_t remote_drain_zone(struct zone *z);

/*
 * With the zone's lock held, and nobody else there who frees: announce what
 * somebody who is gone has freed and not announced.
 */
void	remote_mend(struct zone *z);

#endif /* ZOBJ_REMOTE_H */
