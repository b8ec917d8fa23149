/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * threads.c - objects and threads: who takes, who frees, who ends.
 */
#include "api.h"

#include <stdatomic.h>

enum { MANY = 4000, THREADS = 4 };

static void *objs[THREADS][MANY];

static void *
use_a_little(void *arg)
{
	void *mine[100];

	take_all(arg, mine, LEN(mine));
	zone_free_n(arg, mine, LEN(mine));
	return NULL;
}

/* Thousands of threads, one after the other, leave nothing behind. */
START_TEST(short_lived_threads)
{
	zone_t *z = make("short", 64, NULL);
	size_t slabs = 0, start = 0;

	for (int i = 0; i < 3000; i++) {
		(void)in_thread(use_a_little, z);
		if (i == 100) {
			slabs = stats_of(z).slabs;
			start = resident();
		}
	}
	ck_assert_uint_eq(stats_of(z).slabs, slabs);
	ck_assert_uint_eq(stats_of(z).slabs_owned, 0);
	if (!SANITIZED)
		ck_assert_uint_le(resident(), start + MIB);
}
END_TEST

/* The same in crowds. */
START_TEST(crowds_of_threads)
{
	zone_t *z = make("crowd", 64, NULL);
	pthread_t t[50];
	size_t slabs = 0;

	for (int round = 0; round < 30; round++) {
		for (size_t i = 0; i < LEN(t); i++)
			start(&t[i], use_a_little, z);
		for (size_t i = 0; i < LEN(t); i++)
			(void)join(t[i]);
		if (slabs < stats_of(z).slabs)
			slabs = stats_of(z).slabs;
	}
	ck_assert_uint_le(slabs, LEN(t));
	ck_assert_uint_eq(stats_of(z).live, 0);
	ck_assert_uint_eq(stats_of(z).slabs_owned, 0);
}
END_TEST

START_TEST(exit_returns_slabs)
{
	zone_t *z = make("exit", 64, NULL);

	take_elsewhere(z, objs[0], MANY);
	ck_assert_uint_eq(stats_of(z).slabs_owned, 0);
	ck_assert_uint_eq(stats_of(z).live, MANY);
	zone_free_n(z, objs[0], MANY);
	ck_assert_uint_eq(stats_of(z).live, 0);
	take_all(z, objs[0], MANY);
	ck_assert_uint_eq(stats_of(z).slabs, (MANY + 1023) / 1024);
}
END_TEST

/* One takes, another frees, for long: memory does not pile up. */
static void
producer_consumer(size_t size, size_t limit)
{
	zone_t *z = make("pipe", size, ATTR(.limit = limit));
	size_t slabs = 0;

	for (int round = 0; round < 300; round++) {
		take_all(z, objs[0], 1000);
		if (round <= 20)
			slabs = stats_of(z).slabs > slabs ?
			    stats_of(z).slabs : slabs;
		free_elsewhere(z, objs[0], 1000);
	}
	ck_assert_uint_le(stats_of(z).slabs, slabs);
	ck_assert_uint_eq(stats_of(z).live, 0);
}

START_TEST(remote_frees_are_collected)
{
	producer_consumer(16, 0);
	producer_consumer(64, 0);
	producer_consumer(1000, 0);
	producer_consumer(10000, 0);
	producer_consumer(64, 1000);
}
END_TEST

/* The other way round: threads take and end, this one frees. */
START_TEST(objects_outlive_their_threads)
{
	zone_t *z = make("orphan", 64, NULL);
	size_t slabs = 0;

	for (int round = 0; round < 300; round++) {
		take_elsewhere(z, objs[0], 1000);
		zone_free_n(z, objs[0], 1000);
		if (round == 20)
			slabs = stats_of(z).slabs;
	}
	ck_assert_uint_le(stats_of(z).slabs, slabs);
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

/* Everybody frees everybody's objects, through one table. */
struct table {
	zone_t		 *z;
	_Atomic(unsigned) seed;
	_Atomic(void *)	  slots[1000];
};

static void *
all_to_all(void *arg)
{
	struct table *t = arg;
	struct rng r = { atomic_fetch_add(&t->seed, 1) };

	for (int i = 0; i < (SANITIZED ? 25000 : 100000); i++) {
		uint64_t *p = take(t->z), *old;

		p[0] = (uintptr_t)p;
		p[1] = ~p[0];
		old = atomic_exchange(&t->slots[rng_below(&r, 1000)], p);
		if (old != NULL) {
			MUST(old[0] == (uintptr_t)old && old[1] == ~old[0]);
			old[1] = 0;
			zone_free(rng_one_in(&r, 2) ? t->z : NULL, old);
		}
	}
	return NULL;
}

static void
meet(zone_t *z)
{
	struct table t = { .z = z };
	pthread_t threads[THREADS];
	size_t left = 0;

	for (int i = 0; i < THREADS; i++)
		start(&threads[i], all_to_all, &t);
	for (int i = 0; i < THREADS; i++)
		(void)join(threads[i]);
	for (size_t i = 0; i < LEN(t.slots); i++)
		left += t.slots[i] != NULL;
	ck_assert_uint_eq(stats_of(z).live, left);
	api_verify();
	for (size_t i = 0; i < LEN(t.slots); i++)
		zone_free(z, t.slots[i]);
	ck_assert_uint_eq(stats_of(z).live, 0);
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}

START_TEST(everybody_to_everybody)
{
	meet(make("small", 16, NULL));
	meet(make("medium", 704, NULL));
	meet(make("large", 20000, NULL));
	meet(make("limited", 64, ATTR(.limit = 1000 + THREADS)));
	meet(make("aligned", 64, ATTR(.align = 4096)));
}
END_TEST

/* What was written before zone_free is there for the next holder. */
struct baton {
	zone_t		*z;
	_Atomic(void *)	 hand;
};

static void *
pass(void *arg)
{
	struct baton *b = arg;

	for (unsigned i = 0; i < 20000; i++) {
		unsigned *p = take(b->z);

		for (int k = 0; k < 16; k++)
			p[k] = i;
		p = atomic_exchange(&b->hand, p);
		if (p == NULL)
			continue;
		for (int k = 1; k < 16; k++)
			MUST(p[k] == p[0]);
		zone_free(b->z, p);
	}
	return NULL;
}

START_TEST(order_of_memory)
{
	struct baton b = { .z = make("baton", 64, NULL) };
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		start(&t[i], pass, &b);
	for (int i = 0; i < THREADS; i++)
		(void)join(t[i]);
	zone_free(b.z, b.hand);
	ck_assert_uint_eq(stats_of(b.z).live, 0);
}
END_TEST

/* A thread's own keys may free in their destructors. */
static pthread_key_t key;
static _Atomic(int) ended;

static void
free_at_exit(void *p)
{
	zone_free(NULL, p);
	zone_free(NULL, take(zone_of(p)));
	/* Once more, in a later round. */
	if (atomic_fetch_add(&ended, 1) % 2 == 0)
		MUST(pthread_setspecific(key, take(zone_of(p))) == 0);
}

static void *
keep_until_exit(void *arg)
{
	MUST(pthread_setspecific(key, take(arg)) == 0);
	return NULL;
}

START_TEST(key_destructors)
{
	zone_t *z = make("key", 64, NULL);

	ck_assert_int_eq(pthread_key_create(&key, free_at_exit), 0);
	(void)take(z);
	for (int i = 0; i < 200; i++)
		(void)in_thread(keep_until_exit, z);
	ck_assert_int_eq(ended, 400);
	ck_assert_uint_eq(stats_of(z).live, 1);
	ck_assert_uint_le(stats_of(z).slabs, 2);
}
END_TEST

/* The walker runs while everybody works. */
static _Atomic(bool) stop;

static void *
churn(void *arg)
{
	void *mine[200];

	while (!stop) {
		take_all(arg, mine, LEN(mine));
		zone_free_n(NULL, mine, LEN(mine));
	}
	return NULL;
}

START_TEST(checked_while_they_work)
{
	zone_t *zones[THREADS] = {
		make("tiny", 8, NULL), make("small", 64, NULL),
		make("limited", 64, ATTR(.limit = 5000)),
		make("large", 30000, NULL)
	};
	pthread_t t[2 * THREADS];

	for (size_t i = 0; i < LEN(t); i++)
		start(&t[i], churn, zones[i % THREADS]);
	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(zone_check_all(), 0);
	stop = true;
	for (size_t i = 0; i < LEN(t); i++)
		(void)join(t[i]);
	for (int i = 0; i < THREADS; i++)
		ck_assert_uint_eq(stats_of(zones[i]).live, 0);
}
END_TEST

/* One worker, and a main thread that never allocates: it can stop it. */
START_TEST(checked_by_a_stranger)
{
	zone_t *z = make("worker", 64, NULL);
	pthread_t t;

	start(&t, churn, z);
	for (int i = 0; i < 2000; i++) {
		ck_assert_int_eq(zone_check_all(), 0);
		zone_trim(z, ZONE_TRIM_CACHES);
	}
	stop = true;
	(void)join(t);
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

RUN_TESTS("threads", short_lived_threads, crowds_of_threads,
    exit_returns_slabs, remote_frees_are_collected,
    objects_outlive_their_threads, everybody_to_everybody, order_of_memory,
    key_destructors, checked_while_they_work, checked_by_a_stranger)
