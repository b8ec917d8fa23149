/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c - the bins of free runs, on a table of descriptors without memory.
 */
#include "unit.h"

#include "../../lib/arena.h"
#include "../../lib/run.h"

enum { UNITS = 200000 };

static struct slab *table;		/* the first unit is the last entry */
static struct run_pool pool;

static struct slab *
unit(size_t n)
{
	return table + UNITS - 1 - n;
}

static void
reset(void)
{
	table = aligned_alloc(sizeof *table, UNITS * sizeof *table);
	ck_assert_ptr_nonnull(table);
	memset(table, 0, UNITS * sizeof *table);
	run_pool_init(&pool);
}

START_TEST(tags)
{
	reset();
	run_insert(&pool, unit(10), 1, false);
	ck_assert_int_eq(unit(10)->state, UNIT_FREE);
	run_insert(&pool, unit(20), 7, false);
	ck_assert_int_eq(unit(20)->state, UNIT_FREE);
	ck_assert_int_eq(unit(26)->state, UNIT_TAIL);
	ck_assert_uint_eq(unit(20)->units, 7);
	ck_assert_uint_eq(unit(26)->units, 7);
	ck_assert_uint_eq(pool.units, 8);
	run_pool_check(&pool, false);
	run_remove(&pool, unit(20));
	ck_assert_int_eq(unit(20)->state, UNIT_NONE);
	ck_assert_int_eq(unit(26)->state, UNIT_NONE);
	run_remove(&pool, unit(10));
	ck_assert_uint_eq(pool.units, 0);
	ck_assert_ptr_null(run_find(&pool, 1));
	run_pool_check(&pool, false);
}
END_TEST

/* Every length goes into a bin, is found by itself and by anything less. */
START_TEST(every_length)
{
	reset();
	for (size_t n = 1; n <= UNITS; n += 1 + n / 100) {
		run_insert(&pool, unit(0), n, true);
		run_pool_check(&pool, true);
		ck_assert_ptr_eq(run_find(&pool, n), unit(0));
		ck_assert_ptr_eq(run_find(&pool, 1), unit(0));
		ck_assert_ptr_eq(run_find(&pool, n / 2 + 1), unit(0));
		ck_assert_ptr_null(run_find(&pool, n + 1));
		run_remove(&pool, unit(0));
	}
}
END_TEST

START_TEST(largest_request)
{
	reset();
	ck_assert_ptr_null(run_find(&pool, UINT32_MAX / 2));
	ck_assert_ptr_null(run_find(&pool, (size_t)UINT32_MAX));
	run_insert(&pool, unit(0), UNITS, true);
	ck_assert_ptr_null(run_find(&pool, UINT32_MAX));
}
END_TEST

/* Short runs are found exactly. */
START_TEST(best_fit_of_short_runs)
{
	reset();
	for (size_t n = 1, at = 0; n <= RUN_EXACT; at += n++)
		run_insert(&pool, unit(at), n, false);
	for (size_t n = 1; n <= RUN_EXACT; n++)
		ck_assert_uint_eq(run_find(&pool, n)->units, n);
}
END_TEST

/* Last freed, first found; the oldest is at the end of by_age. */
START_TEST(age)
{
	reset();
	for (size_t i = 0; i < 10; i++)
		run_insert(&pool, unit(10 * i), 3, false);
	ck_assert_ptr_eq(run_find(&pool, 3), unit(90));
	ck_assert_ptr_eq(SLAB_OF_ALL(pool.by_age.prev), unit(0));
	run_remove(&pool, unit(0));
	ck_assert_ptr_eq(SLAB_OF_ALL(pool.by_age.prev), unit(10));
}
END_TEST

/* Against a model: what is found is long enough, and none is overlooked. */
enum { SLOTS = 300, MOST = UNITS / SLOTS };

static size_t
longest(const size_t *len)
{
	size_t most = 0;

	for (int i = 0; i < SLOTS; i++)
		most = max_size(most, len[i]);
	return most;
}

static void
find_one(const size_t *len, size_t want)
{
	struct slab *d = run_find(&pool, want);
	size_t most = longest(len);

	if (d != NULL) {
		size_t at = (size_t)(unit(0) - d);

		ck_assert_uint_ge(d->units, want);
		ck_assert_uint_eq(at % MOST, 0);
		ck_assert_uint_eq(len[at / MOST], d->units);
	} else if (want <= RUN_EXACT) {
		ck_assert_uint_lt(most, want);
	} else {
		/* The first of a bin's runs are looked at, not all. */
		ck_assert_uint_lt(most, want + want / RUN_STEPS + 1);
	}
}

START_TEST(random_against_a_model)
{
	struct rng r = { 13 };
	size_t len[SLOTS] = { 0 }, units = 0;

	reset();
	for (int i = 0; i < 100000; i++) {
		uint32_t k = rng_below(&r, SLOTS);

		if (len[k] == 0) {
			len[k] = 1 + rng_below(&r, 1 + rng_below(&r, MOST));
			run_insert(&pool, unit(k * MOST), len[k], true);
			units += len[k];
		} else {
			run_remove(&pool, unit(k * MOST));
			units -= len[k];
			len[k] = 0;
		}
		ck_assert_uint_eq(pool.units, units);
		find_one(len, 1 + rng_below(&r, MOST));
		if (i % 1000 == 0)
			run_pool_check(&pool, true);
	}
}
END_TEST

RUN_TESTS("run", tags, every_length, largest_request, best_fit_of_short_runs,
    age, random_against_a_model)
