/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * region.c - the table of registered memory: sorted, found, and readable while
 * it is written.
 */
#include "unit.h"

#include "../../lib/arena.h"
#include "../../lib/region.h"

enum { ROUNDS = 20000, READERS = 3, STEP = 0x10000 };

static struct zone zones[3];

/* At START, of SIZE bytes; nobody touches what would be there. */
static struct region
region_at_address(uintptr_t start, size_t size, struct zone *z)
{
	return (struct region){ .start = start, .end = start + size,
	    .objects = start + 256, .nobj = (size - 256) / 8, .stride = 8,
	    .per_slab = UINT32_MAX, .slabs = (struct slab *)start,
	    .zone = z };
}

static int
add(uintptr_t start, size_t size, struct zone *z)
{
	struct region r = region_at_address(start, size, z);
	int error = region_claim(r.start, r.end);

	if (error == 0)
		region_add(&r);
	return error;
}

static struct zone *
zone_at(uintptr_t p)
{
	struct region r;

	if (!region_find(p, &r))
		return NULL;
	MUST(r.start <= p && p < r.end);
	return r.zone;
}

START_TEST(finds_each_byte)
{
	struct region r;

	ck_assert_ptr_null(zone_at(STEP));
	ck_assert(!region_at(0, &r));
	ck_assert_int_eq(add(3 * STEP, 1000, &zones[0]), 0);
	ck_assert_int_eq(add(STEP, 513, &zones[1]), 0);
	ck_assert_int_eq(add(2 * STEP, 1001, &zones[0]), 0);
	for (size_t i = 0; i < 1000; i++)
		ck_assert_ptr_eq(zone_at(3 * STEP + i), &zones[0]);
	ck_assert_ptr_null(zone_at(STEP - 1));
	ck_assert_ptr_eq(zone_at(STEP), &zones[1]);
	ck_assert_ptr_eq(zone_at(STEP + 512), &zones[1]);
	ck_assert_ptr_null(zone_at(STEP + 513));
	ck_assert_ptr_null(zone_at(2 * STEP + 1001));
	ck_assert_ptr_null(zone_at(0));
	ck_assert_ptr_null(zone_at(UINTPTR_MAX));
	for (size_t i = 0; i < 3; i++) {
		ck_assert(region_at(i, &r));
		ck_assert_uint_eq(r.start, (i + 1) * STEP);
	}
	ck_assert(!region_at(3, &r));
	region_check();
}
END_TEST

START_TEST(removes_by_zone)
{
	for (unsigned i = 1; i <= 30; i++)
		ck_assert_int_eq(add(i * STEP, 300, &zones[i % 3]), 0);
	ck_assert(region_has(&zones[1]));
	region_remove(&zones[1]);
	ck_assert(!region_has(&zones[1]));
	for (unsigned i = 1; i <= 30; i++)
		ck_assert_ptr_eq(zone_at(i * STEP),
		    i % 3 == 1 ? NULL : &zones[i % 3]);
	region_check();
	region_remove(&zones[1]);
	ck_assert_int_eq(add(STEP, 300, &zones[2]), 0);
	ck_assert_ptr_eq(zone_at(STEP), &zones[2]);
	region_remove(&zones[0]);
	region_remove(&zones[2]);
	ck_assert_ptr_null(zone_at(STEP));
	region_check();
}
END_TEST

START_TEST(refuses_overlap)
{
	uintptr_t p = 5 * STEP;

	ck_assert_int_eq(add(p, 1000, &zones[0]), 0);
	ck_assert_int_eq(add(p, 1000, &zones[1]), EINVAL);
	ck_assert_int_eq(add(p + 999, 1000, &zones[0]), EINVAL);
	ck_assert_int_eq(add(p - 999, 1000, &zones[0]), EINVAL);
	ck_assert_int_eq(add(p - 1000, 3000, &zones[0]), EINVAL);
	ck_assert_int_eq(add(p + 400, 300, &zones[0]), EINVAL);
	ck_assert_int_eq(add(p - 1000, 1000, &zones[0]), 0);
	ck_assert_int_eq(add(p + 1000, 1000, &zones[0]), 0);
	region_check();
}
END_TEST

START_TEST(refuses_the_arena)
{
	uintptr_t object = (uintptr_t)take(make("x", 64, NULL));
	uintptr_t table = (uintptr_t)arena_find((void *)object);

	ck_assert_int_eq(add(object, 1000, &zones[0]), EINVAL);
	ck_assert_int_eq(add(object - 500, 1000, &zones[0]), EINVAL);
	ck_assert_int_eq(add(table, 1000, &zones[0]), EINVAL);
	/* Reserved, not in use. */
	ck_assert_int_eq(add(object + 8 * MIB, 1000, &zones[0]), EINVAL);
	ck_assert_int_eq(add(4096, (size_t)1 << 47, &zones[0]), EINVAL);
}
END_TEST

START_TEST(has_an_end)
{
	struct region r;

	for (size_t i = REGION_MAX; i > 0; i--)
		ck_assert_int_eq(add(i * STEP, 300, &zones[i % 2]), 0);
	ck_assert_int_eq(add((REGION_MAX + 1) * STEP, 300, &zones[0]), ENOSPC);
	ck_assert_int_eq(add(STEP, 300, &zones[0]), EINVAL);
	ck_assert(region_at(REGION_MAX - 1, &r));
	ck_assert(!region_at(REGION_MAX, &r));
	for (size_t i = 1; i <= REGION_MAX; i++)
		ck_assert_ptr_eq(zone_at(i * STEP + 299), &zones[i % 2]);
	region_check();
	region_remove(&zones[0]);
	ck_assert_int_eq(add(2 * STEP, 300, &zones[2]), 0);
	region_check();
}
END_TEST

/* The same adds and removes on an array that is searched from end to end. */
START_TEST(random_against_a_list)
{
	struct region list[64], r;
	struct rng rng = { 42 };
	size_t n = 0;

	for (int round = 0; round < 5000; round++) {
		struct zone *z = &zones[rng_below(&rng, 3)];
		uintptr_t start = (1 + rng_below(&rng, 200)) * (STEP / 4);
		size_t size = 300 + rng_below(&rng, STEP), kept = 0;
		bool clear = rng_one_in(&rng, 40) || n == LEN(list);
		int error = 0;

		r = region_at_address(start, size, z);
		for (size_t i = 0; i < n; i++)
			if (r.start < list[i].end && list[i].start < r.end)
				error = EINVAL;
		if (clear) {
			region_remove(z);
			for (size_t i = 0; i < n; i++)
				if (list[i].zone != z)
					list[kept++] = list[i];
			n = kept;
		} else {
			ck_assert_int_eq(add(start, size, z), error);
			if (error == 0)
				list[n++] = r;
		}
		for (size_t i = 0; i < n; i++)
			MUST(zone_at(list[i].end - 1) == list[i].zone);
		region_check();
	}
}
END_TEST

static _Atomic(bool) done;

/* What is always there is always found, and whole. */
static void *
look_up(void *arg)
{
	struct rng r = { (uintptr_t)arg };
	struct region found;
	size_t n = 0;

	for (; !done || n < 1000; n++) {
		uintptr_t i = 1 + rng_below(&r, 99);
		bool there = region_find(i * STEP + 299, &found);

		MUST(there || i % 2 != 0);
		if (!there)
			continue;
		MUST(found.start == i * STEP && found.end == i * STEP + 300);
		MUST(found.objects == found.start + 256);
		MUST((uintptr_t)found.slabs == found.start);
		MUST(found.zone == &zones[i % 2]);
		MUST(found.stride == 8 && found.nobj == 5);
	}
	return NULL;
}

START_TEST(read_while_written)
{
	pthread_t t[READERS];

	for (unsigned i = 2; i < 100; i += 2)
		ck_assert_int_eq(add(i * STEP, 300, &zones[0]), 0);
	for (uintptr_t i = 0; i < READERS; i++)
		start(&t[i], look_up, (void *)(i + 1));
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 50 == 49)
			region_remove(&zones[1]);
		else
			(void)add((i % 50 * 2 + 1) * STEP, 300, &zones[1]);
	}
	done = true;
	for (unsigned i = 0; i < READERS; i++)
		(void)join(t[i]);
	region_check();
}
END_TEST

RUN_TESTS("region", finds_each_byte, removes_by_zone, refuses_overlap,
    refuses_the_arena, has_an_end, random_against_a_list, read_while_written)
