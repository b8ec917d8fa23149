/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * many.c - COUNT objects in one call, as the zone API allows; malloc makes as
 * many calls as there are objects.
 */
#include "bench.h"

enum { CHECK_EVERY = 16 };	/* of the objects of a batch, one is read */

static void
many_setup(struct bench_run *r)
{
	r->data = bench_own(r->count, sizeof (void *));
}

static void
many_teardown(struct bench_run *r)
{
	free(r->data);
}

__attribute__((__always_inline__)) static inline void
many_take(struct bench_run *r, enum bench_source from, void **objects)
{
	if (from == BENCH_ZONE) {
		if (zone_alloc_n(r->zone, objects, r->count, 0) != r->count)
			bench_fail("out of memory");
		return;
	}
	for (size_t i = 0; i < r->count; i++)
		objects[i] = bench_take(r, from);
}

__attribute__((__always_inline__)) static inline void
many_give(struct bench_run *r, enum bench_source from, void **objects)
{
	if (from == BENCH_ZONE) {
		zone_free_n(r->zone, objects, r->count);
		return;
	}
	for (size_t i = 0; i < r->count; i++)
		bench_give(r, from, objects[i]);
}

BENCH_BODY(many)
{
	void **objects = r->data;
	size_t done = 0;

	do {
		many_take(r, from, objects);
		for (size_t i = 0; i < r->count; i++)
			bench_write(objects[i], i);
		for (size_t i = 0; i < r->count; i += CHECK_EVERY)
			bench_check(objects[i], i);
		many_give(r, from, objects);
		done += r->count;
	} while (done < BENCH_LOOP);
	return done;
}

const struct bench_row bench_many[] = {
	{
		.name = "many", .setup = many_setup,
		.body = BENCH_BOTH(many), .teardown = many_teardown,
		.sizes = { 64, 256 },
		.counts = { 8, 100, 10000 }, .total = 2000000
	},
	{ .name = NULL }
};
