/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reserve.c - objects laid by for ZONE_RESERVE: as many as were asked for, in
 * any thread, while the system refuses every byte; nobody else gets them; they
 * come back when they are freed, and are made anew when they do not.
 */
#include "api.h"
#include "famine.h"

#include <stdatomic.h>

enum { MOST = 20000, THREADS = 4 };

static void *objs[MOST], *dug[MOST];

/* Take ordinary objects until there are no more; how many. */
static size_t
use_up(zone_t *z)
{
	size_t n = zone_alloc_n(z, objs, MOST, 0);

	ck_assert_uint_lt(n, MOST);
	ck_assert_int_eq(errno, ENOMEM);
	return n;
}

START_TEST(is_there_from_the_start)
{
	static const size_t sizes[] = { 8, 100, 1000, 5000, 200000 };
	static const size_t counts[] = { 1, 7, 64, 65, 200 };

	for (size_t i = 0; i < LEN(sizes); i++)
		for (size_t k = 0; k < LEN(counts); k++) {
			zone_t *z = make("laid-by", sizes[i],
			    ATTR(.reserve = counts[k]));
			struct zone_stats st = stats_of(z);

			ck_assert_uint_eq(st.reserve, counts[k]);
			ck_assert_uint_eq(st.reserve_free, counts[k]);
			ck_assert_uint_eq(st.live, 0);
			ck_assert_uint_ge(st.bytes_resident,
			    counts[k] * sizes[i]);
			ck_assert_uint_eq(st.bytes_resident, st.bytes_live +
			    st.bytes_cached + st.bytes_shared +
			    st.bytes_held + st.bytes_slack);
			api_verify();
			zone_trim(NULL, ZONE_TRIM_CACHES);
			ck_assert_uint_eq(stats_of(z).reserve_free, counts[k]);
			ck_assert_uint_ge(stats_of(z).bytes_resident,
			    counts[k] * sizes[i]);
			ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
		}
}
END_TEST

/* While there is memory nobody needs it. */
START_TEST(is_not_used_without_need)
{
	zone_t *z = make("plenty", 100, ATTR(.reserve = 10));

	for (size_t i = 0; i < 5000; i++)
		objs[i] = zone_alloc(z, i % 2 == 0 ? ZONE_RESERVE : 0);
	ck_assert_uint_eq(stats_of(z).reserve_free, 10);
	ck_assert_uint_eq(stats_of(z).live, 5000);
	zone_free_n(z, objs, 5000);
	ck_assert_uint_eq(stats_of(z).live, 0);
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}
END_TEST

START_TEST(flag_without_a_reserve)
{
	zone_t *z = make("none", 100, ATTR(.flags = ZONE_RESERVE));
	void *p = zone_alloc(z, 0);

	ck_assert_ptr_nonnull(p);
	zone_free(z, p);
}
END_TEST

START_TEST(only_who_may)
{
	zone_t *z = make("few", 3000, ATTR(.reserve = 50));
	size_t n;

	famine_begin();
	n = use_up(z);
	for (size_t i = 0; i < 50; i++) {
		ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOMEM);
		ASSERT_FAILS(zone_alloc(z, ZONE_ZERO), NULL, ENOMEM);
		ASSERT_FAILS(zone_alloc(z, ZONE_NOWAIT), NULL, ENOMEM);
		dug[i] = zone_alloc(z, i % 2 == 0 ? ZONE_RESERVE | ZONE_ZERO :
		    ZONE_RESERVE | ZONE_NOWAIT);
		ck_assert_ptr_nonnull(dug[i]);
		if (i % 2 == 0)
			ck_assert(is_zero(dug[i], 3000));
		memset(dug[i], 0xee, 3000);
		ck_assert_int_eq(zone_holds(z, dug[i]), 1);
		ck_assert_uint_eq(stats_of(z).reserve_free, 49 - i);
		ck_assert_uint_eq(stats_of(z).live, n + i + 1);
	}
	ASSERT_FAILS(zone_alloc(z, ZONE_RESERVE), NULL, ENOMEM);
	api_verify();

	/* Each comes back to where it was. */
	for (size_t i = 0; i < 50; i++) {
		zone_free(z, dug[i]);
		ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOMEM);
		ck_assert_uint_eq(stats_of(z).reserve_free, i + 1);
	}
	zone_free_n(z, objs, n);
	api_verify();
	ck_assert_uint_eq(stats_of(z).live, 0);
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}
END_TEST

/* A limit is one for all. */
START_TEST(with_a_limit)
{
	zone_t *z = make("limited", 3000, ATTR(.reserve = 5, .limit = 10));

	famine_begin();
	for (size_t i = 0; i < 10; i++)
		ck_assert_ptr_nonnull(dug[i] = zone_alloc(z, ZONE_RESERVE));
	ASSERT_FAILS(zone_alloc(z, ZONE_RESERVE), NULL, ENOSPC);
	zone_free_n(z, dug, 10);
	ck_assert_uint_eq(stats_of(z).live, 0);
	for (size_t i = 0; i < 10; i++)
		ck_assert_ptr_nonnull(dug[i] = zone_alloc(z, ZONE_RESERVE));
	ASSERT_FAILS(zone_alloc(z, ZONE_RESERVE), NULL, ENOSPC);
	zone_free_n(z, dug, 10);
}
END_TEST

static zone_t *shared;
static _Atomic(size_t) got;
static pthread_barrier_t barrier;

static void *
dig(void *arg)
{
	void **mine = arg;
	size_t n = 0;

	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	while ((mine[n] = zone_alloc(shared, ZONE_RESERVE)) != NULL) {
		memset(mine[n], (int)n, 500);
		n++;
	}
	atomic_fetch_add(&got, n);
	MUST(zone_alloc(shared, 0) == NULL && errno == ENOMEM);
	pthread_barrier_wait(&barrier);
	zone_free_n(shared, mine, n);
	return NULL;
}

/* Threads that never used the zone find all of it together, each its own. */
START_TEST(from_any_thread)
{
	pthread_t t[THREADS];
	size_t n;

	shared = make("shared", 500, ATTR(.reserve = 1000));
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (size_t i = 0; i < THREADS; i++)
		start(&t[i], dig, dug + i * 2000);
	pthread_barrier_wait(&barrier);
	famine_begin();
	n = use_up(shared);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < THREADS; i++)
		(void)join(t[i]);
	ck_assert_uint_eq(got, 1000);
	api_verify();
	ck_assert_uint_eq(stats_of(shared).reserve_free, 1000);
	zone_free_n(shared, objs, n);
	ck_assert_uint_eq(stats_of(shared).live, 0);
}
END_TEST

static unsigned built;

static int
build(void *obj, void *arg)
{
	(void)arg;
	memset(obj, 0x42, 100);
	built++;
	return 0;
}

static void
unbuild(void *obj, void *arg)
{
	(void)arg;
	MUST(*(char *)obj == 0x42);
	built--;
}

static bool
is_built(const void *obj)
{
	const unsigned char *c = obj;

	return *c == 0x42 && memcmp(c, c + 1, 99) == 0;
}

START_TEST(with_a_constructor)
{
	zone_t *z = make("built", 100, ATTR(.reserve = 40, .ctor = build,
	    .dtor = unbuild));
	size_t n;

	ck_assert_uint_eq(built, 40);
	famine_begin();
	n = use_up(z);
	ck_assert_uint_eq(built, n + 40);
	for (size_t i = 0; i < 40; i++) {
		dug[i] = zone_alloc(z, ZONE_RESERVE);
		ck_assert(dug[i] != NULL && is_built(dug[i]));
	}
	ASSERT_FAILS(zone_alloc(z, ZONE_RESERVE), NULL, ENOMEM);
	zone_free_n(z, dug, 40);
	zone_free_n(z, objs, n);
	api_verify();
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
	ck_assert_uint_eq(built, 0);
}
END_TEST

static int
refuse_third(void *obj, void *arg)
{
	(void)obj;
	(void)arg;
	return ++built == 3 ? EDOM : 0;
}

static void
count_down(void *obj, void *arg)
{
	(void)obj;
	(void)arg;
	built--;
}

START_TEST(what_cannot_be_had)
{
	ASSERT_FAILS(zone_create("much", 1 << 20, ATTR(.reserve =
	    SIZE_MAX / 2)), NULL, ENOMEM);
	ASSERT_FAILS(zone_create("beyond", 8, ATTR(.reserve = 11,
	    .limit = 10)), NULL, EINVAL);
	ASSERT_FAILS(zone_create("built", 100, ATTR(.reserve = 10,
	    .ctor = refuse_third, .dtor = count_down)), NULL, EDOM);
	/* The two that were made are gone, the third never was. */
	ck_assert_uint_eq(built, 1);
	famine_begin();
	ASSERT_FAILS(zone_create("late", 100000, ATTR(.reserve = 10000)), NULL,
	    ENOMEM);
}
END_TEST

int
main(void)
{
	const TTest *const anywhere[] = {
		is_there_from_the_start, is_not_used_without_need,
		flag_without_a_reserve
	};
	const TTest *const hungry[] = {
		only_who_may, with_a_limit, from_any_thread,
		with_a_constructor, what_cannot_be_had
	};
	int failed = api_run("reserve", anywhere, LEN(anywhere));

	if (!famine_is_possible())
		printf("partly skipped: memory cannot be refused here\n");
	else
		failed |= api_run("reserve-in-famine", hungry, LEN(hungry));
	return failed;
}
