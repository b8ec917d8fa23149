/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c - when the system gives no more: NULL and ENOMEM, everything as it
 * was, and work goes on as soon as something is freed.
 */
#include "api.h"

#include <sys/resource.h>

enum { MANY = 2000000, SIZE = 1024 };

static void *objs[MANY];
ZONE_DEFINE(defined, "defined", int);

/* For this process; a sanitizer needs more than any limit. */
static bool
limit_to(int resource, size_t bytes)
{
	struct rlimit rl = { bytes, bytes };

	if (SANITIZED)
		return false;
	ck_assert_int_eq(setrlimit(resource, &rl), 0);
	return true;
}

/* Take until there is no more; how many. */
static size_t
use_up(zone_t *z)
{
	size_t n = 0;

	while (n < MANY && (objs[n] = zone_alloc(z, 0)) != NULL) {
		*(size_t *)objs[n] = n;
		n++;
	}
	ck_assert_uint_lt(n, MANY);
	ck_assert_int_eq(errno, ENOMEM);
	return n;
}

static void
verify(zone_t *z, size_t n)
{
	ck_assert_uint_eq(stats_of(z).live, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(*(size_t *)objs[i], i);
	api_verify();
}

/* Address space of the process, in bytes. */
static size_t
addresses(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	size_t pages;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%zu", &pages), 1);
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void
use_up_and_go_on(size_t size)
{
	zone_t *z = make("all", size, NULL), *other = make("other", 40, NULL);
	size_t n = use_up(z), again;

	ck_assert_uint_ge(n * size, 16 * MIB);
	verify(z, n);
	ck_assert_uint_ge(stats_of(z).fails, 1);
	ASSERT_FAILS(zone_alloc(z, ZONE_ZERO), NULL, ENOMEM);
	ASSERT_FAILS(zone_alloc_n(z, objs + n, 5, 0), 0, ENOMEM);
	/* One comes back, one can be had. */
	zone_free(z, objs[n - 1]);
	objs[n - 1] = take(z);
	*(size_t *)objs[n - 1] = n - 1;
	verify(z, n);
	/* What one zone gives back serves another. */
	zone_free_n(z, objs, n);
	for (int i = 0; i < 10000; i++)
		(void)take(other);
	again = use_up(z);
	ck_assert_uint_ge(again + n / 10, n);
	verify(z, again);
	ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
	zone_free(other, take(other));
}

START_TEST(address_space)
{
	if (limit_to(RLIMIT_AS, 512 * MIB))
		use_up_and_go_on(SIZE);
}
END_TEST

START_TEST(address_space_with_large_slabs)
{
	if (limit_to(RLIMIT_AS, 512 * MIB))
		use_up_and_go_on(50000);
}
END_TEST

START_TEST(data_segment)
{
	if (limit_to(RLIMIT_DATA, 200 * MIB))
		use_up_and_go_on(SIZE);
}
END_TEST

/* What is refused takes no addresses either, however often it is tried. */
START_TEST(refused_again_and_again)
{
	zone_t *z;
	size_t before;

	if (!limit_to(RLIMIT_DATA, 64 * MIB))
		return;
	z = make("all", SIZE, NULL);
	zone_free(z, take(z));
	before = addresses();
	(void)use_up(z);
	for (int i = 0; i < 1000; i++)
		ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOMEM);
	ck_assert_uint_lt(addresses(), before + 64 * MIB);
}
END_TEST

START_TEST(small_objects)
{
	if (limit_to(RLIMIT_DATA, 64 * MIB))
		use_up_and_go_on(64);
}
END_TEST

/* The constructor's zone and its own need each other's memory. */
static int
construct(void *obj, void *arg)
{
	*(void **)obj = zone_alloc(arg, 0);
	return *(void **)obj == NULL ? errno : 0;
}

static void
destruct(void *obj, void *arg)
{
	zone_free(arg, *(void **)obj);
}

START_TEST(in_a_constructor)
{
	zone_t *inner, *outer;
	size_t n = 0;

	if (!limit_to(RLIMIT_DATA, 100 * MIB))
		return;
	inner = make("inner", 2000, NULL);
	outer = make("outer", 104, ATTR(.ctor = construct, .dtor = destruct,
	    .arg = inner));
	while (n < MANY && (objs[n] = zone_alloc(outer, 0)) != NULL)
		n++;
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_uint_eq(stats_of(outer).live, n);
	ck_assert_uint_eq(stats_of(inner).live, n);
	zone_free_n(outer, objs, n);
	ck_assert_int_eq(zone_destroy(outer, ZONE_IF_EMPTY), 0);
	ck_assert_uint_eq(stats_of(inner).live, 0);
}
END_TEST

/* The limit of the zone is another matter, and stays exact. */
START_TEST(with_a_limit)
{
	zone_t *z, *all;
	size_t n;

	if (!limit_to(RLIMIT_DATA, 64 * MIB))
		return;
	z = make("limited", 100, ATTR(.limit = 3));
	all = make("all", SIZE, NULL);
	n = use_up(all);
	for (int i = 0; i < 10; i++)
		ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOMEM);
	ck_assert_uint_eq(stats_of(z).live, 0);
	zone_free_n(all, objs, n);
	for (int i = 0; i < 3; i++)
		(void)take(z);
	ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOSPC);
}
END_TEST

/* As soon as there is memory again, and not a while later. */
START_TEST(filling_a_reserve)
{
	enum { KEPT = 10 };
	void *dug[KEPT], *p;
	zone_t *z, *all;
	size_t n;

	if (!limit_to(RLIMIT_DATA, 64 * MIB))
		return;
	z = make("z", 3000, ATTR(.reserve = KEPT));
	p = take(z);
	all = make("all", SIZE, NULL);
	n = use_up(all);
	while (zone_alloc(z, 0) != NULL)
		continue;
	for (int i = 0; i < KEPT; i++) {
		dug[i] = zone_alloc(z, ZONE_RESERVE | ZONE_NOWAIT);
		ck_assert_ptr_nonnull(dug[i]);
	}
	/* Who gets an object tries to refill, now and then, in vain. */
	for (int i = 0; i < 1000; i++) {
		zone_free(z, p);
		p = take(z);
	}
	ASSERT_FAILS(zone_fill(z, 0), -1, ENOMEM);
	zone_free_n(all, objs, n);
	ck_assert_int_eq(zone_fill(z, 0), 0);
	ck_assert_uint_eq(stats_of(z).reserve_free, KEPT);
	for (int i = 0; i < KEPT; i++)
		zone_free(z, dug[i]);
	ck_assert_int_eq(zone_fill(z, 0), 0);
	ck_assert_uint_ge(stats_of(z).reserve_free, KEPT);
}
END_TEST

START_TEST(making_zones)
{
	size_t zones = 0, n;
	zone_t *all;

	if (!limit_to(RLIMIT_DATA, 64 * MIB))
		return;
	all = make("all", SIZE, NULL);
	n = use_up(all);
	while (zones < 4000 && zone_create("more", 8, NULL) != NULL)
		zones++;
	if (zones < 4000)
		ck_assert_int_eq(errno, ENOMEM);
	ASSERT_FAILS(zone_alloc(defined, 0), NULL, ENOMEM);
	/* What other zones hold free is enough to make one. */
	zone_free_n(all, objs, n);
	(void)take(make("again", 8, NULL));
	(void)take(defined);
}
END_TEST

/* Threads that find no memory for their caches do without them. */
static void *
use_a_little(void *arg)
{
	void *p = zone_alloc(arg, 0);

	MUST(p != NULL || errno == ENOMEM);
	zone_free(arg, p);
	return p;
}

START_TEST(threads)
{
	zone_t *z, *all;
	size_t n;

	if (!limit_to(RLIMIT_DATA, 100 * MIB))
		return;
	z = make("z", 64, NULL);
	all = make("all", SIZE, NULL);
	zone_free(z, take(z));
	n = use_up(all);
	for (int i = 0; i < 100; i++) {
		pthread_t t;

		/* The thread's stack needs memory, too. */
		if (pthread_create(&t, NULL, use_a_little, z) == 0)
			(void)join(t);
	}
	zone_free_n(all, objs, n);
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

/* Several arenas: objects outside of the first are as good as any. */
START_TEST(several_arenas)
{
	zone_t *z;
	size_t n;

	if (!limit_to(RLIMIT_AS, 1024 * MIB))
		return;
	z = make("spread", 100000, NULL);
	n = use_up(z);
	ck_assert_uint_ge(n * 100000, 400 * MIB);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(zone_holds(z, objs[i]), 1);
		ck_assert_ptr_eq(zone_base((char *)objs[i] + 99999), objs[i]);
	}
	zone_free_n(z, objs, n);
	ck_assert_uint_eq(stats_of(z).live, 0);
	zone_trim(z, ZONE_TRIM_CACHES);
	ck_assert_uint_eq(stats_of(z).slabs, 0);
}
END_TEST

RUN_TESTS("memory", address_space, address_space_with_large_slabs,
    data_segment, refused_again_and_again, small_objects, in_a_constructor,
    with_a_limit, filling_a_reserve, making_zones, threads, several_arenas)
