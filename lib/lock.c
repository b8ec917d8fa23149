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

enum {
	SPINS = 64,		/* looks before sleeping */
	TRIES = 200,		/* of a handler, yielding between them */
	BRIEF_YIELDS = 100	/* then the holder may need us to sleep */
};

/*
 * Locks that the thread holds, or waits for, by rank, and in all: not zero
 * where a signal handler interrupted it there.
 */
static _Thread_local _Atomic(uint32_t) inside[LOCK_RANKS + 1];
enum { ALL = LOCK_RANKS };
/* The first of them of each rank. */
static _Thread_local const struct lock *_Atomic first[LOCK_RANKS];

/* The thread that has all locks: an address that only it has; NULL: none. */
static _Atomic(const void *) has_all;

static void
enter(const struct lock *l)
{
	add_relaxed(&inside[ALL], 1);
	if (load_relaxed(&inside[l->rank]) == 0)
		store_relaxed(&first[l->rank], l);
	add_relaxed(&inside[l->rank], 1);
	atomic_signal_fence(memory_order_seq_cst);
}

static void
leave(const struct lock *l)
{
	atomic_signal_fence(memory_order_seq_cst);
	add_relaxed(&inside[l->rank], (uint32_t)-1);
	add_relaxed(&inside[ALL], (uint32_t)-1);
}

/* Does the thread hold nothing of rank RANK or higher, nor wait for it? */
static bool
is_below(unsigned rank)
{
	for (; rank < LOCK_RANKS; rank++)
		if (load_relaxed(&inside[rank]) != 0)
			return false;
	return true;
}

bool
lock_is_inside(void)
{
	return load_relaxed(&inside[ALL]) != 0;
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
take(struct lock *l, enum lock_state as)
{
	uint32_t free = LOCK_FREE;

	return atomic_compare_exchange_strong_explicit(&l->state, &free, as,
	    memory_order_acquire, memory_order_relaxed);
}

static bool
try(struct lock *l, enum lock_state as)
{
	/* Ours as all are, unless by a handler that interrupted us there. */
	if (lock_has_all()) {
		if (load_relaxed(&inside[l->rank]) != 0)
			return false;
		enter(l);
		return true;
	}
	enter(l);
	if (take(l, as))
		return true;
	leave(l);
	return false;
}

bool
lock_try(struct lock *l)
{
	return try(l, LOCK_HELD);
}

static void
relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

bool
lock_try_briefly(struct lock *l)
{
	for (int i = 0; i < SPINS; i++) {
		if (load_relaxed(&l->state) == LOCK_FREE || lock_has_all())
			return try(l, LOCK_BRIEF);
		relax();
	}
	return false;
}

/*
 * Sleepers are woken by who releases a contended lock.  So a lock that is held
 * briefly, whose release wakes nobody, must not become contended.
 */
static void
wait(struct lock *l)
{
	for (unsigned n = 0; !take(l, LOCK_CONTENDED); n++) {
		uint32_t held = LOCK_HELD;

		if (load_relaxed(&l->state) == LOCK_BRIEF) {
			if (n < BRIEF_YIELDS)
				os_yield();
			else
				os_sleep_ms(1);
		} else if (atomic_compare_exchange_strong_explicit(&l->state,
		    &held, LOCK_CONTENDED, memory_order_relaxed,
		    memory_order_relaxed) || held == LOCK_CONTENDED) {
			os_wait(&l->state, LOCK_CONTENDED);
		}
	}
}

static void
acquire(struct lock *l)
{
	enter(l);
	if (lock_has_all())
		return;
	for (int i = 0; i < SPINS; i++) {
		if (load_relaxed(&l->state) == LOCK_FREE && take(l, LOCK_HELD))
			return;
		relax();
	}
	wait(l);
}

void
lock_acquire(struct lock *l)
{
	DEBUG_ASSERT(lock_has_all() || is_below(l->rank));
	acquire(l);
}

void
lock_acquire_another(struct lock *l)
{
	DEBUG_ASSERT(is_below(l->rank + 1));
	acquire(l);
}

bool
lock_acquire_if_safe(struct lock *l)
{
	if (likely(!lock_is_inside()) || is_below(l->rank)) {
		acquire(l);
		return true;
	}
	/* Our own: there is nothing to try. */
	if (load_relaxed(&inside[l->rank]) != 0 &&
	    load_relaxed(&first[l->rank]) == l)
		return false;
	for (int i = 0; i < TRIES; i++) {
		if (lock_try(l))
			return true;
		if (!lock_has_all())
			os_yield();
	}
	return false;
}

void
lock_release(struct lock *l)
{
	DEBUG_ASSERT(load_relaxed(&inside[l->rank]) > 0);
	if (!lock_has_all() && atomic_exchange_explicit(&l->state, LOCK_FREE,
	    memory_order_release) == LOCK_CONTENDED)
		os_wake(&l->state);
	leave(l);
}

/*
 * Meanwhile only those count that are taken once more.  A handler that comes
 * between finds some counted that it could have.
 */
void
lock_have_all(bool have)
{
	static uint32_t before[LOCK_RANKS + 1];

	if (have)
		store_relaxed(&has_all, (const void *)&inside);
	atomic_signal_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < ARRAY_LEN(inside); i++) {
		if (have)
			before[i] = load_relaxed(&inside[i]);
		store_relaxed(&inside[i], have ? 0 : before[i]);
	}
	atomic_signal_fence(memory_order_seq_cst);
	if (!have)
		store_relaxed(&has_all, NULL);
}
