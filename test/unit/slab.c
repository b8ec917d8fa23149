/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slab.c - the bitmaps of a slab, against a model of booleans.
 */
#include "unit.h"

static struct zone zone;
static struct slab slab;
static bool is_free[SLAB_MAX_OBJECTS];
static size_t free_count;

static void
reset(uint32_t nobj)
{
	fake_zone(&zone, 16, nobj);
	fake_slab(&slab, &zone, 0);
	for (uint32_t i = 0; i < nobj; i++)
		is_free[i] = true;
	free_count = nobj;
}

static void
verify(void)
{
	ck_assert_uint_eq(slab_count_free(&slab), free_count);
	ck_assert_int_eq(slab_has_free(&slab), free_count > 0);
	ck_assert_int_eq(slab_is_free(&slab), free_count == slab.nobj);
	for (uint32_t i = 0; i < slab.nobj; i++)
		ck_assert_int_eq(free_bits(&slab, i / 64) >> i % 64 & 1,
		    is_free[i]);
}

static const uint32_t counts[] = {
	1, 2, 63, 64, 65, 127, 128, 129, 500, 512, 513, 1024, 4095, 4096
};

START_TEST(words_and_masks)
{
	for (size_t i = 0; i < LEN(counts); i++) {
		uint32_t n = counts[i], sum = 0;

		reset(n);
		ck_assert_uint_eq(slab_words(&slab), (n + 63) / 64);
		for (unsigned w = 0; w < slab_words(&slab); w++)
			sum += count_bits(slab_word_mask(&slab, w));
		ck_assert_uint_eq(sum, n);
		ck_assert_uint_eq(slab_object(&slab, n - 1),
		    FAKE_BASE + (n - 1) * 16);
		verify();
	}
}
END_TEST

/* All out, lowest first, then all in again. */
START_TEST(out_and_in)
{
	bool raw;

	for (size_t i = 0; i < LEN(counts); i++) {
		uint32_t n = counts[i];

		reset(n);
		for (uint32_t k = 0; k < n; k++) {
			ck_assert_int_eq(slab_take(&slab, &raw), k);
			ck_assert(!raw);
			is_free[k] = false;
			free_count--;
		}
		ck_assert_int_eq(slab_take(&slab, &raw), -1);
		verify();
		for (uint32_t k = n; k-- > 0;) {
			ck_assert_int_eq(slab_put(&slab, k), k == n - 1);
			is_free[k] = true;
			free_count++;
		}
		verify();
	}
}
END_TEST

START_TEST(random_against_a_model)
{
	struct rng r = { 19 };
	bool raw;

	reset(777);
	for (int i = 0; i < 100000; i++) {
		uint32_t k = rng_below(&r, 777);

		/* Phases: first it empties, then it fills. */
		if (rng_below(&r, 10) < (i / 10000 % 2 == 0 ? 7u : 3u)) {
			ptrdiff_t got = slab_take(&slab, &raw);

			ck_assert_int_eq(got < 0, free_count == 0);
			if (got < 0)
				continue;
			ck_assert(is_free[got]);
			is_free[got] = false;
			free_count--;
		} else if (!is_free[k]) {
			(void)slab_put(&slab, k);
			is_free[k] = true;
			free_count++;
		}
		if (i % 100 == 0)
			verify();
	}
}
END_TEST

/* Objects with a constructor behind them come first, raw ones say so. */
START_TEST(built_objects_first)
{
	_Atomic(uint64_t) built[3] = { 0 };
	bool raw;

	reset(130);
	slab.built = built;
	slab_fill(&slab);
	ck_assert_int_eq(slab_take(&slab, &raw), 0);
	ck_assert(raw);
	built[0] = (uint64_t)1 << 17 | 1;
	ck_assert_int_eq(slab_take(&slab, &raw), 17);
	ck_assert(!raw);
	ck_assert_int_eq(slab_take(&slab, &raw), 1);
	ck_assert(raw);
	(void)slab_put(&slab, 17);
	(void)slab_put(&slab, 0);
	ck_assert_int_eq(slab_take(&slab, &raw), 0);
	ck_assert(!raw);
	ck_assert_int_eq(slab_take(&slab, &raw), 17);
	ck_assert(!raw);
}
END_TEST

/* What remote_free leaves behind: bits in remote, and which words they are. */
static void
free_remotely(uint32_t index)
{
	atomic_fetch_or(&slab.map[index / 64].remote,
	    (uint64_t)1 << index % 64);
	atomic_fetch_or(&slab.pending, (uint64_t)1 << index / 64);
}

START_TEST(collecting)
{
	bool raw;

	reset(300);
	while (slab_take(&slab, &raw) >= 0)
		free_count--;
	memset(is_free, 0, sizeof is_free);
	for (uint32_t i = 0; i < 300; i += 7) {
		free_remotely(i);
		is_free[i] = true;
		free_count++;
	}
	ck_assert(!slab_has_free(&slab));
	ck_assert_uint_eq(slab_collect(&slab, NULL), 0);
	verify();
	for (unsigned w = 0; w < slab_words(&slab); w++)
		ck_assert_uint_eq(remote_bits(&slab, w), 0);
	ck_assert_uint_eq(load_relaxed(&slab.pending), 0);
	ck_assert_uint_eq(slab_collect(&slab, NULL), 0);
}
END_TEST

/* Free in the map already: told, and nothing else happens. */
START_TEST(collecting_what_is_free)
{
	reset(300);
	free_remotely(130);
	ck_assert_uint_eq(slab_collect(&slab, NULL), slab_object(&slab, 130));
	verify();
}
END_TEST

/* The owner holds the word: what was freed joins it. */
START_TEST(collecting_into_the_held_word)
{
	line_aligned struct tcache tc;

	reset(300);
	memset(&tc, 0, sizeof tc);
	tcache_init(&tc, &zone);
	ck_assert(tcache_hold(&tc, &slab));
	for (int i = 0; i < 64; i++)
		(void)tcache_take(&tc);
	free_remotely(5);
	free_remotely(40);
	free_remotely(70);
	store_relaxed(&slab.map[1].free, ~((uint64_t)1 << 6));
	ck_assert_uint_eq(slab_collect(&slab, &tc), 0);
	ck_assert_uint_eq(load_relaxed(&tc.word), (uint64_t)1 << 5 |
	    (uint64_t)1 << 40);
	ck_assert_uint_eq(free_bits(&slab, 0), 0);
	ck_assert_uint_eq(free_bits(&slab, 1), ~(uint64_t)0);
	free_remotely(40);
	ck_assert_uint_eq(slab_collect(&slab, &tc), slab_object(&slab, 40));
	ck_assert_uint_eq(free_bits(&slab, 0), 0);
}
END_TEST

RUN_TESTS("slab", words_and_masks, out_and_in, random_against_a_model,
    built_objects_first, collecting, collecting_what_is_free,
    collecting_into_the_held_word)
