/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fail.c - allocations that fail because ZOBJ_OPTIONS says so: so many, the
 * same ones each time, in the zones that are meant and nowhere else.
 *
 * The options are read when a program starts: this one starts itself.
 */
#include "api.h"

enum { CALLS = 20000 };

static const char options[] = "fail=1/10@some*;fail=1/10:5@some-other;"
    "fail=1/1@none;fail=1/3@limited";

ZONE_DEFINE(defined, "some-defined", int);

/* Take N objects, or fail as planned; HITS[i]: the I-th failed.  How many. */
static size_t
try(zone_t *z, bool *hits, size_t n)
{
	size_t failed = 0;
	void *p;

	for (size_t i = 0; i < n; i++) {
		errno = 0;
		p = zone_alloc(z, i % 2 == 0 ? 0 : ZONE_ZERO);
		hits[i] = p == NULL;
		failed += p == NULL;
		ck_assert(p != NULL || errno == ENOMEM);
		zone_free(z, p);
	}
	return failed;
}

START_TEST(one_in_ten)
{
	static bool hits[CALLS];
	zone_t *z = make("some", 40, NULL);
	size_t failed = try(z, hits, CALLS);

	ck_assert_uint_gt(failed, CALLS / 10 * 8 / 10);
	ck_assert_uint_lt(failed, CALLS / 10 * 12 / 10);
	ck_assert_uint_eq(stats_of(z).fails, failed);
	ck_assert_uint_eq(stats_of(z).live, 0);
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}
END_TEST

START_TEST(the_same_ones)
{
	static bool first[CALLS], again[CALLS], other[CALLS];
	zone_t *z;

	for (int round = 0; round < 3; round++) {
		z = make("some", 40, NULL);
		(void)try(z, round == 0 ? first : again, CALLS);
		ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
	}
	ck_assert_int_eq(memcmp(first, again, sizeof first), 0);
	(void)try(make("some-other", 40, NULL), other, CALLS);
	ck_assert_int_ne(memcmp(first, other, sizeof first), 0);
}
END_TEST

START_TEST(others_do_not_fail)
{
	static bool hits[CALLS];

	ck_assert_uint_eq(try(make("awesome", 40, NULL), hits, CALLS), 0);
	ck_assert_uint_eq(try(make("none", 40, NULL), hits, 1000), 1000);
	ck_assert_uint_gt(try(defined, hits, 1000), 50);
}
END_TEST

/* What fails was never taken: the limit stays exact. */
START_TEST(beside_a_limit)
{
	zone_t *z = make("limited", 40, ATTR(.limit = 100));
	size_t n = 0, failed = 0;
	void *p;

	for (;;) {
		errno = 0;
		p = zone_alloc(z, 0);
		if (p == NULL && errno == ENOSPC)
			break;
		ck_assert(p != NULL || errno == ENOMEM);
		n += p != NULL;
		failed += p == NULL;
	}
	ck_assert_uint_eq(n, 100);
	ck_assert_uint_gt(failed, 10);
	ck_assert_uint_eq(stats_of(z).live, 100);
}
END_TEST

static int
construct(void *obj, void *arg)
{
	++*(size_t *)arg;
	*(int *)obj = 5;
	return 0;
}

/* No constructor runs for what is not given. */
START_TEST(with_a_constructor)
{
	size_t built = 0, n = 0;
	zone_t *z = make("some-built", 40, ATTR(.ctor = construct,
	    .arg = &built));

	for (int i = 0; i < 1000; i++) {
		int *p = zone_alloc(z, 0);

		n += p != NULL;
		ck_assert(p == NULL || *p == 5);
	}
	ck_assert_uint_eq(n, built);
	ck_assert_uint_lt(n, 1000);
}
END_TEST

/* Objects may come back from anywhere. */
START_TEST(with_threads)
{
	static void *objs[1000];
	zone_t *z = make("some", 40, NULL);

	for (size_t i = 0; i < LEN(objs); i++)
		objs[i] = zone_alloc(z, 0);
	free_elsewhere(z, objs, LEN(objs));
	ck_assert_uint_eq(stats_of(z).live, 0);
	(void)zone_trim(z, ZONE_TRIM_CACHES);
	ck_assert_uint_eq(stats_of(z).slabs, 0);
}
END_TEST

int
main(int argc, char **argv)
{
	const TTest *const tests[] = {
		one_in_ten, the_same_ones, others_do_not_fail, beside_a_limit,
		with_a_constructor, with_threads
	};

	(void)argc;
	if (getenv("FAIL_STARTED") == NULL) {
		setenv("FAIL_STARTED", "1", 1);
		setenv("ZOBJ_OPTIONS", options, 1);
		execv("/proc/self/exe", argv);
		return 99;
	}
	return api_run("fail", tests, LEN(tests));
}
