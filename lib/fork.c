/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork.c - takes every lock in the order of enum lock_rank before a fork, and
 * gives them back after it in both processes.
 *
 *	prepare: setup > stop threads > zones > each zone > own records > depot > arena
 *
 * Stopped threads are outside the allocator, so the child finds no structure
 * half changed; what the other threads held there becomes shared.
 */
#include "fork.h"

#include <pthread.h>

#include "arena.h"
#include "depot.h"
#include "misuse.h"
#include "thread.h"
#include "zone.h"
#include "ztable.h"

static void
prepare(void)
{
	lock_acquire(&setup_lock);
	(void)thread_stop_all();
	ztable_lock_all();
	depot_lock_all();
	lock_acquire(&arena_lock);
	lock_have_all(true);
}

static void
release_inner(void)
{
	lock_have_all(false);
	lock_release(&arena_lock);
	depot_unlock_all();
	ztable_unlock_all();
}

static void
parent(void)
{
	release_inner();
	thread_resume_all();
	lock_release(&setup_lock);
}

static void
child(void)
{
	release_inner();
	thread_forget_others();
	thread_resume_all();
	lock_release(&setup_lock);
	misuse_report_deferred();
}

int
fork_init(void)
{
	return pthread_atfork(prepare, parent, child);
}
