/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.c - the mutex, and in debug builds the order of locks.
 */
#include "unit.h"

#include "../../lib/lock.h"
#include "../../lib/os.h"

enum { THREADS = 4, ROUNDS = 50000 };

static struct lock lock = LOCK_INITIALIZER(RANK_ZONE);
static struct lock low = LOCK_INITIALIZER(RANK_ZONES);
static struct lock high = LOCK_INITIALIZER(RANK_ARENA);
static struct lock same = LOCK_INITIALIZER(RANK_ZONE);
static unsigned long counter;
static _Atomic(unsigned) tries;

static void *
count(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		lock_acquire(&lock);
		counter++;
		if (arg != NULL && i % 100 == 0)
			os_yield();
		lock_release(&lock);
	}
	return NULL;
}

static void
compete(void *(*fn)(void *), void *arg)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		start(&t[i], fn, arg);
	for (int i = 0; i < THREADS; i++)
		(void)join(t[i]);
}

START_TEST(one_at_a_time)
{
	compete(count, NULL);
	ck_assert_uint_eq(counter, THREADS * ROUNDS);
	ck_assert_uint_eq(load_relaxed(&lock.state), 0);
}
END_TEST

/* The holder goes away while it holds: the others sleep and are woken. */
START_TEST(sleepers_are_woken)
{
	compete(count, &lock);
	ck_assert_uint_eq(counter, THREADS * ROUNDS);
	ck_assert_uint_eq(load_relaxed(&lock.state), 0);
}
END_TEST

static void *
count_by_trying(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++)
		if (lock_try(&lock)) {
			counter++;
			tries++;
			lock_release(&lock);
		}
	return NULL;
}

START_TEST(trying)
{
	compete(count_by_trying, NULL);
	ck_assert_uint_eq(counter, tries);
	ck_assert(lock_try(&lock));
	ck_assert(!lock_try(&lock));
	lock_release(&lock);
	ck_assert(lock_try(&lock));
	lock_release(&lock);
}
END_TEST

static void *
count_briefly(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		if (lock_try_briefly(&lock)) {
			counter++;
			tries++;
			if (i % 100 == 0)
				os_yield();
			lock_release(&lock);
		}
	return arg;
}

static void *
count_and_be_brief(void *arg)
{
	(void)count(&lock);
	return count_briefly(arg);
}

/* Who holds it briefly wakes nobody, and nobody sleeps for ever. */
START_TEST(briefly)
{
	compete(count_and_be_brief, NULL);
	ck_assert_uint_eq(counter, THREADS * ROUNDS + tries);
	ck_assert(lock_try_briefly(&lock));
	ck_assert_uint_eq(load_relaxed(&lock.state), LOCK_BRIEF);
	ck_assert(!lock_try_briefly(&lock));
	ck_assert(!lock_try(&lock));
	lock_release(&lock);
	ck_assert_uint_eq(load_relaxed(&lock.state), LOCK_FREE);
}
END_TEST

/* As a signal handler that interrupts its thread where it holds locks. */
START_TEST(only_if_safe)
{
	ck_assert(!lock_is_inside());
	lock_acquire(&lock);
	ck_assert(lock_is_inside());
	ck_assert(!lock_acquire_if_safe(&lock));
	ck_assert(lock_acquire_if_safe(&low));
	ck_assert(lock_acquire_if_safe(&high));
	ck_assert(!lock_acquire_if_safe(&high));
	lock_release(&high);
	lock_release(&low);
	lock_release(&lock);
	ck_assert(!lock_is_inside());
	ck_assert(lock_acquire_if_safe(&lock));
	lock_release(&lock);
}
END_TEST

/* Who has all locks finds that his own handlers leave alone what he is at. */
START_TEST(having_all)
{
	lock_acquire(&lock);
	lock_have_all(true);
	ck_assert(!lock_is_inside());
	lock_acquire(&lock);
	ck_assert(lock_is_inside());
	ck_assert(!lock_try(&lock));
	ck_assert(!lock_acquire_if_safe(&lock));
	ck_assert(lock_acquire_if_safe(&high));
	lock_release(&high);
	lock_release(&lock);
	ck_assert(!lock_is_inside());
	lock_have_all(false);
	ck_assert(lock_is_inside());
	lock_release(&lock);
	ck_assert(!lock_is_inside());
	ck_assert_uint_eq(load_relaxed(&lock.state), LOCK_FREE);
}
END_TEST

START_TEST(right_order)
{
	lock_init(&same, RANK_ZONE);
	lock_acquire(&low);
	lock_acquire(&lock);
	lock_acquire_another(&same);
	lock_acquire(&high);
	lock_release(&lock);
	lock_release(&high);
	lock_release(&same);
	lock_release(&low);
	lock_acquire(&lock);
	lock_release(&lock);
}
END_TEST

/* The rest aborts in debug builds; elsewhere it is made to. */
#ifdef ZOBJ_DEBUG
#define OTHERWISE_ABORT()	((void)0)
#else
#define OTHERWISE_ABORT()	abort()
#endif

START_TEST(wrong_order)
{
	lock_acquire(&high);
	lock_acquire(&low);
	OTHERWISE_ABORT();
}
END_TEST

START_TEST(same_rank)
{
	lock_acquire(&lock);
	lock_acquire(&same);
	OTHERWISE_ABORT();
}
END_TEST

START_TEST(released_twice)
{
	lock_acquire(&lock);
	lock_release(&lock);
	lock_release(&lock);
	OTHERWISE_ABORT();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		one_at_a_time, sleepers_are_woken, trying, briefly,
		only_if_safe, having_all, right_order
	};
	const TTest *const deaths[] = {
		wrong_order, same_rank, released_twice
	};

	return api_run("lock", tests, LEN(tests)) |
	    api_run_deaths("lock-order", deaths, LEN(deaths));
}
