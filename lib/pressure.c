/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure.c - a table that is read without a lock, and never while anything
 * is held that one of its functions could need.
 *
 *	free (fn NULL)	--add-->  claimed  --add-->  in use (fn)
 *	     ^------------------------------remove------'
 *
 * Who is about to call counts himself in `users` first, then looks at fn; who
 * claims an entry, or has removed it, looks at `users` afterwards.  All four
 * are sequentially consistent: one of the two sees the other.  So `arg` is
 * written only while nobody can read it.  model/pressure.pml checks this.
 */
#include "pressure.h"

#include <errno.h>

#include "os.h"
#include "reclaim.h"
#include "thread.h"
#include "yield.h"

struct entry {
	_Atomic(pressure_fn *) fn;
	void		*arg;		/* whose reader is among the users */
	_Atomic(uint32_t) users;
};

static struct entry entries[PRESSURE_MAX];

/* The entry that this thread is calling; NULL: none. */
static _Thread_local struct entry *calling;

/* What fn is while arg is being written: never called. */
static size_t
claimed(zone_t *z, size_t bytes, void *arg)
{
	(void)z;
	(void)bytes;
	(void)arg;
	return 0;
}

static bool
claim(struct entry *e)
{
	pressure_fn *none = NULL;

	if (!atomic_compare_exchange_strong(&e->fn, &none, claimed))
		return false;
	YIELD_POINT();
	if (atomic_load(&e->users) == 0)
		return true;
	/* Somebody has found out just now that it is free, or still runs it. */
	atomic_store(&e->fn, NULL);
	return false;
}

int
pressure_add(pressure_fn *fn, void *arg)
{
	for (unsigned i = 0; i < PRESSURE_MAX; i++) {
		struct entry *e = &entries[i];

		if (!claim(e))
			continue;
		e->arg = arg;
		atomic_store(&e->fn, fn);
		return 0;
	}
	return ENOSPC;
}

/* Its function, which stays until release; NULL: it has none. */
static pressure_fn *
use(struct entry *e)
{
	pressure_fn *fn;

	atomic_fetch_add(&e->users, 1);
	YIELD_POINT();
	fn = atomic_load(&e->fn);
	return fn != claimed ? fn : NULL;
}

static void
release(struct entry *e)
{
	atomic_fetch_sub(&e->users, 1);
}

static void
wait_for_users(struct entry *e)
{
	/* Some callbacks take long: one sleeps rather than waits. */
	for (unsigned i = 0; atomic_load(&e->users) != 0; i++)
		if (i < 100)
			os_yield();
		else
			os_sleep_ms(1);
}

static bool
remove_entry(struct entry *e, const void *arg)
{
	pressure_fn *fn = use(e);
	bool ours = fn != NULL && e->arg == arg &&
	    atomic_compare_exchange_strong(&e->fn, &fn, NULL);

	release(e);
	if (ours && calling == NULL)
		wait_for_users(e);
	return ours;
}

int
pressure_remove(void *arg)
{
	bool any = false;

	for (unsigned i = 0; i < PRESSURE_MAX; i++)
		any |= remove_entry(&entries[i], arg);
	return any ? 0 : ENOENT;
}

static size_t
call(struct entry *e, struct zone *z, size_t bytes)
{
	size_t freed = 0;
	pressure_fn *fn;

	if (atomic_load_explicit(&e->fn, memory_order_relaxed) == NULL)
		return 0;
	fn = use(e);
	calling = e;
	if (fn != NULL)
		freed = fn(z, bytes, e->arg);
	calling = NULL;
	release(e);
	return freed;
}

bool
pressure_ask(struct zone *z, size_t bytes)
{
	bool freed = false;
	int saved = errno;

	if (!thread_storage_works() || calling != NULL)
		return false;
	for (unsigned i = 0; i < PRESSURE_MAX; i++)
		freed |= call(&entries[i], z, bytes) != 0;
	if (freed)
		(void)reclaim_pressure();
	errno = saved;
	return freed;
}

void
pressure_forget_others(void)
{
	for (unsigned i = 0; i < PRESSURE_MAX; i++) {
		struct entry *e = &entries[i];

		atomic_store(&e->users, e == calling);
		if (atomic_load(&e->fn) == claimed)
			atomic_store(&e->fn, NULL);
	}
}
