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

/*
 * Objects that a thread frees stay with it, up to a number of slabs per cache;
 * then it is time to share some.  By the owner, inside the guard.
 */
bool	reclaim_is_due(const struct tcache *tc);
/* Returns outside the guard. */
void	reclaim_ready(struct tcache *tc);

/* What remote_free has told; outside the guard. */
void	reclaim_news(struct zone *z, enum hole_news news);

/* A bounded piece of work now and then, from slow paths; outside the guard. */
void	reclaim_poll(struct thread *t);

/* A thread has gone and left what it held; outside the guard, no lock held. */
void	reclaim_left(void);

/* zone_trim; outside the guard. */
size_t	reclaim_trim(struct zone *z, int how);

/*
 * Memory is out: everything free goes back to the arena.  False: it is no use
 * to try again.  Outside the guard.
 */
bool	reclaim_pressure(void);

#endif /* ZOBJ_RECLAIM_H */
