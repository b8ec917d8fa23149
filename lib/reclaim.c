/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reclaim.c - see reclaim.h.  Never on a fast path: everything here runs when
 * a slow path passes by, when a thread ends, or when the program asks.
 */
#include "reclaim.h"

#include <errno.h>

#include "arena.h"
#include "depot.h"
#include "misuse.h"
#include "options.h"
#include "os.h"
#include "ready.h"
#include "remote.h"
#include "rotate.h"
#include "share.h"
#include "watch.h"
#include "ztable.h"

enum {
	POLL_MS = 100,			/* at most one poll in this time */
	OTHERS_MS = 200,		/* and one for threads that do not poll,
					   plus one more for each of them */
	POLL_SLABS = 8,			/* slabs looked at per cache */
	GIVE_ZONES = 4			/* zones whose holes are given at once */
};

struct trim {
	int	 how;
	size_t	 bytes;			/* of holes */
};

/* One slab to the zone, or back onto the cache's lists; zone lock held. */
static bool
share_or_keep(struct zone *z, struct tcache *tc, struct slab *d)
{
	if (rotate_share(z, tc, d))
		return true;
	if (load_relaxed(&d->place) == PLACE_ACTIVE)
		rotate_retire(tc, d);
	return false;
}

static size_t
share_list(struct zone *z, struct tcache *tc, struct list *head)
{
	size_t kept = 0;

	LIST_FOREACH_SAFE(l, head)
		kept += !share_or_keep(z, tc, SLAB_OF_LINK(l));
	return kept;
}

void
reclaim_cache(struct thread *t, struct tcache *tc)
{
	struct slab *active = tc->active, *alternate = tc->alternate, *held;
	struct zone *z = tc->zone;
	unsigned id = thread_slot_id(z->slot);
	uintptr_t twice;
	size_t kept;

	/* First of all: the thread may have been stopped while it counts. */
	lock_acquire(&z->lock);
	twice = remote_drain_cache(tc);
	held = load_relaxed(&tc->slab);
	tcache_unhold(tc);
	if (held != NULL && load_relaxed(&held->summary) != 0)
		rotate_revive(tc, held);
	tc->active = tc->alternate = NULL;
	if (active != NULL)
		(void)share_or_keep(z, tc, active);
	if (alternate != NULL)
		(void)share_or_keep(z, tc, alternate);
	kept = share_list(z, tc, &tc->ready) + share_list(z, tc, &tc->spent);
	lock_release(&z->lock);
	if (kept == 0) {
		tc->zone = NULL;
		t->used[id / 64] &= ~((uint64_t)1 << id % 64);
	}
	if (twice != 0)
		misuse_defer_double_free(z, twice);
}

void
reclaim_thread(struct thread *t)
{
	thread_foreach_cache(t, reclaim_cache);
}

/* Share the slabs that have been ready longest, until few enough are. */
static void
share_oldest(struct tcache *tc)
{
	struct zone *z = tc->zone;

	if (!lock_try(&z->lock))
		return;
	while (reclaim_is_due(tc)) {
		struct slab *d = SLAB_OF_LINK(tc->ready.prev);

		if (load_relaxed(&tc->slab) == d)
			tcache_unhold(tc);
		/* Somebody frees there just now: next time. */
		if (!rotate_share(z, tc, d))
			break;
		tc->gave++;
	}
	lock_release(&z->lock);
}

/* The zone whose shared slabs have most to give; NULL: none has any. */
static struct zone *
most_holes(void)
{
	struct zone *most = NULL;
	size_t holes = 0;

	for (unsigned i = 0; i < ztable_end(); i++) {
		struct zone *z = ztable_at(i);

		if (z != NULL && load_relaxed(&z->holes) > holes) {
			holes = load_relaxed(&z->holes);
			most = z;
		}
	}
	return most;
}

static void
give_excess_holes(void)
{
	struct zone *z;
	size_t excess;

	for (int i = 0; i < GIVE_ZONES && (excess = hole_excess()) != 0 &&
	    (z = most_holes()) != NULL; i++)
		(void)share_give_holes(z, excess, NULL);
}

/* Z has more in shared slabs; outside the guard. */
static void
give_excess(struct zone *z)
{
	int saved = errno;

	if (share_has_excess(z))
		(void)share_shed(z, SHARE_KEEP);
	give_excess_holes();
	errno = saved;
}

void
reclaim_ready(struct tcache *tc)
{
	struct thread *t = load_relaxed(&zobj_tls.self);
	struct zone *z = tc->zone;

	share_oldest(tc);
	guard_leave();
	/* A handler may own what it pleases, but not wait. */
	if (unlikely(lock_is_inside()))
		return;
	give_excess(z);
	if (t != &thread_nobody)
		reclaim_poll(t);
}

static void
empty_if_stuck(struct thread *t, struct tcache *tc)
{
	if ((load_relaxed(&tc->stuck) | load_relaxed(&tc->stuck_steps)) != 0)
		reclaim_cache(t, tc);
}

static void
empty_stuck_caches(struct thread *t, void *arg)
{
	(void)arg;
	thread_foreach_cache(t, empty_if_stuck);
}

void
reclaim_news(struct zone *z, enum hole_news news)
{
	int saved = errno;
	size_t before;

	if (unlikely(lock_is_inside()))
		return;
	if (news == HOLE_STUCK) {
		(void)thread_stop_all();
		before = hole_stuck();
		thread_foreach_stopped(empty_stuck_caches, NULL);
		hole_stuck_moved(before);
		thread_resume_all();
		misuse_report_deferred();
	}
	/* Its objects are still to be collected before it counts as free. */
	if (news == HOLE_SLAB)
		(void)share_shed(z, SHARE_KEEP);
	give_excess(z);
	errno = saved;
}

/*
 * A cache that is as it was when it was last looked at is idle, or works in a
 * circle so small that it loses little: what it holds becomes shared.
 */
static void
empty_if_idle(struct thread *t, struct tcache *tc)
{
	uint64_t now = load_relaxed(&tc->word) * 31 + load_relaxed(&tc->base) +
	    ((uint64_t)tc->nowned << 32) + tc->nready;

	if (now == tc->seen)
		reclaim_cache(t, tc);
	else
		tc->seen = now;
}

static void
empty_idle_caches(struct thread *t, void *arg)
{
	if (t != arg)
		thread_foreach_cache(t, empty_if_idle);
}

/* May the caller look after the other threads now? */
static bool
is_my_turn(uint64_t now)
{
	static _Atomic(uint64_t) last;
	uint64_t then = load_relaxed(&last);

	return now - then >= OTHERS_MS + thread_count() &&
	    atomic_compare_exchange_strong_explicit(&last, &then, now,
	    memory_order_relaxed, memory_order_relaxed);
}

static void
shed_excess(struct zone *z, void *arg)
{
	(void)arg;
	if (share_has_excess(z))
		(void)share_shed(z, SHARE_KEEP);
}

static void
shed_everywhere(void)
{
	ztable_foreach(shed_excess, NULL);
	give_excess_holes();
	arena_settle();
}

void
reclaim_idle(struct thread *but)
{
	(void)thread_stop_all();
	thread_foreach_stopped(empty_idle_caches, but);
	thread_resume_all();
	misuse_report_deferred();
	shed_everywhere();
}

/* Share the free slabs among the first few of a ready list. */
static bool
share_free_ones(struct tcache *tc)
{
	struct zone *z = tc->zone;
	size_t looked = 0, shared = 0;

	LIST_FOREACH_SAFE(l, &tc->ready) {
		struct slab *d = SLAB_OF_LINK(l);

		if (looked++ == POLL_SLABS)
			break;
		if (!slab_is_free(d) || !lock_try(&z->lock))
			continue;
		if (load_relaxed(&tc->slab) == d)
			tcache_unhold(tc);
		shared += rotate_share(z, tc, d);
		lock_release(&z->lock);
	}
	return shared != 0;
}

/* Inside the guard.  True: there is more in shared slabs now. */
static bool
poll_cache(struct thread *t, struct tcache *tc)
{
	bool shared;

	if (tc->gave == 0)
		tc->bounce /= 2;
	tc->gave = 0;
	shared = share_free_ones(tc);
	if (reclaim_is_due(tc)) {
		share_oldest(tc);
		shared = true;
	}
	empty_if_idle(t, tc);
	return shared || tc->zone == NULL;
}

static void
poll_caches(struct thread *t)
{
	for (unsigned i = 0; i < ARRAY_LEN(t->used); i++) {
		uint64_t s = guard_enter() == t ? t->used[i] : 0;

		guard_leave();
		for (; s != 0; s &= s - 1) {
			struct tcache *tc = &t->caches[i * 64 + lowest_bit(s)];
			struct zone *z = NULL;

			if (guard_enter() == t && (z = tc->zone) != NULL &&
			    !poll_cache(t, tc))
				z = NULL;
			guard_leave();
			if (z != NULL)
				give_excess(z);
		}
	}
}

void
reclaim_poll(struct thread *t)
{
	int saved = errno;
	uint64_t now = os_coarse_ms();

	if (now - t->polled_ms < POLL_MS)
		return;
	t->polled_ms = now;
	poll_caches(t);
	if (thread_count() > 1 && is_my_turn(now))
		reclaim_idle(t);
	else
		arena_settle();
	misuse_report_deferred();
	reclaim_watch(now);
	errno = saved;
}

void
reclaim_watch(uint64_t now)
{
	if (unlikely(options.pressure != 0) && watch_is_tight(now))
		(void)reclaim_trim(NULL, RECLAIM_PRESSURE);
}

static void
trim_caches(struct thread *t, void *arg)
{
	struct zone *z = arg;

	if (z == NULL)
		reclaim_thread(t);
	else if (thread_cache(t, z->slot)->zone == z)
		reclaim_cache(t, thread_cache(t, z->slot));
}

void
reclaim_left(void)
{
	shed_everywhere();
}

static void
trim_zone(struct zone *z, void *arg)
{
	struct trim *trim = arg;

	if (trim->how == ZONE_TRIM_EXCESS) {
		(void)share_shed(z, SHARE_KEEP);
	} else {
		if (trim->how != RECLAIM_PRESSURE)
			ready_give_up(z);
		(void)share_shed(z, 0);
		(void)share_give_holes(z, SIZE_MAX, &trim->bytes);
	}
}

size_t
reclaim_trim(struct zone *z, int how)
{
	struct trim trim = { how, 0 };
	size_t before = arena_purged();
	int saved = errno;

	if (how >= ZONE_TRIM_CACHES) {
		(void)thread_stop_all();
		thread_foreach_stopped(trim_caches, z);
		thread_resume_all();
		if (z == NULL)
			trim.bytes += thread_purge_dead();
	}
	misuse_report_deferred();
	if (z != NULL)
		trim_zone(z, &trim);
	else
		ztable_foreach(trim_zone, &trim);
	ztable_foreach_meta(trim_zone, &trim);
	depot_drain();
	(void)arena_purge(0);
	errno = saved;
	return trim.bytes + arena_purged() - before;
}

bool
reclaim_pressure(void)
{
	struct tls *tls = &zobj_tls;

	/*
	 * At every failure, however soon after the last: the program may have
	 * freed meanwhile just what it asks for now.  But destructors, which
	 * may allocate too, do not start it once more.
	 */
	if (!thread_storage_works() || tls->reclaiming ||
	    thread_is_interrupted())
		return false;
	tls->reclaiming = true;
	(void)reclaim_trim(NULL, RECLAIM_PRESSURE);
	tls->reclaiming = false;
	return true;
}
