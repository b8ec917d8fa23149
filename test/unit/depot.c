/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * depot.c - free units on their way from zone to zone.
 */
#include "unit.h"

#include <sched.h>

#include "../../lib/arena.h"
#include "../../lib/depot.h"

static void
stay_on_one_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	ck_assert_int_eq(sched_setaffinity(0, sizeof set, &set), 0);
}

static struct slab *
new_unit(unsigned shard)
{
	bool zero;
	struct slab *d = arena_alloc(1, 1, &zero);

	ck_assert_ptr_nonnull(d);
	d->shard = (uint8_t)shard;
	return d;
}

static size_t
used(void)
{
	struct arena_usage u;

	arena_usage(&u);
	return u.used;
}

START_TEST(empty)
{
	ck_assert_ptr_null(depot_get());
	ck_assert_uint_eq(depot_units(), 0);
	depot_drain();
}
END_TEST

/* Last in, first out, from our own processor. */
START_TEST(own_shard)
{
	struct slab *d[DEPOT_KEEP];

	stay_on_one_processor();
	for (int i = 0; i < DEPOT_KEEP; i++)
		d[i] = new_unit(depot_shard());
	for (int i = 0; i < DEPOT_KEEP; i++)
		depot_put(d[i]);
	ck_assert_uint_eq(depot_units(), DEPOT_KEEP);
	for (int i = DEPOT_KEEP; i-- > 0;) {
		struct slab *got = depot_get();

		ck_assert_ptr_eq(got, d[i]);
		ck_assert_uint_eq(got->shard, depot_shard());
		ck_assert_int_eq(got->state, UNIT_NONE);
	}
	ck_assert_ptr_null(depot_get());
}
END_TEST

START_TEST(other_shard)
{
	stay_on_one_processor();
	depot_put(new_unit(depot_shard() + 1));
	ck_assert_uint_eq(depot_units(), 1);
	ck_assert_ptr_null(depot_get());
	depot_drain();
	ck_assert_uint_eq(depot_units(), 0);
}
END_TEST

/* What a shard does not keep goes to the arena. */
START_TEST(bounded)
{
	struct slab *d[DEPOT_KEEP + 10];

	for (size_t i = 0; i < LEN(d); i++)
		d[i] = new_unit(3);
	for (size_t i = 0; i < LEN(d); i++)
		depot_put(d[i]);
	ck_assert_uint_eq(depot_units(), DEPOT_KEEP);
	ck_assert_uint_eq(used(), DEPOT_KEEP);
	depot_drain();
	ck_assert_uint_eq(used(), 0);
	arena_check();
}
END_TEST

START_TEST(every_shard)
{
	for (unsigned i = 0; i < 3 * DEPOT_SHARDS; i++)
		depot_put(new_unit(i));
	ck_assert_uint_eq(depot_units(), 3 * DEPOT_SHARDS);
	depot_drain();
	ck_assert_uint_eq(depot_units() + used(), 0);
}
END_TEST

static void *
churn(void *arg)
{
	struct slab *mine[20];
	struct rng r = { (uintptr_t)mine };

	(void)arg;
	for (int i = 0; i < 3000; i++) {
		size_t n = 1 + rng_below(&r, LEN(mine));

		for (size_t k = 0; k < n; k++) {
			mine[k] = depot_get();
			if (mine[k] == NULL)
				mine[k] = new_unit(depot_shard());
			/* Nobody else has it. */
			*(void **)mine[k]->base = &mine;
		}
		for (size_t k = 0; k < n; k++) {
			MUST(*(void **)mine[k]->base == &mine);
			depot_put(mine[k]);
		}
		if (rng_one_in(&r, 100))
			depot_drain();
	}
	return NULL;
}

START_TEST(many_threads)
{
	pthread_t t[4];

	for (size_t i = 0; i < LEN(t); i++)
		start(&t[i], churn, NULL);
	for (size_t i = 0; i < LEN(t); i++)
		(void)join(t[i]);
	ck_assert_uint_eq(used(), depot_units());
	depot_drain();
	ck_assert_uint_eq(used(), 0);
}
END_TEST

RUN_TESTS("depot", empty, own_shard, other_shard, bounded, every_shard,
    many_threads)
