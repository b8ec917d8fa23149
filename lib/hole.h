/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hole.h - holes: pages of a slab in which no object lives.
 *
 * The pages of a hole go back to the system one run at a time, whatever the
 * rest of the slab does.  d->given says which have gone.  Only holes of shared
 * slabs do, under the zone's lock, so that nobody allocates there meanwhile;
 * a slab that gets an owner forgets what was given, and its pages come back
 * when they are touched.  Objects that are free but constructed are not holes.
 */
#ifndef ZOBJ_HOLE_H
#define ZOBJ_HOLE_H

#include "os.h"
#include "slab.h"
#include "zdef.h"

enum { HOLE_STEP = 16 * 1024 };		/* bytes */

/*
 * How much of it there is, is counted as it comes to be: in z->holes for the
 * shared slabs, in tc->stuck for those that the owner has not looked at since,
 * of which the sum has whole steps.  These figures are close, not exact; both
 * kinds are bounded by retain.h.
 */
enum hole_news {
	HOLE_NOTHING,
	HOLE_SLAB,		/* all of D, which is shared */
	HOLE_EXCESS,		/* too much in shared slabs */
	HOLE_STUCK		/* too much in what other threads own */
};

/*
 * Does the object behind INDEX of D keep its page?  It lives according to LIVE,
 * its word.  Where most frees by other threads end: it costs little.
 */
hot_inline bool
hole_has_neighbour(const struct slab *d, size_t index, uint64_t live)
{
	size_t in_page = os_page_size() - 1;
	size_t from = index * d->stride, to = from + d->stride;

	/* Whose end is a page's end has no neighbour there. */
	return (live >> 1 >> index % WORD_OBJECTS & 1) != 0 &&
	    (from ^ to) <= in_page && index + 1 < d->nobj;
}

/*
 * By anybody: INDEX of D, which is shared or another's, is about to be freed.
 * Who frees its neighbour at the same moment may see it live, and we his: then
 * a hole goes unnoticed for a while.
 */
enum hole_news hole_opens(struct slab *d, size_t index);

/* Bytes in the holes of shared slabs that are too much; 0: none. */
size_t	hole_excess(void);
/* TC's holes are not stuck: the owner, or who stopped him, has come by. */
void	hole_unstick(struct tcache *tc);
/*
 * Bytes that are stuck.  Of those that were BEFORE, owners have been emptied
 * who could be.  If slabs are wanted again at once that was too early.
 */
size_t	hole_stuck(void);
void	hole_stuck_moved(size_t before);

/* Zone's lock held: D has become shared. */
void	hole_shared(struct slab *d);
/*
 * All holes of D go; bytes given.  PURGED, if not NULL: plus what of them was
 * in memory.
 */
size_t	hole_give(struct slab *d, size_t *purged);
size_t	hole_given(struct slab *d);	/* bytes given so far */
/* D gets an owner. */
void	hole_adopted(struct slab *d);
/* INDEX of a shared slab is handed out. */
void	hole_fill(struct slab *d, size_t index);
/* D leaves its zone.  True: nothing of it is in memory. */
bool	hole_leave(struct slab *d);
/* D is new: perhaps it left a zone not long ago. */
void	hole_carved(struct slab *d);
/* BYTES of what was counted in Z have been given. */
void	hole_settled(struct zone *z, size_t bytes);

#endif /* ZOBJ_HOLE_H */
