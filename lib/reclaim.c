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
#include "os.h"
#include "remote.h"
#include "rotate.h"
#include "share.h"
#include "ztable.h"

enum {
	POLL_MS = 100,			/* at most one poll in this time */
	POLL_SLABS = 8			/* slabs looked at per cache */
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

	twice = remote_drain_cache(tc);
	held = load_relaxed(&tc->slab);
	tcache_unhold(tc);
	if (held != NULL && load_relaxed(&held->summary) != 0)
		rotate_revive(tc, held);
	tc->active = tc->alternate = NULL;
	lock_acquire(&z->lock);
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
	for (unsigned i = 0; i < ARRAY_LEN(t->used); i++)
		for (uint64_t s = t->used[i]; s != 0; s &= s - 1)
			reclaim_cache(t, &t->caches[i * 64 + lowest_bit(s)]);
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

void
reclaim_poll(struct thread *t)
{
	int saved = errno;
	uint64_t now;

	now = os_coarse_ms();
	if (now - t->polled_ms < POLL_MS)
		return;
	t->polled_ms = now;
	for (unsigned i = 0; i < ARRAY_LEN(t->used); i++) {
		uint64_t s = guard_enter() == t ? t->used[i] : 0;

		guard_leave();
		for (; s != 0; s &= s - 1) {
			struct tcache *tc = &t->caches[i * 64 + lowest_bit(s)];
			struct zone *z = NULL;

			if (guard_enter() == t && tc->zone != NULL &&
			    share_free_ones(tc))
				z = tc->zone;
			guard_leave();
			if (z != NULL)
				(void)share_shed(z, z->keep);
		}
	}
	errno = saved;
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

static void
shed_all(struct zone *z, void *arg)
{
	(void)arg;
	(void)share_shed(z, 0);
}

size_t
reclaim_trim(struct zone *z, int how)
{
	size_t before = arena_purged();
	int saved = errno;

	if (how == ZONE_TRIM_CACHES) {
		(void)thread_stop_all();
		thread_foreach_stopped(trim_caches, z);
		thread_resume_all();
	}
	misuse_report_deferred();
	for (unsigned i = 0; z == NULL && i < ZTABLE_END; i++) {
		struct zone *each = ztable_at(i);

		if (each != NULL)
			(void)share_shed(each, how == ZONE_TRIM_EXCESS ?
			    each->keep : 0);
	}
	if (z != NULL)
		(void)share_shed(z, how == ZONE_TRIM_EXCESS ? z->keep : 0);
	ztable_foreach_meta(shed_all, NULL);
	depot_drain();
	(void)arena_purge(0);
	errno = saved;
	return arena_purged() - before;
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
	if (!thread_storage_works() || tls->reclaiming)
		return false;
	tls->reclaiming = true;
	(void)reclaim_trim(NULL, ZONE_TRIM_CACHES);
	tls->reclaiming = false;
	return true;
}
