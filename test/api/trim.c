/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trim.c - zone_trim: what goes back to the system, and what does not.
 */
#include "api.h"

#include <semaphore.h>

enum { MANY = 32 * 1024, SIZE = 1024 };		/* 32 MiB */

static void *objs[MANY];

static zone_t *
make_large(void)
{
	zone_t *z = make("large", SIZE, NULL);

	take_all(z, objs, MANY);
	for (int i = 0; i < MANY; i++)
		memset(objs[i], 1, SIZE);
	return z;
}

START_TEST(bad_arguments)
{
	zone_t *z = make("args", 8, NULL);

	ASSERT_FAILS(zone_trim(z, -1), 0, EINVAL);
	ASSERT_FAILS(zone_trim(NULL, 3), 0, EINVAL);
}
END_TEST

START_TEST(nothing_to_give)
{
	zone_t *z = make("new", 8, NULL);

	errno = 0;
	ck_assert_uint_eq(zone_trim(NULL, ZONE_TRIM_CACHES), 0);
	ck_assert_uint_eq(zone_trim(z, ZONE_TRIM_CACHES), 0);
	ck_assert_int_eq(errno, 0);
}
END_TEST

/* Most goes while it is freed, the rest when it is asked for. */
START_TEST(memory_goes_back)
{
	zone_t *z = make_large();
	size_t before = resident();

	zone_free_n(z, objs, MANY);
	if (!SANITIZED)
		ck_assert_uint_le(resident() + 28 * MIB, before);
	ck_assert_uint_gt(zone_trim(z, ZONE_TRIM_CACHES), 0);
	ck_assert_uint_eq(stats_of(z).slabs, 0);
	if (!SANITIZED)
		ck_assert_uint_le(resident() + 30 * MIB, before);
	ck_assert_uint_eq(zone_trim(z, ZONE_TRIM_CACHES), 0);
}
END_TEST

/* What it says is what the system sees: here, free slabs and holes. */
START_TEST(bytes_are_true)
{
	zone_t *z = make("kept", SIZE, ATTR(.max_free_slabs = MANY));
	size_t before, bytes;

	take_all(z, objs, MANY);
	for (int i = 0; i < MANY; i++)
		memset(objs[i], 1, SIZE);
	zone_free_n(z, objs, MANY / 2);
	for (int i = MANY / 2; i < MANY; i++)
		if (i % 8 != 0)
			zone_free(z, objs[i]);
	before = resident();
	bytes = zone_trim(z, ZONE_TRIM_CACHES);
	ck_assert_uint_gt(bytes, MIB);
	if (!SANITIZED) {
		ck_assert_uint_le(before, resident() + bytes + MIB / 4);
		ck_assert_uint_le(resident() + bytes, before + MIB / 4);
	}
	for (int i = MANY / 2; i < MANY; i += 8)
		for (int k = 0; k < SIZE; k++)
			ck_assert_int_eq(((char *)objs[i])[k], 1);
}
END_TEST

START_TEST(live_objects_stay)
{
	zone_t *z = make_large();
	size_t per_slab = SLAB / SIZE, slabs = MANY / per_slab;

	for (int i = 0; i < MANY; i++)
		if (i % (8 * per_slab) != 0)
			zone_free(z, objs[i]);
	zone_trim(z, ZONE_TRIM_CACHES);
	ck_assert_uint_eq(stats_of(z).slabs, slabs / 8);
	for (size_t i = 0; i < MANY; i += 8 * per_slab)
		for (int k = 0; k < SIZE; k++)
			ck_assert_int_eq(((char *)objs[i])[k], 1);
	for (size_t i = 0; i < MANY; i += 8 * per_slab)
		zone_free(z, objs[i]);
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

/*
 * Free slabs of nobody: a thread that ends leaves what the zone keeps, EXCESS
 * too, FREE nothing.
 */
static void *
use_all(void *arg)
{
	take_all(arg, objs, 5000);
	zone_free_n(arg, objs, 5000);
	return NULL;
}

START_TEST(excess_and_free)
{
	for (unsigned keep = 1; keep < 20; keep += 6) {
		zone_t *z = make("keep", SIZE, ATTR(.max_free_slabs = keep));

		(void)in_thread(use_all, z);
		ck_assert_uint_eq(stats_of(z).slabs_free, keep);
		zone_trim(z, ZONE_TRIM_EXCESS);
		ck_assert_uint_eq(stats_of(z).slabs_free, keep);
		ck_assert_uint_eq(zone_trim(z, ZONE_TRIM_EXCESS), 0);
		zone_trim(z, ZONE_TRIM_FREE);
		ck_assert_uint_eq(stats_of(z).slabs, 0);
	}
}
END_TEST

/* Only the zone that was named. */
START_TEST(one_zone_or_all)
{
	zone_t *a = make("a", SIZE, ATTR(.max_free_slabs = MANY));
	zone_t *b = make("b", SIZE, ATTR(.max_free_slabs = MANY));

	(void)in_thread(use_all, a);
	(void)in_thread(use_all, b);
	zone_trim(a, ZONE_TRIM_CACHES);
	ck_assert_uint_eq(stats_of(a).slabs, 0);
	ck_assert_uint_gt(stats_of(b).slabs, 50);
	(void)in_thread(use_all, a);
	zone_trim(NULL, ZONE_TRIM_FREE);
	ck_assert_uint_eq(stats_of(a).slabs + stats_of(b).slabs, 0);
}
END_TEST

struct idler {
	zone_t	*z;
	sem_t	 ready, go;
};

static void *
idle(void *arg)
{
	struct idler *i = arg;
	void *mine[500];

	take_all(i->z, mine, LEN(mine));
	zone_free_n(i->z, mine + 1, LEN(mine) - 1);
	sem_post(&i->ready);
	sem_wait(&i->go);
	take_all(i->z, mine + 1, LEN(mine) - 1);
	zone_free_n(i->z, mine, LEN(mine));
	return NULL;
}

/* From a thread that does nothing, and knows nothing of it. */
START_TEST(idle_threads)
{
	struct idler i = { .z = make("idle", SIZE, NULL) };
	pthread_t t;

	sem_init(&i.ready, 0, 0);
	sem_init(&i.go, 0, 0);
	start(&t, idle, &i);
	sem_wait(&i.ready);
	ck_assert_uint_gt(stats_of(i.z).slabs_owned, 0);
	zone_trim(i.z, ZONE_TRIM_FREE);
	ck_assert_uint_gt(stats_of(i.z).slabs_owned, 0);
	zone_trim(i.z, ZONE_TRIM_CACHES);
	ck_assert_uint_eq(stats_of(i.z).slabs_owned, 0);
	ck_assert_uint_eq(stats_of(i.z).slabs, 1);
	ck_assert_uint_eq(stats_of(i.z).live, 1);
	api_verify();
	sem_post(&i.go);
	(void)join(t);
	ck_assert_uint_eq(stats_of(i.z).live, 0);
}
END_TEST

/* What was never touched, or went before, was not given back. */
START_TEST(says_what_it_gave)
{
	zone_t *z = make("truth", 4096, NULL);
	size_t before, given, gone;

	take_all(z, objs, MANY);
	for (size_t i = 0; i < MANY / 4; i++)
		memset(objs[i], 1, 4096);
	before = resident();
	for (size_t i = 0; i < MANY; i++)
		if (i % 2 == 0)
			zone_free(z, objs[i]);
	given = zone_trim(z, ZONE_TRIM_CACHES);
	for (size_t i = 0; i < MANY; i++)
		if (i % 2 != 0)
			zone_free(z, objs[i]);
	given += zone_trim(z, ZONE_TRIM_CACHES);
	ck_assert_uint_eq(zone_trim(NULL, ZONE_TRIM_CACHES), 0);
	ck_assert_uint_le(given, MANY / 4 * 4096);
	gone = before - resident();
	if (!SANITIZED)
		ck_assert_uint_le(given, gone + 64 * KIB);
}
END_TEST

/* A slab of several units, and one of huge pages, go like any other. */
START_TEST(large_slabs)
{
	static const size_t sizes[] = { 100000, MIB };

	for (size_t s = 0; s < LEN(sizes); s++)
		for (uint32_t flags = 0; flags <= ZONE_HUGE;
		    flags += ZONE_HUGE) {
			zone_t *z = make("large", sizes[s],
			    ATTR(.flags = flags));

			size_t before;

			take_all(z, objs, 40);
			for (int i = 0; i < 40; i++)
				memset(objs[i], 1, sizes[s]);
			before = resident();
			zone_free_n(z, objs, 40);
			zone_trim(z, ZONE_TRIM_CACHES);
			ck_assert_uint_eq(stats_of(z).slabs, 0);
			if (!SANITIZED)
				ck_assert_uint_le(resident() + 38 * sizes[s],
				    before);
			take_all(z, objs, 40);
			zone_free_n(z, objs, 40);
		}
}
END_TEST

/* What was given back is zero, and as good as new. */
START_TEST(used_again_afterwards)
{
	zone_t *z = make_large();

	for (int round = 0; round < 5; round++) {
		zone_free_n(z, objs, MANY);
		zone_trim(NULL, ZONE_TRIM_CACHES);
		take_all(z, objs, MANY);
		for (int i = 0; i < MANY; i++)
			memset(objs[i], round, SIZE);
		ck_assert_uint_eq(stats_of(z).live, MANY);
	}
}
END_TEST

static _Atomic(bool) stop;

static void *
churn(void *arg)
{
	void *mine[400];

	while (!stop) {
		take_all(arg, mine, LEN(mine));
		for (size_t i = 0; i < LEN(mine); i++)
			memset(mine[i], (int)i, SIZE);
		for (size_t i = 0; i < LEN(mine); i++)
			MUST(((unsigned char *)mine[i])[SIZE - 1] ==
			    (unsigned char)i);
		zone_free_n(arg, mine, LEN(mine));
	}
	return NULL;
}

START_TEST(while_others_work)
{
	zone_t *z = make("busy", SIZE, NULL);
	pthread_t t[3];

	for (size_t i = 0; i < LEN(t); i++)
		start(&t[i], churn, z);
	for (int i = 0; i < 300; i++)
		zone_trim(i % 2 == 0 ? z : NULL, i % 3);
	stop = true;
	for (size_t i = 0; i < LEN(t); i++)
		(void)join(t[i]);
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

RUN_TESTS("trim", bad_arguments, nothing_to_give, memory_goes_back,
    bytes_are_true, says_what_it_gave, live_objects_stay, excess_and_free,
    one_zone_or_all, idle_threads, large_slabs, used_again_afterwards,
    while_others_work)
