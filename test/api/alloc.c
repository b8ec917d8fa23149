/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * alloc.c - zone_alloc, zone_free and their plural forms, one thread.
 */
#include "api.h"

enum { MANY = 10000 };

static void *objs[MANY];

static int
compare(const void *a, const void *b)
{
	uintptr_t p = *(const uintptr_t *)a, q = *(const uintptr_t *)b;

	return p < q ? -1 : p > q;
}

START_TEST(objects_are_distinct)
{
	zone_t *z = make("distinct", 40, NULL);

	take_all(z, objs, MANY);
	qsort(objs, MANY, sizeof objs[0], compare);
	for (int i = 1; i < MANY; i++)
		ck_assert_uint_ge((uintptr_t)objs[i],
		    (uintptr_t)objs[i - 1] + 40);
}
END_TEST

START_TEST(free_makes_room)
{
	zone_t *z = make("room", 64, NULL);
	size_t slabs;

	take_all(z, objs, MANY);
	slabs = stats_of(z).slabs;
	for (int round = 0; round < 20; round++) {
		zone_free_n(z, objs, MANY);
		ck_assert_uint_eq(stats_of(z).live, 0);
		take_all(z, objs, MANY);
		ck_assert_uint_eq(stats_of(z).live, MANY);
	}
	ck_assert_uint_eq(stats_of(z).slabs, slabs);
}
END_TEST

/* Freed in a random order, one at a time, against a model. */
START_TEST(random_order)
{
	struct rng r = { 1 };
	zone_t *z = make("random", 24, NULL);
	size_t live = 0;

	for (int i = 0; i < 300000; i++) {
		uint32_t k = rng_below(&r, MANY);

		if (objs[k] == NULL) {
			objs[k] = take(z);
			*(uint32_t *)objs[k] = k;
			live++;
		} else {
			ck_assert_uint_eq(*(uint32_t *)objs[k], k);
			zone_free(z, objs[k]);
			objs[k] = NULL;
			live--;
		}
		if (i % 30000 == 0)
			api_verify();
	}
	ck_assert_uint_eq(stats_of(z).live, live);
}
END_TEST

START_TEST(free_of_null_is_nothing)
{
	zone_t *z = make("null", 8, NULL);

	zone_free(z, NULL);
	zone_free(NULL, NULL);
	zone_free_n(z, NULL, 0);
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

START_TEST(free_without_zone)
{
	zone_t *a = make("a", 8, NULL), *b = make("b", 200000, NULL);
	void *p = take(a), *q = take(b);

	zone_free(NULL, p);
	zone_free(NULL, q);
	ck_assert_uint_eq(stats_of(a).live + stats_of(b).live, 0);
}
END_TEST

START_TEST(free_keeps_errno)
{
	zone_t *z = make("errno", 8, NULL);

	take_all(z, objs, MANY);
	for (int i = 0; i < MANY; i++) {
		errno = EXDEV;
		zone_free(i % 2 == 0 ? z : NULL, objs[i]);
		ck_assert_int_eq(errno, EXDEV);
	}
	errno = EXDEV;
	zone_free(z, NULL);
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

static void *
free_one_keeping_errno(void *arg)
{
	errno = EXDEV;
	zone_free(NULL, arg);
	MUST(errno == EXDEV);
	return NULL;
}

START_TEST(first_call_of_a_thread_keeps_errno)
{
	zone_t *z = make("errno", 8, NULL);

	for (int i = 0; i < 100; i++)
		(void)in_thread(free_one_keeping_errno, take(z));
}
END_TEST

/* What was freed keeps its bytes: the library does not write to it. */
START_TEST(memory_is_not_touched)
{
	zone_t *z = make("mine", 48, NULL);

	take_all(z, objs, MANY);
	for (int i = 0; i < MANY; i++)
		memset(objs[i], i, 48);
	for (int i = 0; i < MANY; i++)
		zone_free(z, objs[i]);
	for (int i = 0; i < MANY; i++)
		for (int k = 0; k < 48; k++)
			ck_assert_uint_eq(((unsigned char *)objs[i])[k],
			    (unsigned char)i);
}
END_TEST

START_TEST(zero_flag)
{
	static const size_t sizes[] = { 1, 7, 48, 1000, 70000 };

	for (size_t s = 0; s < LEN(sizes); s++) {
		zone_t *z = make("zero", sizes[s], NULL);
		size_t n = sizes[s] > 10000 ? 20 : 500;

		for (int round = 0; round < 3; round++) {
			for (size_t i = 0; i < n; i++) {
				objs[i] = zone_alloc(z, ZONE_ZERO);
				ck_assert_ptr_nonnull(objs[i]);
				ck_assert(is_zero(objs[i], sizes[s]));
				memset(objs[i], 0xff, sizes[s]);
			}
			zone_free_n(z, objs, n);
		}
		ck_assert_uint_eq(zone_alloc_n(z, objs, n, ZONE_ZERO), n);
		for (size_t i = 0; i < n; i++)
			ck_assert(is_zero(objs[i], sizes[s]));
	}
}
END_TEST

START_TEST(zero_zone)
{
	zone_t *z = make("zeros", 48, ATTR(.flags = ZONE_ZERO));

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY; i++) {
			objs[i] = take(z);
			ck_assert(is_zero(objs[i], 48));
			memset(objs[i], 0xff, 48);
		}
		zone_free_n(z, objs, MANY);
	}
}
END_TEST

/* ZONE_ZERO fills the object, and not its neighbour. */
START_TEST(zero_stays_inside)
{
	zone_t *z = make("tight", 5, ATTR(.align = 1));
	char *p[64];

	for (size_t i = 0; i < LEN(p); i++) {
		p[i] = take(z);
		memset(p[i], 'x', 5);
	}
	zone_free(z, p[30]);
	p[30] = zone_alloc(z, ZONE_ZERO);
	for (size_t i = 0; i < LEN(p); i++)
		ck_assert(i == 30 ? is_zero(p[i], 5) :
		    memcmp(p[i], "xxxxx", 5) == 0);
}
END_TEST

START_TEST(unknown_flags)
{
	static const unsigned flags[] = {
		ZONE_HUGE, 0x8000, ~0u, ZONE_ZERO | 0x10,
		ZONE_NOFAIL | ZONE_NOWAIT
	};
	zone_t *z = make("flags", 8, NULL);
	void *some[4];

	zone_free(z, take(z));
	for (size_t i = 0; i < LEN(flags); i++) {
		ASSERT_FAILS(zone_alloc(z, flags[i]), NULL, EINVAL);
		ASSERT_FAILS(zone_alloc_n(z, some, 4, flags[i]), 0, EINVAL);
	}
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

/* Nothing at hand: NULL; what was freed is at hand. */
START_TEST(nowait)
{
	zone_t *z = make("nowait", 64, NULL);
	size_t n = 0;

	ASSERT_FAILS(zone_alloc(z, ZONE_NOWAIT), NULL, ENOMEM);
	ck_assert_uint_eq(stats_of(z).slabs, 0);
	zone_free(z, take(z));
	while (n < MANY && (objs[n] = zone_alloc(z, ZONE_NOWAIT)) != NULL)
		n++;
	ck_assert_uint_eq(n, SLAB / 64);
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_uint_eq(stats_of(z).slabs, 1);
	zone_free(z, objs[17]);
	ck_assert_ptr_eq(zone_alloc(z, ZONE_NOWAIT | ZONE_ZERO), objs[17]);
	ck_assert(is_zero(objs[17], 64));
}
END_TEST

START_TEST(nowait_zone)
{
	zone_t *z = make("nowait", 64, ATTR(.flags = ZONE_NOWAIT));

	ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOMEM);
	ASSERT_FAILS(zone_alloc(z, ZONE_ZERO), NULL, ENOMEM);
	ASSERT_FAILS(zone_alloc_n(z, objs, 10, 0), 0, ENOMEM);
	ck_assert_uint_eq(stats_of(z).fails, 3);
}
END_TEST

/* What another thread freed is at hand, too. */
START_TEST(nowait_finds_remote_frees)
{
	zone_t *z = make("nowait", 64, NULL);
	size_t n = SLAB / 64;

	take_all(z, objs, n);
	ASSERT_FAILS(zone_alloc(z, ZONE_NOWAIT), NULL, ENOMEM);
	free_elsewhere(z, objs + 100, 100);
	for (int i = 0; i < 100; i++)
		ck_assert_ptr_nonnull(zone_alloc(z, ZONE_NOWAIT));
	ASSERT_FAILS(zone_alloc(z, ZONE_NOWAIT), NULL, ENOMEM);
}
END_TEST

START_TEST(plural_forms)
{
	zone_t *z = make("plural", 16, NULL);

	ck_assert_uint_eq(zone_alloc_n(z, objs, 0, 0), 0);
	ck_assert_uint_eq(zone_alloc_n(z, objs, MANY, 0), MANY);
	ck_assert_uint_eq(stats_of(z).live, MANY);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(zone_holds(z, objs[i]), 1);
	/* Gaps are skipped, the array is not changed. */
	for (int i = 0; i < MANY; i += 3) {
		zone_free(z, objs[i]);
		objs[i] = NULL;
	}
	zone_free_n(z, objs, MANY);
	ck_assert_ptr_nonnull(objs[1]);
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

START_TEST(plural_stops_at_the_limit)
{
	zone_t *z = make("limited", 16, ATTR(.limit = 100));

	ASSERT_FAILS(zone_alloc_n(z, objs, 150, 0), 100, ENOSPC);
	ASSERT_FAILS(zone_alloc_n(z, objs + 100, 1, 0), 0, ENOSPC);
	zone_free_n(z, objs, 40);
	ASSERT_FAILS(zone_alloc_n(z, objs, 50, ZONE_ZERO), 40, ENOSPC);
	ck_assert_uint_eq(stats_of(z).live, 100);
}
END_TEST

START_TEST(plural_of_several_zones)
{
	zone_t *a = make("a", 16, NULL), *b = make("b", 300, NULL);

	for (int i = 0; i < MANY; i++)
		objs[i] = take(i % 2 == 0 ? a : b);
	zone_free_n(NULL, objs, MANY);
	ck_assert_uint_eq(stats_of(a).live + stats_of(b).live, 0);
}
END_TEST

RUN_TESTS("alloc", objects_are_distinct, free_makes_room, random_order,
    free_of_null_is_nothing, free_without_zone, free_keeps_errno,
    first_call_of_a_thread_keeps_errno, memory_is_not_touched, zero_flag,
    zero_zone, zero_stays_inside, unknown_flags, nowait, nowait_zone,
    nowait_finds_remote_frees, plural_forms, plural_stops_at_the_limit,
    plural_of_several_zones)
