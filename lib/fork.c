/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork.c - takes every lock in the order of enum lock_rank before a fork, and
 * gives them back after it in both processes.
 *
 *	prepare: setup > stop threads > zones > each zone > own records > depot >
 *		 arena > regions
 *
 * Stopped threads are outside the allocator, so the child finds no structure
 * half changed; what the other threads held there becomes shared.  Of those
 * that could not be stopped (no membarrier, or they took too long) the child
 * abandons what they own, and mends what they share without a lock.
 *
 * A signal handler that interrupted its thread while that held a lock may fork
 * too.  Then everything is left as it is, and the thread goes on with it in
 * both processes.  A child with more to do than to go on, or to exec, may find
 * locks that threads hold which it does not have; there is no better answer.
 */
#include "fork.h"

#include <pthread.h>

#include "arena.h"
#include "depot.h"
#include "helper.h"
#include "misuse.h"
#include "pressure.h"
#include "region.h"
#include "remote.h"
#include "share.h"
#include "thread.h"
#include "zone.h"
#include "ztable.h"

static _Thread_local bool left_alone;
static bool mend;			/* others may be half through something */

static void
prepare(void)
{
	left_alone = lock_is_inside();
	if (left_alone)
		return;
	lock_acquire(&setup_lock);
	/* What a handler of ours has interrupted goes on in the child. */
	mend = thread_stop_all() != 0 && load_relaxed(&zobj_tls.guard) == 0;
	ztable_lock_all();
	depot_lock_all();
	lock_acquire(&arena_lock);
	lock_acquire(&region_lock);
	lock_have_all(true);
}

static void
release_inner(void)
{
	lock_have_all(false);
	lock_release(&region_lock);
	lock_release(&arena_lock);
	depot_unlock_all();
	ztable_unlock_all();
}

static void
parent(void)
{
	if (left_alone)
		return;
	release_inner();
	thread_resume_all();
	lock_release(&setup_lock);
}

/* What others were about in Z, whose lock is held. */
static void
forget_work(struct zone *z, void *arg)
{
	(void)arg;
	z->leaving = 0;
	z->stocked = NULL;
	store_relaxed(&z->tended, false);
	if (!mend)
		return;
	remote_mend(z);
	if ((z->kind & KIND_COUNTED) != 0)
		store_relaxed(&z->live, share_count_live(z));
}

static void
child(void)
{
	if (left_alone)
		return;
	ztable_foreach(forget_work, NULL);
	ztable_foreach_meta(forget_work, NULL);
	release_inner();
	thread_forget_others();
	helper_forget();
	pressure_forget_others();
	thread_resume_all();
	lock_release(&setup_lock);
	misuse_report_deferred();
}

int
fork_init(void)
{
	return pthread_atfork(prepare, parent, child);
}
