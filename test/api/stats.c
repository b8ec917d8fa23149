/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.c - zone_stats: exact at rest, and the sums it promises.
 */
#include "api.h"

enum { MANY = 20000, THREADS = 4 };

static void *objs[MANY];

START_TEST(bad_arguments)
{
	zone_t *z = make("args", 8, NULL);
	struct zone_stats st = { .stats_size = sizeof st - 4 };

	ASSERT_FAILS(zone_stats(z, &st), -1, EINVAL);
	st.stats_size = 0;
	ASSERT_FAILS(zone_stats(z, &st), -1, EINVAL);
	ASSERT_FAILS(zone_stats(z, NULL), -1, EINVAL);
	st.stats_size = sizeof st + 8;
	ASSERT_FAILS(zone_stats(z, &st), -1, EINVAL);
	st.stats_size = sizeof st;
	ASSERT_FAILS(zone_stats(NULL, &st), -1, EINVAL);
}
END_TEST

/* A program that was compiled with the struct as it was once. */
START_TEST(shorter_struct)
{
	static const size_t sizes[] = {
		offsetof(struct zone_stats, bytes_live),
		offsetof(struct zone_stats, bytes_seed)
	};
	zone_t *z = make("shorter", 100, NULL);
	struct zone_stats st, expected;

	memset(take(z), 1, 100);
	for (size_t k = 0; k < LEN(sizes); k++) {
		expected = stats_of(z);
		expected.stats_size = sizes[k];
		memset(&st, 0x5a, sizeof st);
		st.stats_size = sizes[k];
		ck_assert_int_eq(zone_stats(z, &st), 0);
		ck_assert_mem_eq(&st, &expected, sizes[k]);
		for (size_t i = sizes[k]; i < sizeof st; i++)
			ck_assert_int_eq(((char *)&st)[i], 0x5a);
	}
}
END_TEST

START_TEST(new_zone)
{
	zone_t *z = make("new", 20, ATTR(.align = 32, .limit = 9));
	struct zone_stats st = stats_of(z);

	ck_assert_uint_eq(st.stats_size, sizeof st);
	ck_assert_uint_eq(st.size, 20);
	ck_assert_uint_eq(st.stride, 32);
	ck_assert_uint_eq(st.limit, 9);
	ck_assert_uint_eq(st.live + st.peak + st.capacity + st.cached +
	    st.fails + st.slabs + st.bytes_mapped + st.bytes_resident +
	    st.bytes_meta + st.bytes_given + st.bytes_untouched, 0);
}
END_TEST

static void
verify_sums(zone_t *z, size_t live)
{
	struct zone_stats st = stats_of(z);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	ck_assert_uint_eq(st.live, live);
	ck_assert_uint_ge(st.peak, st.live);
	ck_assert_uint_le(st.live + st.cached, st.capacity);
	ck_assert_uint_eq(st.bytes_resident, st.bytes_live + st.bytes_cached +
	    st.bytes_shared + st.bytes_held + st.bytes_slack);
	ck_assert_uint_eq(st.bytes_mapped, st.bytes_resident +
	    st.bytes_given + st.bytes_untouched);
	ck_assert_uint_le(st.bytes_live, st.live * st.size);
	ck_assert_uint_le(st.bytes_cached, st.cached * st.size);
	ck_assert_uint_eq(st.bytes_resident % page, 0);
	ck_assert_uint_eq(st.bytes_mapped % SLAB, 0);
	ck_assert_uint_ge(st.bytes_mapped, st.slabs * SLAB);
	ck_assert_uint_ge(st.bytes_mapped, st.live * st.stride);
	ck_assert(st.slabs == 0 || st.bytes_meta > 0);
	if (st.slabs_owned == 0)
		ck_assert_uint_eq(st.cached, 0);
}

static void *
free_or_take(void *arg)
{
	struct batch *b = arg;

	for (size_t i = 0; i < b->n; i++) {
		if (i % 3 == 0) {
			zone_free(b->z, b->objs[i]);
			b->objs[i] = NULL;
		} else if (i % 3 == 1) {
			zone_free(b->z, b->objs[i]);
			b->objs[i] = take(b->z);
		}
	}
	return NULL;
}

static size_t
count_taken(size_t n)
{
	size_t live = 0;

	for (size_t i = 0; i < n; i++)
		live += objs[i] != NULL;
	return live;
}

/* Threads free each other's objects; at rest every figure is exact. */
static void
cross_free(zone_t *z, size_t n)
{
	size_t share = n / THREADS;
	struct batch b[THREADS];
	pthread_t t[THREADS];

	take_all(z, objs, n);
	verify_sums(z, n);
	for (int i = 0; i < THREADS; i++) {
		b[i] = (struct batch){ z, objs + i * share, share };
		start(&t[i], free_or_take, &b[i]);
	}
	for (int i = 0; i < THREADS; i++)
		(void)join(t[i]);
	verify_sums(z, count_taken(n));
	zone_free_n(z, objs, n);
	verify_sums(z, 0);
	zone_trim(z, ZONE_TRIM_CACHES);
	verify_sums(z, 0);
	ck_assert_uint_eq(stats_of(z).slabs, 0);
	ck_assert_uint_eq(stats_of(z).capacity, 0);
}

START_TEST(exact_at_rest)
{
	cross_free(make("tiny", 1, NULL), MANY);
	cross_free(make("small", 24, NULL), MANY);
	cross_free(make("medium", 1000, NULL), MANY);
	cross_free(make("large", 50000, NULL), 400);
	cross_free(make("huge", 300000, NULL), 80);
	cross_free(make("limited", 24, ATTR(.limit = MANY)), MANY);
	cross_free(make("slab", 24, ATTR(.slab_size = 1 * MIB)), MANY);
}
END_TEST

START_TEST(random_against_a_model)
{
	struct rng r = { 7 };
	zone_t *z = make("random", 40, NULL);
	size_t live = 0;

	for (int i = 0; i < 200000; i++) {
		uint32_t k = rng_below(&r, 3000);

		if (objs[k] == NULL) {
			objs[k] = take(z);
			live++;
		} else {
			zone_free(z, objs[k]);
			objs[k] = NULL;
			live--;
		}
		if (i % 2000 == 0)
			verify_sums(z, live);
		if (i % 50000 == 0)
			zone_trim(z, ZONE_TRIM_CACHES);
	}
}
END_TEST

/* Where slabs are counted follows from who holds them. */
START_TEST(slabs_by_state)
{
	zone_t *z = make("state", 8192, NULL);
	struct zone_stats st;

	take_elsewhere(z, objs, 24);
	zone_trim(z, ZONE_TRIM_CACHES);
	st = stats_of(z);
	ck_assert_uint_eq(st.slabs, 3);
	ck_assert_uint_eq(st.slabs_busy, 3);
	free_elsewhere(z, objs, 4);
	st = stats_of(z);
	ck_assert_uint_eq(st.slabs_partial + st.slabs_owned, 1);
	ck_assert_uint_eq(st.live, 20);
	zone_free_n(z, objs + 4, 4);
	st = stats_of(z);
	ck_assert_uint_eq(st.slabs_busy, 2);
	ck_assert_uint_eq(st.slabs_free + st.slabs_owned, 1);
	(void)take(z);
	st = stats_of(z);
	ck_assert_uint_eq(st.slabs_owned, 1);
	ck_assert_uint_eq(st.cached, 7);
}
END_TEST

START_TEST(fails_count)
{
	zone_t *z = make("fails", 8, ATTR(.limit = 1));

	(void)take(z);
	for (size_t i = 1; i <= 10; i++) {
		ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOSPC);
		ck_assert_uint_eq(stats_of(z).fails, i);
	}
}
END_TEST

START_TEST(resident_is_what_was_touched)
{
	zone_t *z = make("touch", 64 * KIB, NULL);
	size_t before, page = (size_t)sysconf(_SC_PAGESIZE);

	take_all(z, objs, 64);
	before = stats_of(z).bytes_resident;
	for (int i = 0; i < 64; i += 2)
		memset(objs[i], 1, 64 * KIB);
	ck_assert_uint_eq(stats_of(z).bytes_resident - before, 32 * 64 * KIB);
	*(char *)objs[1] = 1;
	ck_assert_uint_eq(stats_of(z).bytes_resident - before,
	    32 * 64 * KIB + page);
	ck_assert_uint_eq(stats_of(z).bytes_mapped, 64 * 64 * KIB);
}
END_TEST

/*
 * The peak is sampled when the zone grows: what is missing is at most the
 * objects of one slab per thread, or a sixteenth of a large zone.
 */
static void
verify_peak(size_t n, size_t per_slab)
{
	zone_t *z = make("peak", SLAB / per_slab, NULL);
	struct zone_stats st;

	take_all(z, objs, n);
	zone_free_n(z, objs, n);
	st = stats_of(z);
	ck_assert_uint_eq(st.live, 0);
	ck_assert_uint_le(st.peak, n);
	ck_assert_uint_ge(st.peak + per_slab + n / 16, n);
	take_all(z, objs, n / 2);
	ck_assert_uint_ge(stats_of(z).peak, st.peak);
	ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
}

START_TEST(peak_is_close)
{
	static const size_t counts[] = {
		1, 2, 100, 1000, 1024, 1025, 5000, 10000, MANY
	};

	for (size_t i = 0; i < LEN(counts); i++) {
		verify_peak(counts[i], 1024);
		verify_peak(counts[i], 64);
		verify_peak(counts[i], 16);
	}
}
END_TEST

START_TEST(peak_is_exact_when_asked)
{
	zone_t *z = make("peak", 64, NULL);

	take_all(z, objs, 777);
	ck_assert_uint_eq(stats_of(z).peak, 777);
	zone_free_n(z, objs, 777);
	ck_assert_uint_eq(stats_of(z).peak, 777);
	take_all(z, objs, 10);
	ck_assert_uint_eq(stats_of(z).peak, 777);
}
END_TEST

/* Asking does not disturb, however busy the zone is. */
static _Atomic(bool) stop;

static void *
churn(void *arg)
{
	void *mine[300];

	while (!stop) {
		take_all(arg, mine, LEN(mine));
		zone_free_n(arg, mine, LEN(mine));
	}
	return NULL;
}

START_TEST(while_others_work)
{
	zone_t *z = make("busy", 64, NULL);
	pthread_t t[THREADS];

	take_all(z, objs, 1000);
	for (int i = 0; i < THREADS; i++)
		start(&t[i], churn, z);
	for (int i = 0; i < 3000; i++) {
		struct zone_stats st = stats_of(z);

		ck_assert_uint_le(st.live, st.capacity);
	}
	stop = true;
	for (int i = 0; i < THREADS; i++)
		(void)join(t[i]);
	verify_sums(z, 1000);
}
END_TEST

static _Atomic(size_t) trims;

static void *
trim(void *arg)
{
	for (; !stop; trims++)
		zone_trim(arg, ZONE_TRIM_CACHES);
	return NULL;
}

/* What others do to our caches moves free objects, and changes no figure. */
START_TEST(while_others_trim)
{
	zone_t *z = make("trimmed", 64, NULL);
	pthread_t t[THREADS];

	stop = false;
	for (int i = 0; i < THREADS; i++)
		start(&t[i], trim, z);
	while (trims == 0)
		sched_yield();
	for (int i = 0; i < 300; i++) {
		take_all(z, objs, 300);
		ck_assert_uint_eq(stats_of(z).live, 300);
		zone_free_n(z, objs, 300);
	}
	stop = true;
	for (int i = 0; i < THREADS; i++)
		(void)join(t[i]);
	ck_assert_uint_gt(trims, 0);
}
END_TEST

RUN_TESTS("stats", bad_arguments, shorter_struct, new_zone, exact_at_rest,
    random_against_a_model, slabs_by_state, fails_count,
    resident_is_what_was_touched, peak_is_close, peak_is_exact_when_asked,
    while_others_work, while_others_trim)
