/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.c - a zone's limit on live objects: reached exactly, never exceeded.
 */
#include "api.h"

#include <stdatomic.h>

enum { MOST = 5000, THREADS = 4, ROUNDS = 20000 };

static void *objs[MOST + 1];

START_TEST(exactly_the_limit)
{
	static const size_t limits[] = { 1, 2, 63, 64, 65, 1000, MOST };

	for (size_t i = 0; i < LEN(limits); i++) {
		size_t n = limits[i];
		zone_t *z = make("limit", 100, ATTR(.limit = n));

		take_all(z, objs, n);
		ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOSPC);
		ASSERT_FAILS(zone_alloc(z, ZONE_ZERO), NULL, ENOSPC);
		ASSERT_FAILS(zone_alloc(z, ZONE_NOWAIT), NULL, ENOSPC);
		ck_assert_uint_eq(stats_of(z).live, n);
		ck_assert_uint_eq(stats_of(z).fails, 3);
		zone_free(z, objs[n / 2]);
		objs[n / 2] = take(z);
		ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOSPC);
		zone_free_n(z, objs, n);
		ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
	}
}
END_TEST

/* What is full is the zone, not the memory. */
START_TEST(limit_beyond_a_slab)
{
	zone_t *z = make("slabs", 30000, ATTR(.limit = 11));

	take_all(z, objs, 11);
	ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOSPC);
	zone_trim(z, ZONE_TRIM_CACHES);
	ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOSPC);
}
END_TEST

START_TEST(freed_elsewhere_makes_room)
{
	zone_t *z = make("remote", 16, ATTR(.limit = 200));

	for (int i = 0; i < 50; i++) {
		take_all(z, objs, 200);
		ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOSPC);
		free_elsewhere(z, objs, 200);
	}
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

/* No memory is not the limit, and does not count against it. */
START_TEST(failures_are_not_counted_as_live)
{
	zone_t *z = make("nowait", 8, ATTR(.limit = 3, .flags = ZONE_NOWAIT));

	for (int i = 0; i < 10; i++)
		ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOMEM);
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

static int
refuse(void *obj, void *arg)
{
	(void)obj;
	return *(int *)arg;
}

START_TEST(failing_constructors_are_not_counted)
{
	int error = EPERM;
	zone_t *z = make("ctor", 8, ATTR(.limit = 3, .ctor = refuse,
	    .arg = &error));

	for (int i = 0; i < 10; i++)
		ASSERT_FAILS(zone_alloc(z, 0), NULL, EPERM);
	ck_assert_uint_eq(stats_of(z).live, 0);
	ck_assert_uint_eq(stats_of(z).fails, 10);
	error = 0;
	take_all(z, objs, 3);
	ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOSPC);
}
END_TEST

struct contest {
	zone_t		 *z;
	size_t		  limit;
	_Atomic(size_t)	  live;		/* never below the truth */
	_Atomic(unsigned) seed;
};

/* Count before freeing and after taking: never more than are live. */
static void *
compete(void *arg)
{
	struct contest *c = arg;
	struct rng r = { atomic_fetch_add(&c->seed, 1) };
	void *mine[64] = { NULL };

	for (int i = 0; i < ROUNDS; i++) {
		size_t k = rng_below(&r, LEN(mine));

		if (mine[k] == NULL) {
			mine[k] = zone_alloc(c->z, 0);
			if (mine[k] == NULL)
				MUST(errno == ENOSPC);
			else
				MUST(atomic_fetch_add(&c->live, 1) < c->limit);
		} else {
			atomic_fetch_sub(&c->live, 1);
			zone_free(c->z, mine[k]);
			mine[k] = NULL;
		}
	}
	for (size_t k = 0; k < LEN(mine); k++)
		if (mine[k] != NULL) {
			atomic_fetch_sub(&c->live, 1);
			zone_free(c->z, mine[k]);
		}
	return NULL;
}

START_TEST(many_threads)
{
	/* Less than each thread alone asks for. */
	struct contest c = { .limit = 20 };
	pthread_t t[THREADS];

	c.z = make("contest", 56, ATTR(.limit = c.limit));
	for (int i = 0; i < THREADS; i++)
		start(&t[i], compete, &c);
	for (int i = 0; i < THREADS; i++)
		(void)join(t[i]);
	ck_assert_uint_eq(c.live, 0);
	ck_assert_uint_eq(stats_of(c.z).live, 0);
	ck_assert_uint_gt(stats_of(c.z).fails, 0);
	take_all(c.z, objs, c.limit);
	ASSERT_FAILS(zone_alloc(c.z, 0), NULL, ENOSPC);
}
END_TEST

RUN_TESTS("limit", exactly_the_limit, limit_beyond_a_slab,
    freed_elsewhere_makes_room, failures_are_not_counted_as_live,
    failing_constructors_are_not_counted, many_threads)
