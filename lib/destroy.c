/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * destroy.c - see destroy.h.
 *
 *	live --IF_EMPTY, NOW--> dead: nobody allocates; slabs leave; gone
 *	live --WHEN_EMPTY-----> dying --last object--> dead
 *
 * A zone changes state while every thread that could be inside the allocator
 * is stopped, and its thread caches are empty from then on, so no thread holds
 * a word of it and each later free takes the slow path.
 */
#include "destroy.h"

#include <errno.h>

#include "arena.h"
#include "depot.h"
#include "hole.h"
#include "misuse.h"
#include "os.h"
#include "reclaim.h"
#include "region.h"
#include "remote.h"
#include "rotate.h"
#include "share.h"
#include "thread.h"
#include "walk.h"
#include "ztable.h"

enum {
	STOP_ROUNDS = 8,		/* tries to stop all threads */
	LARGE_UNITS = 256		/* a zone so large leaves nothing behind */
};

/* Zones whose last object a signal handler has freed. */
static _Atomic(struct zone *) late;

static void
empty_cache(struct thread *t, void *arg)
{
	struct zone *z = arg;
	struct tcache *tc = thread_cache(t, z->slot);

	if (tc->zone == z)
		reclaim_cache(t, tc);
}

/*
 * Stop the threads and share what they hold of Z; how many could not be
 * stopped.
 */
static size_t
stop_and_empty(struct zone *z)
{
	size_t running = thread_stop_all();

	for (int i = 1; running != 0 && i < STOP_ROUNDS; i++) {
		thread_resume_all();
		running = thread_stop_all();
	}
	thread_foreach_stopped(empty_cache, z);
	return running;
}

static int
report_live(void *obj, void *arg)
{
	misuse_live_object(arg, (uintptr_t)obj);
	return 0;
}

static void
shed(struct zone *z, void *arg)
{
	(void)arg;
	(void)share_shed(z, 0);
}

/* The zone's next slab to go; NULL: none. */
static struct slab *
next_to_go(struct zone *z)
{
	LIST_FOREACH(l, &z->all)
		if (slab_owner(SLAB_OF_ALL(l)) == NULL)
			return SLAB_OF_ALL(l);
	return NULL;
}

/*
 * Nobody uses the zone any more: memory, slot and struct go back.  What a
 * thread that could not be stopped owns is lost, with the slot and the struct;
 * nothing is ever taken from a thread that may be using it.
 */
static void
finish(struct zone *z, bool lost)
{
	size_t units = 0;
	struct slab *d;

	do {
		lock_acquire(&z->lock);
		while (z->leaving != 0) {
			lock_release(&z->lock);
			os_yield();
			lock_acquire(&z->lock);
		}
		d = next_to_go(z);
		if (d != NULL)
			rotate_leave(z, d);
		lost = lost || (d == NULL && !list_empty(&z->all));
		lock_release(&z->lock);
		if (d != NULL) {
			units += d->units;
			share_discard(d);
		}
	} while (d != NULL);
	hole_settled(z, SIZE_MAX);
	/* The program has its memory back; see locate_is_live. */
	lock_acquire(&z->lock);
	region_remove(z);
	lock_release(&z->lock);
	if (!lost)
		ztable_put(z);
	ztable_foreach_meta(shed, NULL);
	/* A large zone is not made again in a moment: keep nothing of it. */
	if (units >= LARGE_UNITS) {
		depot_drain();
		(void)arena_purge(0);
	}
}

int
destroy(struct zone *z, int how)
{
	size_t live, running;
	uintptr_t twice;
	bool dead;

	destroy_finish_late();
	ztable_withdraw(z);
	running = stop_and_empty(z);
	/* A thread that goes on may touch descriptors that would be no more. */
	if (running != 0 && region_has(z)) {
		ztable_publish(z);
		thread_resume_all();
		misuse_report_deferred();
		return EBUSY;
	}
	lock_acquire(&z->lock);
	twice = remote_drain_zone(z);
	if (twice != 0)
		misuse_defer_double_free(z, twice);
	live = share_count_live(z);
	store_relaxed(&z->left, live);
	dead = live == 0 || how == ZONE_NOW;
	if (dead)
		store_release(&z->magic, ZONE_MAGIC_DEAD);
	else if (how == ZONE_WHEN_EMPTY && running == 0)
		store_release(&z->magic, ZONE_MAGIC_DYING);
	lock_release(&z->lock);
	/* From the resume on the last free may finish a dying zone. */
	if (!dead)
		ztable_publish(z);
	thread_resume_all();
	misuse_report_deferred();
	if (dead) {
		finish(z, running != 0);
		return 0;
	}
	/* Frees under way in a thread that cannot be stopped are not counted. */
	if (how == ZONE_WHEN_EMPTY)
		return running == 0 ? 0 : EBUSY;
	(void)walk_zone(z, report_live, z);
	return EBUSY;
}

/* The last object of a dying zone has come back. */
static void
end(struct zone *z)
{
	ztable_withdraw(z);
	lock_acquire(&z->lock);
	store_release(&z->magic, ZONE_MAGIC_DEAD);
	lock_release(&z->lock);
	finish(z, false);
}

/* The same, when there is somebody who may wait for locks. */
static void
push_late(struct zone *z)
{
	struct zone *top = load_relaxed(&late);

	/* The release pairs with the acquire in destroy_finish_late. */
	do
		z->next_late = top;
	while (!atomic_compare_exchange_weak_explicit(&late, &top, z,
	    memory_order_release, memory_order_relaxed));
}

void
destroy_count_down(struct zone *z)
{
	/* acq_rel: the last one sees what the others wrote to descriptors. */
	if (atomic_fetch_sub_explicit(&z->left, 1, memory_order_acq_rel) != 1)
		return;
	if (thread_is_interrupted())
		push_late(z);
	else
		end(z);
}

void
destroy_finish_late(void)
{
	struct zone *z = NULL, *next;

	if (unlikely(load_relaxed(&late) != NULL))
		z = atomic_exchange_explicit(&late, NULL, memory_order_acquire);
	for (; z != NULL; z = next) {
		next = z->next_late;
		end(z);
	}
}
