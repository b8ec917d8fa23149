/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.c - the three-state futex mutex (Drepper, "Futexes are tricky").
 *
 * The acquire of a lock pairs with the release in the lock_release before it;
 * that is the only ordering the lists behind a lock rely on.  model/lock.pml
 * checks the states.
 */
#include "lock.h"

#include "os.h"
#include "panic.h"

enum { SPINS = 64 };		/* looks before sleeping */

#ifdef ZOBJ_DEBUG
static _Thread_local uint8_t held[RANK_MISUSE + 1];

/* Nothing of a higher rank is held; nor of this one, unless SAME_RANK. */
static void
check_rank(const struct lock *l, bool same_rank)
{
	for (unsigned r = l->rank + same_rank; r <= RANK_MISUSE; r++)
		ASSERT(held[r] == 0);
}

static void
note_acquire(const struct lock *l)
{
	held[l->rank]++;
}

static void
note_release(const struct lock *l)
{
	ASSERT(held[l->rank] > 0);
	held[l->rank]--;
}
#else
#define check_rank(l, same_rank)	((void)0)
#define note_acquire(l)			((void)0)
#define note_release(l)			((void)0)
#endif

/*
 * Locks that the thread holds, or waits for: not zero where a signal handler
 * interrupted it there.
 */
static _Thread_local _Atomic(uint32_t) inside;

/* The thread that has all locks: an address that only it has; NULL: none. */
static _Atomic(const void *) has_all;

static void
enter(void)
{
	add_relaxed(&inside, 1);
	atomic_signal_fence(memory_order_seq_cst);
}

static void
leave(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	add_relaxed(&inside, (uint32_t)-1);
}

bool
lock_is_inside(void)
{
	return load_relaxed(&inside) != 0;
}

void
lock_have_all(bool have)
{
	store_relaxed(&has_all, have ? (const void *)&inside : NULL);
}

bool
lock_has_all(void)
{
	return unlikely(load_relaxed(&has_all) == (const void *)&inside);
}

void
lock_init(struct lock *l, enum lock_rank rank)
{
	store_relaxed(&l->state, 0);
	l->rank = rank;
}

static bool
take(struct lock *l)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong_explicit(&l->state, &free, 1,
	    memory_order_acquire, memory_order_relaxed);
}

bool
lock_try(struct lock *l)
{
	if (lock_has_all())
		return true;
	enter();
	if (!take(l)) {
		leave();
		return false;
	}
	note_acquire(l);
	return true;
}

static void
relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

static void
acquire(struct lock *l)
{
	if (lock_has_all())
		return;
	enter();
	for (int i = 0; i < SPINS; i++) {
		if (load_relaxed(&l->state) == 0 && take(l)) {
			note_acquire(l);
			return;
		}
		relax();
	}
	while (atomic_exchange_explicit(&l->state, 2, memory_order_acquire) != 0)
		os_wait(&l->state, 2);
	note_acquire(l);
}

void
lock_acquire(struct lock *l)
{
	if (!lock_has_all())
		check_rank(l, false);
	acquire(l);
}

void
lock_acquire_another(struct lock *l)
{
	check_rank(l, true);
	acquire(l);
}

void
lock_release(struct lock *l)
{
	if (lock_has_all())
		return;
	note_release(l);
	if (atomic_exchange_explicit(&l->state, 0, memory_order_release) == 2)
		os_wake(&l->state);
	leave();
}
