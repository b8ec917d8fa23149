/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.h - a mutex on one futex word, and the order in which locks nest.
 */
#ifndef ZOBJ_LOCK_H
#define ZOBJ_LOCK_H

#include "base.h"

/*
 * A thread that holds a lock may take only locks of a higher rank.  fork.c
 * takes them all in this order; debug builds check it.
 */
enum lock_rank {
	RANK_SETUP,		/* what is started once */
	RANK_THREADS,		/* the list of threads; stopping them */
	RANK_ZONES,		/* the list of zones */
	RANK_ZONE,		/* lists of one of the program's zones */
	RANK_META_ZONE,		/* the same of a zone of our own records */
	RANK_DEPOT,		/* one shard of free slabs */
	RANK_ARENA,		/* runs of units, the frontier */
	RANK_REGION,		/* registered memory */
	RANK_MISUSE,		/* mistakes to be reported */
	LOCK_RANKS
};

enum lock_state {
	LOCK_FREE,
	LOCK_HELD,
	LOCK_CONTENDED,		/* held, and somebody may sleep */
	LOCK_BRIEF		/* held for a moment: nobody goes to sleep */
};

struct lock {
	_Atomic(uint32_t) state;	/* enum lock_state */
	uint32_t	  rank;
};

#define LOCK_INITIALIZER(r)	{ 0, (r) }

void	lock_init(struct lock *l, enum lock_rank rank);
void	lock_acquire(struct lock *l);
/* Of a rank held already; only by who takes all locks of that rank. */
void	lock_acquire_another(struct lock *l);
bool	lock_try(struct lock *l);
void	lock_release(struct lock *l);

/*
 * For who may be a signal handler.  Where waiting could be for what its own
 * thread holds, directly or by way of others, the lock is tried for a while;
 * false: not to be had.  Anywhere else it is lock_acquire.
 */
bool	lock_acquire_if_safe(struct lock *l);

/*
 * For who may not make a system call: tried for a moment, and the release need
 * not wake anybody.  To be held for a bounded time.
 */
bool	lock_try_briefly(struct lock *l);
/* In a signal handler: did it interrupt its thread in a lock, or before one? */
bool	lock_is_inside(void);

/*
 * The caller holds every lock there is, until it says otherwise: for it locks
 * are not there.  Handlers of other libraries that run around a fork may
 * allocate.
 */
void	lock_have_all(bool have);
bool	lock_has_all(void);		/* said by this thread */

#endif /* ZOBJ_LOCK_H */
