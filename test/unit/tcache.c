/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcache.c - words in and out of a thread cache.
 */
#include "unit.h"

static struct zone zone;
static struct slab slab;
static line_aligned struct tcache tc;

static void
reset(uint32_t stride, uint32_t nobj)
{
	memset(&tc, 0, sizeof tc);
	fake_zone(&zone, stride, nobj);
	fake_slab(&slab, &zone, 0);
	tcache_init(&tc, &zone);
}

START_TEST(init)
{
	reset(48, 100);
	ck_assert_uint_eq(tc.stride, 48);
	ck_assert_ptr_eq(tc.zone, &zone);
	ck_assert_uint_eq(load_relaxed(&tc.word), 0);
	ck_assert(list_empty(&tc.ready) && list_empty(&tc.spent));
}
END_TEST

/* Word by word, every object once, in order. */
START_TEST(hold_and_take)
{
	static const uint32_t counts[] = { 1, 63, 64, 65, 200, 4096 };

	for (size_t i = 0; i < LEN(counts); i++) {
		uint32_t n = counts[i], next = 0;

		reset(24, n);
		while (tcache_hold(&tc, &slab)) {
			unsigned w = next / 64;

			ck_assert_ptr_eq(load_relaxed(&tc.slab), &slab);
			ck_assert(tcache_holds(&tc, &slab, w));
			ck_assert(!tcache_holds(&tc, &slab, w + 1));
			ck_assert_uint_eq(tcache_held(&tc, &slab, w),
			    slab_word_mask(&slab, w));
			ck_assert_uint_eq(free_bits(&slab, w), 0);
			while (load_relaxed(&tc.word) != 0)
				ck_assert_uint_eq((uintptr_t)tcache_take(&tc),
				    FAKE_BASE + 24 * next++);
		}
		ck_assert_uint_eq(next, n);
		ck_assert(!slab_has_free(&slab));
	}
}
END_TEST

START_TEST(unhold_puts_back)
{
	reset(24, 200);
	ck_assert(tcache_hold(&tc, &slab));
	for (int i = 0; i < 10; i++)
		(void)tcache_take(&tc);
	tcache_unhold(&tc);
	ck_assert_uint_eq(load_relaxed(&tc.word), 0);
	ck_assert_ptr_null(load_relaxed(&tc.slab));
	ck_assert_uint_eq(free_bits(&slab, 0), ~(uint64_t)0 << 10);
	ck_assert_uint_eq(slab_count_free(&slab), 190);
	ck_assert(tcache_hold(&tc, &slab));
	ck_assert_uint_eq((uintptr_t)tcache_take(&tc), FAKE_BASE + 240);
}
END_TEST

START_TEST(unhold_of_nothing)
{
	reset(24, 200);
	tcache_unhold(&tc);
	ck_assert_uint_eq(slab_count_free(&slab), 200);
	while (tcache_hold(&tc, &slab))
		store_relaxed(&tc.word, 0);
	tcache_unhold(&tc);
	ck_assert(!slab_has_free(&slab));
	tcache_unhold(&tc);
}
END_TEST

/* A summary bit without free objects is only a hint. */
START_TEST(stale_summary)
{
	reset(24, 200);
	store_relaxed(&slab.map[0].free, 0);
	store_relaxed(&slab.map[1].free, 0);
	ck_assert(tcache_hold(&tc, &slab));
	ck_assert(tcache_holds(&tc, &slab, 2));
	ck_assert_uint_eq(load_relaxed(&slab.summary) & 3, 0);
}
END_TEST

/* Constructed objects together, or a raw one alone. */
START_TEST(raw_objects_come_alone)
{
	_Atomic(uint64_t) built[4] = { 0 };

	reset(24, 200);
	slab.built = built;
	ck_assert(tcache_hold(&tc, &slab));
	ck_assert(tc.raw);
	ck_assert_uint_eq(load_relaxed(&tc.word), 1);
	ck_assert_uint_eq(free_bits(&slab, 0), ~(uint64_t)1);
	ck_assert_uint_eq((uintptr_t)tcache_take(&tc), FAKE_BASE);
	built[0] = 0xf0;
	tc.raw = false;
	ck_assert(tcache_hold(&tc, &slab));
	ck_assert(!tc.raw);
	ck_assert_uint_eq(load_relaxed(&tc.word), 0xf0);
	ck_assert_uint_eq(free_bits(&slab, 0), ~(uint64_t)0xf1);
	tcache_unhold(&tc);
	ck_assert_uint_eq(free_bits(&slab, 0), ~(uint64_t)1);
}
END_TEST

RUN_TESTS("tcache", init, hold_and_take, unhold_puts_back, unhold_of_nothing,
    stale_summary, raw_objects_come_alone)
