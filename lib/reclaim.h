/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reclaim.h - memory comes back: from caches to zones, from zones to the
 * depot and the arena, from there to the system.
 */
#ifndef ZOBJ_RECLAIM_H
#define ZOBJ_RECLAIM_H

#include "hole.h"
#include "thread.h"
#include "zdef.h"

/*
 * All that the cache holds becomes shared.  By the owner inside its guard, or
 * with the owner stopped, or dead.  Slabs that somebody is just announcing
 * stay with the cache.
 */
void	reclaim_cache(struct thread *t, struct tcache *tc);
void	reclaim_thread(struct thread *t);	/* the same for all its caches */

enum { RECLAIM_SHARE = 8 };

/*
 * Objects that a thread frees stay with it, as long as few enough of a cache's
 * slabs are ready: a share of those it owns, and as many as were wanted again
 * at once after they had been shared.  By the owner, inside the guard.
 */
static inline size_t
reclaim_bound(const struct tcache *tc)
{
	return tc->nowned / RECLAIM_SHARE + tc->bounce;
}

static inline bool
reclaim_is_due(const struct tcache *tc)
{
	return tc->nready > reclaim_bound(tc);
}

/* Would one more make it so? */
static inline bool
reclaim_is_tight(const struct tcache *tc)
{
	return tc->nready >= reclaim_bound(tc);
}
/* Returns outside the guard. */
void	reclaim_ready(struct tcache *tc);

/* What remote_free has told; outside the guard. */
void	reclaim_news(struct zone *z, enum hole_news news);

/* A bounded piece of work now and then, from slow paths; outside the guard. */
void	reclaim_poll(struct thread *t);

/* The same when the system is short of memory, if anybody asked for that. */
void	reclaim_watch(uint64_t now);

/*
 * Threads that are idle lose what they hold, except BUT, and what is too much
 * goes back.  Outside the guard, no lock held.
 */
void	reclaim_idle(struct thread *but);

/* A thread has gone and left what it held; outside the guard, no lock held. */
void	reclaim_left(void);

/*
 * zone_trim; outside the guard.  RECLAIM_PRESSURE: ZONE_TRIM_CACHES, but what
 * was made ready for such times stays.
 */
#define RECLAIM_PRESSURE	(ZONE_TRIM_CACHES + 1)
size_t	reclaim_trim(struct zone *z, int how);

/*
 * Memory is out: everything free goes back to the arena.  False: it is no use
 * to try again.  Outside the guard.
 */
bool	reclaim_pressure(void);

#endif /* ZOBJ_RECLAIM_H */
