/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * alloc.c - where an object comes from, in this order:
 *
 *	word		the 64 objects the thread holds by value (fast.h)
 *	active		the next word of the active slab
 *	alternate	swapped with active
 *	own		a slab of this thread that got objects back: those
 *			others announced, then those on the ready list
 *	zone		a shared slab, the fullest first, then a free one
 *	depot, arena	a new slab (share.c)
 *	pressure	all of that once more, after everything that is free
 *			anywhere has gone back to the arena; then once more
 *			after the program has freed what it can do without
 *	spare		what the zone's reserve has beyond what is kept there
 *	reserve		with ZONE_RESERVE only (reserve.h), or by a signal
 *			handler if the zone is made for them
 *
 * and then NULL with ENOMEM, or with ZONE_NOFAIL all over again.  A zone with a
 * limit, a thread that has no caches, and a signal handler that has interrupted
 * us, start at `zone` and take one object at a time; the handler has no
 * `pressure`.  With ZONE_NOWAIT the first word of `depot` is the last.
 */
#include "alloc.h"

#include <errno.h>
#include <string.h>

#include "destroy.h"
#include "fast.h"
#include "fault.h"
#include "helper.h"
#include "misuse.h"
#include "nofail.h"
#include "pressure.h"
#include "ready.h"
#include "reclaim.h"
#include "remote.h"
#include "reserve.h"
#include "rotate.h"
#include "share.h"
#include "thread.h"

enum {
	REFILLS = 32,			/* between two slow paths */
	ASKS = 16			/* see attempt_relieved */
};

/* One attempt, and what came up on the way. */
struct attempt {
	struct zone	*zone;
	unsigned	 how;		/* enum share_how */
	int		 error;		/* why not */
	bool		 raw;		/* the object needs its constructor */
	struct slab	*slab;		/* the object's, if raw */
	uintptr_t	 twice;		/* freed twice, 0: none */
};

static void
note_twice(struct attempt *at, uintptr_t p)
{
	if (p != 0)
		at->twice = p;
}

static bool
hold_active(struct tcache *tc)
{
	struct slab *d;

	if (tc->active != NULL && tcache_hold(tc, tc->active))
		return true;
	if (tc->alternate == NULL || !tcache_hold(tc, tc->alternate))
		return false;
	d = tc->active;
	tc->active = tc->alternate;
	tc->alternate = d;
	return true;
}

/* D becomes the active slab. */
static void
activate(struct tcache *tc, struct slab *d)
{
	if (tc->alternate != NULL)
		rotate_retire(tc, tc->alternate);
	tc->alternate = tc->active;
	tc->active = d;
}

static bool
hold_own(struct tcache *tc, struct attempt *at)
{
	struct slab *d;

	if (load_relaxed(&tc->announced) != NULL) {
		note_twice(at, remote_drain_cache(tc));
		if (load_relaxed(&tc->word) != 0 || hold_active(tc))
			return true;
	}
	while ((d = rotate_next_ready(tc)) != NULL) {
		activate(tc, d);
		if (tcache_hold(tc, d))
			return true;
	}
	return false;
}

static bool
hold_shared(struct tcache *tc, struct attempt *at)
{
	struct slab *d;
	uintptr_t twice;

	do {
		d = share_adopt(at->zone, tc, at->how, &twice);
		note_twice(at, twice);
		if (d == NULL)
			return false;
		if (tc->gave > 0) {
			tc->gave--;
			tc->bounce++;
		}
		activate(tc, d);
	} while (!tcache_hold(tc, d));
	return true;
}

void *
fast_refill(struct tcache *tc, uint32_t slot)
{
	struct thread *t = thread_of_cache(tc, slot);
	struct attempt at = { NULL };
	void *p;

	if (unlikely(thread_is_displaced(tc)))
		return NULL;
	at.zone = tc->zone;
	/* Now and then the slow path has its turn: reclaim_poll. */
	if (at.zone == NULL || at.zone->ctor != NULL ||
	    t->ticks++ % REFILLS == 0 || (!hold_active(tc) &&
	    !hold_own(tc, &at))) {
		guard_leave();
		return NULL;
	}
	p = tcache_take(tc);
	guard_leave();
	if (unlikely(at.twice != 0))
		misuse_double_free("zone_free", at.zone, at.twice);
	return p;
}

static void *
alloc_owned(struct thread *t, struct attempt *at)
{
	struct tcache *tc = thread_cache(t, at->zone->slot);
	unsigned id = thread_slot_id(at->zone->slot);
	void *p;

	if (tc->zone == NULL) {
		tcache_init(tc, at->zone);
		t->used[id / 64] |= (uint64_t)1 << id % 64;
	}
	/* The word may hold objects: we come from behind a stop. */
	if (load_relaxed(&tc->word) == 0 && !hold_active(tc) &&
	    !hold_own(tc, at) && !hold_shared(tc, at))
		return NULL;
	p = tcache_take(tc);
	at->raw = tc->raw;
	at->slab = load_relaxed(&tc->slab);
	tc->raw = false;
	return p;
}

/* One more live object within the limit? */
static bool
count_up(struct zone *z)
{
	size_t n = load_relaxed(&z->live);

	/* The acquire pairs with the release in free_remote. */
	do {
		if (n >= z->limit)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&z->live, &n, n + 1,
	    memory_order_acq_rel, memory_order_relaxed));
	return true;
}

static void *
take_shared(struct attempt *at)
{
	uintptr_t twice;
	void *p = share_alloc(at->zone, at->how, &at->slab, &at->raw, &twice);

	note_twice(at, twice);
	return p;
}

/* The same as a stranger; inside the guard, returns outside. */
static void *
take_as_stranger(struct attempt *at)
{
	void *p;

	if ((at->how & SHARE_WAIT) != 0)
		thread_stranger_enter();
	else if (!thread_stranger_try())
		return NULL;
	p = take_shared(at);
	thread_stranger_leave();
	return p;
}

/* Inside the guard; returns outside, if the caller is to leave it. */
static void *
alloc_shared(struct attempt *at, struct thread *t)
{
	bool counted = (at->zone->kind & KIND_COUNTED) != 0;
	void *p;

	if (counted && !count_up(at->zone)) {
		at->error = ENOSPC;
		guard_leave_as(t);
		return NULL;
	}
	if (t == NULL) {
		p = take_as_stranger(at);
	} else {
		p = take_shared(at);
		guard_leave_as(t);
	}
	if (p == NULL && counted)
		atomic_fetch_sub_explicit(&at->zone->live, 1,
		    memory_order_relaxed);
	return p;
}

static void *
refuse(struct zone *z, int error)
{
	atomic_fetch_add_explicit(&z->fails, 1, memory_order_relaxed);
	errno = error;
	return NULL;
}

/* Outside the guard; an error number if P is not an object after all. */
static int
construct(struct zone *z, struct slab *d, void *p)
{
	size_t index = ((uintptr_t)p - d->base) / d->stride;
	int error = z->ctor(p, z->arg);

	if (error != 0) {
		zone_free(z, p);
		return error;
	}
	/*
	 * Release: who takes the object next, or destroys or walks it, finds
	 * it constructed.  Pairs with each acquire of built.
	 */
	atomic_fetch_or_explicit(&d->built[index >> WORD_SHIFT],
	    (uint64_t)1 << index % WORD_OBJECTS, memory_order_release);
	return 0;
}

/* By a thread that may take what it owns; inside the guard, returns outside. */
static void *
alloc_as(struct thread *t, struct attempt *at)
{
	void *p;

	if (t == NULL || at->zone->kind != 0)
		return alloc_shared(at, t);
	p = alloc_owned(t, at);
	guard_leave();
	if ((at->how & SHARE_WAIT) != 0) {
		reclaim_poll(t);
		destroy_finish_late();
		if (unlikely(helper_is_wanted()))
			helper_start();
	}
	return p;
}

/* One try; NULL with at->error. */
static void *
attempt(struct attempt *at)
{
	void *p;

	at->error = ENOMEM;
	if (thread_is_interrupted()) {
		at->how &= ~(unsigned)SHARE_WAIT;
		p = alloc_shared(at, guard_enter());
	} else {
		(void)guard_enter();
		p = alloc_as((at->how & SHARE_WAIT) != 0 ? thread_enter() :
		    thread_if_there(), at);
	}
	if (unlikely(at->twice != 0))
		misuse_double_free("zone_free", at->zone, at->twice);
	at->twice = 0;
	return p;
}

/* May the caller have what is kept? */
static bool
may_dig(struct zone *z, unsigned flags)
{
	return (flags & ZONE_RESERVE) != 0 ||
	    (z->signal_safe && thread_is_interrupted());
}

/* What the zone has laid by, if it has; NULL with at->error. */
static void *
attempt_reserve(struct attempt *at, unsigned flags)
{
	struct zone *z = at->zone;
	bool counted = (z->kind & KIND_COUNTED) != 0;
	void *p = NULL;

	if (z->reserve == 0)
		return NULL;
	if (counted && !count_up(z)) {
		at->error = ENOSPC;
		return NULL;
	}
	at->raw = false;
	if (may_dig(z, flags))
		p = reserve_take(z);
	if (p == NULL)
		p = reserve_take_spare(z, (at->how & SHARE_WAIT) != 0,
		    &at->slab, &at->raw);
	if (p == NULL && counted)
		atomic_fetch_sub_explicit(&z->live, 1, memory_order_relaxed);
	return p;
}

/*
 * There was no memory; who may wait has some made free, and tries again.  What
 * the program frees may be less than a slab, so it is asked again while it
 * frees something.
 */
static void *
attempt_relieved(struct attempt *at)
{
	struct zone *z = at->zone;
	void *p = NULL;

	if (reclaim_pressure())
		p = attempt(at);
	for (int i = 0; p == NULL && at->error == ENOMEM && i < ASKS &&
	    pressure_ask(z, (size_t)z->units << UNIT_SHIFT); i++)
		p = attempt(at);
	return p;
}

/* All ways there are, once; NULL with *ERROR. */
static void *
attempt_all(struct zone *z, unsigned flags, int *error)
{
	bool nowait = (flags & ZONE_NOWAIT) != 0, wait;
	struct attempt at = { .zone = z, .how = nowait ? 0 : SHARE_ALL };
	void *p = attempt(&at);

	/* Not if the caller has turned out to be a handler. */
	wait = (at.how & SHARE_WAIT) != 0;
	if (unlikely(p == NULL) && at.error == ENOMEM && wait)
		p = attempt_relieved(&at);
	if (unlikely(p == NULL) && at.error == ENOMEM)
		p = attempt_reserve(&at, flags);
	*error = at.error;
	if (p == NULL)
		return NULL;
	if (unlikely(wait && ready_is_due(z)))
		ready_tend(z);
	if (at.raw && (*error = construct(z, at.slab, p)) != 0)
		return NULL;
	if ((flags & ZONE_ZERO) != 0)
		memset(p, 0, z->size);
	return p;
}

/* Has this allocation been chosen to fail? */
static bool
is_chosen(struct zone *z)
{
	return (z->kind & KIND_FAULTY) != 0 && fault_draws(z->fail_seed,
	    atomic_fetch_add_explicit(&z->draws, 1, memory_order_relaxed),
	    z->fail_one_in);
}

void *
alloc_slow(struct zone *z, unsigned flags)
{
	struct nofail nofail = { 0 };
	int error;
	void *p;

	flags |= z->flags;
	if (unlikely(is_chosen(z)) && (flags & ZONE_NOFAIL) == 0)
		return refuse(z, ENOMEM);
	while ((p = attempt_all(z, flags, &error)) == NULL) {
		/* A handler would wait for its own thread. */
		if ((flags & ZONE_NOFAIL) == 0 || thread_is_interrupted())
			return refuse(z, error);
		if (nofail_wait(&nofail, z, z->name, z->size, error))
			(void)refuse(z, error);
	}
	return p;
}
