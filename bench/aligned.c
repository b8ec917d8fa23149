/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * aligned.c - rows that ask for more alignment than malloc gives: one of
 * COUNT live objects is replaced at random.
 */
#include "bench.h"

enum { WARM_UP = 2 };	/* replacements per object before the clock runs */

__attribute__((__always_inline__)) static inline void *
aligned_take(struct bench_run *r, enum bench_source from)
{
	void *p = NULL;

	if (from == BENCH_ZONE)
		p = zone_alloc(r->zone, 0);
	else if (posix_memalign(&p, r->align, r->size) != 0)
		p = NULL;
	if (p == NULL)
		bench_fail("out of memory");
	if (((uintptr_t)p & (r->align - 1)) != 0)
		bench_fail("an object is not aligned");
	return p;
}

__attribute__((__always_inline__)) static inline void
replace(struct bench_run *r, enum bench_source from, void **objects)
{
	size_t k = bench_random(r, r->count);

	if ((k & 63) == 0)
		bench_check(objects[k], k);
	bench_give(r, from, objects[k]);
	objects[k] = aligned_take(r, from);
	bench_write(objects[k], k);
}

static void
aligned_setup(struct bench_run *r)
{
	void **objects = bench_own(r->count, sizeof *objects);

	for (size_t i = 0; i < r->count; i++) {
		objects[i] = aligned_take(r, r->source);
		bench_write(objects[i], i);
	}
	for (size_t i = 0; i < WARM_UP * r->count; i++)
		replace(r, r->source, objects);
	r->data = objects;
}

BENCH_BODY(aligned)
{
	void **objects = r->data;

	for (size_t i = 0; i < BENCH_LOOP; i++)
		replace(r, from, objects);
	return BENCH_LOOP;
}

static void
aligned_teardown(struct bench_run *r)
{
	void **objects = r->data;

	for (size_t i = 0; i < r->count; i++) {
		bench_check(objects[i], i);
		bench_give(r, r->source, objects[i]);
	}
	free(objects);
}

#define ALIGNED(to)							\
	.name = "aligned-" #to, .align = (to), .setup = aligned_setup,	\
	.body = BENCH_BOTH(aligned), .teardown = aligned_teardown

const struct bench_row bench_aligned[] = {
	{
		ALIGNED(32), .sizes = { 96 }, .counts = { 1000 },
		.ops = BENCH_LOOP, .total = 1000000
	}, {
		ALIGNED(64), .sizes = { 64, 1000 }, .counts = { 1000, 100000 },
		.ops = BENCH_LOOP, .total = 1000000
	}, {
		ALIGNED(4096), .sizes = { 100, 4096, 10000 },
		.counts = { 1000 },
		.ops = BENCH_LOOP, .total = 200000
	}, {
		ALIGNED(65536), .sizes = { 65536 }, .counts = { 100 },
		.ops = BENCH_LOOP, .total = 50000
	},
	{ .name = NULL }
};
