/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * destroy.c - zone_destroy in its three modes, whatever other threads hold.
 */
#include "api.h"

#include <semaphore.h>

enum { MANY = 4000, THREADS = 4 };

static void *objs[MANY];
static unsigned reports[ZONE_LIVE_OBJECT + 1];
static void *reported[MANY];

static void
note(enum zone_error e, zone_t *z, void *obj, void *arg)
{
	(void)z;
	(void)arg;
	if (e == ZONE_LIVE_OBJECT && reports[e] < MANY)
		reported[reports[e]] = obj;
	reports[e]++;
}

static int
count_zone(zone_t *z, void *arg)
{
	(void)z;
	++*(int *)arg;
	return 0;
}

static int
count_zones(void)
{
	int n = 0;

	ck_assert_int_eq(zone_foreach(count_zone, &n), 0);
	return n;
}

START_TEST(bad_arguments)
{
	zone_t *z = make("args", 8, NULL);

	ASSERT_FAILS(zone_destroy(z, -1), -1, EINVAL);
	ASSERT_FAILS(zone_destroy(z, 3), -1, EINVAL);
	ASSERT_FAILS(zone_destroy(NULL, ZONE_NOW), -1, EINVAL);
	zone_free(z, take(z));
}
END_TEST

START_TEST(unused_zone)
{
	static const int hows[] = { ZONE_IF_EMPTY, ZONE_WHEN_EMPTY, ZONE_NOW };

	for (size_t i = 0; i < LEN(hows); i++) {
		zone_t *z = make("unused", 8, NULL);

		ck_assert_int_eq(count_zones(), 1);
		ck_assert_int_eq(zone_destroy(z, hows[i]), 0);
		ck_assert_int_eq(count_zones(), 0);
	}
}
END_TEST

START_TEST(empty_zone)
{
	static const int hows[] = { ZONE_IF_EMPTY, ZONE_WHEN_EMPTY, ZONE_NOW };

	for (size_t i = 0; i < LEN(hows); i++) {
		zone_t *z = make("empty", 64, NULL);

		take_all(z, objs, MANY);
		zone_free_n(z, objs, MANY);
		ck_assert_int_eq(zone_destroy(z, hows[i]), 0);
		ck_assert_int_eq(count_zones(), 0);
		ck_assert_ptr_null(zone_of(objs[0]));
	}
}
END_TEST

static bool
is_reported(const void *p)
{
	for (unsigned i = 0; i < reports[ZONE_LIVE_OBJECT]; i++)
		if (reported[i] == p)
			return true;
	return false;
}

/* EBUSY, a report per object, and the zone as it was. */
START_TEST(if_empty_with_live_objects)
{
	zone_t *z = make("busy", 64, NULL);

	on_error(note, NULL);
	take_all(z, objs, 1500);
	free_elsewhere(z, objs + 3, 600);
	zone_free_n(z, objs + 603, 1500 - 603);
	ASSERT_FAILS(zone_destroy(z, ZONE_IF_EMPTY), -1, EBUSY);
	ck_assert_uint_eq(reports[ZONE_LIVE_OBJECT], 3);
	for (int i = 0; i < 3; i++)
		ck_assert(is_reported(objs[i]));
	ck_assert_int_eq(count_zones(), 1);
	ck_assert_uint_eq(stats_of(z).live, 3);
	take_all(z, objs + 3, 1000);
	zone_free_n(z, objs, 1003);
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
	ck_assert_uint_eq(reports[ZONE_LIVE_OBJECT], 3);
}
END_TEST

START_TEST(if_empty_of_a_limited_zone)
{
	zone_t *z = make("busy", 64, ATTR(.limit = 10));

	on_error(note, NULL);
	take_all(z, objs, 10);
	ASSERT_FAILS(zone_destroy(z, ZONE_IF_EMPTY), -1, EBUSY);
	ck_assert_uint_eq(reports[ZONE_LIVE_OBJECT], 10);
	ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOSPC);
	zone_free_n(z, objs, 10);
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}
END_TEST

START_TEST(now_with_live_objects)
{
	zone_t *z = make("now", 64, NULL);

	on_error(note, NULL);
	take_all(z, objs, MANY);
	ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
	ck_assert_int_eq(count_zones(), 0);
	for (int i = 0; i < MANY; i++) {
		ck_assert_ptr_null(zone_of(objs[i]));
		ck_assert_int_eq(zone_holds(NULL, objs[i]), 0);
		zone_free(NULL, objs[i]);
	}
	ck_assert_uint_eq(reports[ZONE_STALE], MANY);
}
END_TEST

/* All memory serves others afterwards: no growth over many lives. */
START_TEST(memory_is_reused)
{
	size_t start = 0;

	for (int i = 0; i < 60; i++) {
		zone_t *z = make("life", 1000 + (size_t)i * 16, NULL);

		take_all(z, objs, MANY);
		for (int k = 0; k < MANY; k++)
			memset(objs[k], 1, zone_size(z));
		ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
		if (i == 10)
			start = resident();
	}
	/*
	 * What depot and arena keep for the next comer is 5 MiB at most, and
	 * may be there at the end and not at the start; 200 MiB went through.
	 */
	if (!SANITIZED)
		ck_assert_uint_lt(resident(), start + 6 * MIB);
}
END_TEST

START_TEST(when_empty)
{
	zone_t *z = make("later", 64, NULL), *other = make("other", 64, NULL);

	take_all(z, objs, MANY);
	ck_assert_int_eq(zone_destroy(z, ZONE_WHEN_EMPTY), 0);
	ASSERT_FAILS(zone_alloc(z, 0), NULL, EINVAL);
	ASSERT_FAILS(zone_alloc(z, ZONE_ZERO), NULL, EINVAL);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(zone_holds(NULL, objs[i]), 1);
		ck_assert_int_eq(count_zones(), 2);
		zone_free(i % 2 == 0 ? z : NULL, objs[i]);
	}
	ck_assert_int_eq(count_zones(), 1);
	ck_assert_ptr_null(zone_of(objs[0]));
	zone_free(other, take(other));
}
END_TEST

START_TEST(when_empty_freed_by_several)
{
	enum { SHARE = MANY / THREADS };

	for (int round = 0; round < 30; round++) {
		zone_t *z = make("later", 64,
		    ATTR(.limit = round % 2 == 0 ? 0 : MANY));
		struct batch b[THREADS];
		pthread_t t[THREADS];

		take_all(z, objs, MANY);
		ck_assert_int_eq(zone_destroy(z, ZONE_WHEN_EMPTY), 0);
		for (int i = 0; i < THREADS; i++) {
			b[i] = (struct batch){ z, objs + i * SHARE, SHARE };
			start(&t[i], free_batch, &b[i]);
		}
		for (int i = 0; i < THREADS; i++)
			(void)join(t[i]);
		ck_assert_int_eq(count_zones(), 0);
	}
}
END_TEST

/* The mistakes of a zone that is going are found, and do not count. */
START_TEST(when_empty_with_double_free)
{
	zone_t *z = make("later", 64, NULL);

	on_error(note, NULL);
	take_all(z, objs, 100);
	ck_assert_int_eq(zone_destroy(z, ZONE_WHEN_EMPTY), 0);
	for (int i = 0; i < 99; i++) {
		zone_free(z, objs[i]);
		zone_free(z, objs[i]);
	}
	ck_assert_uint_eq(reports[ZONE_DOUBLE_FREE], 99);
	ck_assert_int_eq(count_zones(), 1);
	zone_free(z, objs[99]);
	ck_assert_int_eq(count_zones(), 0);
}
END_TEST

/* A thread that holds something of the zone, and does nothing meanwhile. */
struct holder {
	zone_t	 *z, *other;
	void	**objs;
	pthread_t thread;
	sem_t	  ready, go;
};

static void *
hold(void *arg)
{
	struct holder *h = arg;

	take_all(h->z, h->objs, 200);
	zone_free_n(h->z, h->objs + 100, 100);
	zone_free(h->other, take(h->other));
	sem_post(&h->ready);
	sem_wait(&h->go);
	zone_free(h->other, take(h->other));
	return NULL;
}

static void
start_holders(struct holder *h, zone_t *z, zone_t *other)
{
	for (int i = 0; i < THREADS; i++) {
		h[i].z = z;
		h[i].other = other;
		h[i].objs = objs + 200 * i;
		sem_init(&h[i].ready, 0, 0);
		sem_init(&h[i].go, 0, 0);
		start(&h[i].thread, hold, &h[i]);
		sem_wait(&h[i].ready);
	}
}

static void
end_holders(struct holder *h)
{
	for (int i = 0; i < THREADS; i++) {
		sem_post(&h[i].go);
		(void)join(h[i].thread);
	}
}

START_TEST(caches_of_idle_threads)
{
	zone_t *other = make("other", 64, NULL);
	struct holder h[THREADS];

	for (int round = 0; round < 10; round++) {
		zone_t *z = make("held", 64, NULL);

		start_holders(h, z, other);
		if (round % 2 == 0) {
			ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
		} else {
			for (int i = 0; i < THREADS; i++)
				zone_free_n(z, h[i].objs, 100);
			ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
		}
		ck_assert_int_eq(count_zones(), 1);
		ck_assert_ptr_null(zone_of(objs[0]));
		api_verify();
		end_holders(h);
	}
}
END_TEST

START_TEST(when_empty_with_idle_threads)
{
	zone_t *z = make("held", 64, NULL), *other = make("other", 64, NULL);
	struct holder h[THREADS];

	start_holders(h, z, other);
	ck_assert_int_eq(zone_destroy(z, ZONE_WHEN_EMPTY), 0);
	for (int i = 0; i < THREADS; i++)
		zone_free_n(z, h[i].objs, 100);
	ck_assert_int_eq(count_zones(), 1);
	end_holders(h);
}
END_TEST

static void *
destroy_now(void *arg)
{
	MUST(zone_destroy(arg, ZONE_NOW) == 0);
	return NULL;
}

START_TEST(destroyed_by_another_thread)
{
	for (int i = 0; i < 50; i++) {
		zone_t *z = make("theirs", 64, NULL);

		take_all(z, objs, 500);
		zone_free_n(z, objs, 250);
		(void)in_thread(destroy_now, z);
		ck_assert_int_eq(count_zones(), 0);
	}
}
END_TEST

/* While others work with other zones all the time. */
static _Atomic(bool) stop;

static void *
churn(void *arg)
{
	void *mine[50];

	while (!stop) {
		take_all(arg, mine, LEN(mine));
		zone_free_n(arg, mine, LEN(mine));
	}
	return NULL;
}

START_TEST(busy_neighbours)
{
	zone_t *other = make("other", 64, NULL);
	pthread_t t[2];

	for (size_t i = 0; i < LEN(t); i++)
		start(&t[i], churn, other);
	for (int i = 0; i < 200; i++) {
		zone_t *z = make("short", 64, NULL);

		take_all(z, objs, 300);
		if (i % 2 == 0)
			zone_free_n(z, objs, 300);
		ck_assert_int_eq(zone_destroy(z, i % 2 == 0 ? ZONE_IF_EMPTY :
		    ZONE_NOW), 0);
	}
	stop = true;
	for (size_t i = 0; i < LEN(t); i++)
		(void)join(t[i]);
	ck_assert_uint_eq(stats_of(other).live, 0);
}
END_TEST

/* The same, all of them at once. */
static void *
live_and_die(void *arg)
{
	void *mine[300];

	(void)arg;
	for (int i = 0; i < 300; i++) {
		zone_t *z = make("short", 40, NULL);

		take_all(z, mine, LEN(mine));
		MUST(stats_of(z).live == LEN(mine));
		MUST(zone_destroy(z, ZONE_NOW) == 0);
	}
	return NULL;
}

START_TEST(zones_of_many_threads)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		start(&t[i], live_and_die, NULL);
	for (int i = 0; i < 30; i++) {
		ck_assert_int_eq(zone_check_all(), 0);
		zone_trim(NULL, ZONE_TRIM_CACHES);
		(void)count_zones();
	}
	for (int i = 0; i < THREADS; i++)
		(void)join(t[i]);
	ck_assert_int_eq(count_zones(), 0);
}
END_TEST

RUN_TESTS("destroy", bad_arguments, unused_zone, empty_zone,
    if_empty_with_live_objects, if_empty_of_a_limited_zone,
    now_with_live_objects, memory_is_reused, when_empty,
    when_empty_freed_by_several, when_empty_with_double_free,
    caches_of_idle_threads, when_empty_with_idle_threads,
    destroyed_by_another_thread, busy_neighbours, zones_of_many_threads)
