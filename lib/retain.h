/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * retain.h - how much memory that is free may stay resident.
 *
 * A share of what is used, never less than a floor.  Memory that went back to
 * the system and was wanted again within RETAIN_MS widens the bound by as
 * much; the widening halves with every RETAIN_MS in which that does not
 * happen.  So a program that swings keeps what it swings by, and one that has
 * dropped to a lower level does not.
 */
#ifndef ZOBJ_RETAIN_H
#define ZOBJ_RETAIN_H

#include "base.h"

enum { RETAIN_MS = 1000 };

/* One kind of memory that is kept; all zero to begin with. */
struct retention {
	_Atomic(size_t)	  bounce;	/* bytes the bound is wider */
	_Atomic(size_t)	  gone;		/* bytes given and not wanted since */
	_Atomic(uint64_t) gave_ms;	/* last given, or wanted of that */
	_Atomic(uint64_t) widened_ms;	/* last widened or halved */
};

/*
 * Bytes that may stay while USED bytes are in use: the sum; what may in any
 * case; and by how much it is wider.
 */
size_t	retain_bound(struct retention *r, size_t used);
size_t	retain_floor(size_t used);
size_t	retain_bounce(struct retention *r);
/* BYTES have gone back to the system. */
void	retain_gave(struct retention *r, size_t bytes);
/* BYTES are had from the system: how many of those went there just now? */
size_t	retain_wanted(struct retention *r, size_t bytes);

/*
 * Memory that goes and comes in small pieces all the time, as the pages of
 * holes do.  Only what comes back faster than a CHURN_FREE-th of what is used
 * in CHURN_MS widens the bound, and by an eighth of what is used at most: a
 * server whose objects come and go at random stays below that, and kept 13 %
 * more memory for 4 % less time when all of it counted; threads that hand
 * their objects to others are far above, and took twice the time when none did.
 *
 * But what comes back beyond all that is used widens it by as much: a thread
 * that freed at random what another had made, 10 MiB many times a second, took
 * 50 times as long as when nothing was given back.  Below that the giving and
 * its page faults take some 5 % of the time at most; with a limit twice as high
 * a server of 8 short-lived threads took 13 % more.
 */
enum { CHURN_MS = 500, CHURN_FREE = 4, CHURN_MOST = 8 };

struct churn {			/* all zero to begin with */
	_Atomic(size_t)	  back;		/* bytes that came back, fading */
	_Atomic(uint64_t) halved_ms;
};

void	retain_came_back(struct churn *c, size_t bytes);
size_t	retain_churn(struct churn *c, size_t used);	/* bytes wider */

#endif /* ZOBJ_RETAIN_H */
