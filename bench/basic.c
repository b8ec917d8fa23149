/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * basic.c - rows with small objects of one size, in one thread or in several
 * that share nothing.
 */
#include <string.h>

#include "bench.h"

enum {
	LOOP = BENCH_LOOP,
	CHECK_EVERY = 16	/* of the objects of a batch, one is read */
};

/* ---- pair: free what was just allocated ---- */

BENCH_BODY(pair)
{
	for (size_t i = 0; i < LOOP; i++) {
		void *p = bench_take(r, from);

		bench_write(p, i);
		bench_check(p, i);
		bench_give(r, from, p);
	}
	return LOOP;
}

/* ---- calloc: the same with zeroed memory, which is written to ---- */

BENCH_BODY(zeroed)
{
	for (size_t i = 0; i < LOOP; i++) {
		unsigned char *p = from == BENCH_ZONE ?
		    zone_alloc(r->zone, ZONE_ZERO) : calloc(1, r->size);

		if (p == NULL)
			bench_fail("out of memory");
		if ((p[0] | p[r->size - 1]) != 0)
			bench_fail("zeroed memory is not zero");
		memset(p, 0xff, 16);
		p[r->size - 1] = 0xff;
		bench_keep(p);
		bench_give(r, from, p);
	}
	return LOOP;
}

/* ---- batch: COUNT objects, then all of them freed in some order ---- */

struct batch {
	uint32_t *order;	/* indexes in the order of freeing */
	void	 *objects[];
};

static void
batch_setup(struct bench_run *r)
{
	struct batch *b = bench_own(1, sizeof *b +
	    r->count * sizeof b->objects[0]);

	b->order = bench_own(r->count, sizeof b->order[0]);
	for (size_t i = 0; i < r->count; i++)
		b->order[i] = (uint32_t)i;
	r->data = b;
}

static void
batch_setup_reverse(struct bench_run *r)
{
	struct batch *b;

	batch_setup(r);
	b = r->data;
	for (size_t i = 0; i < r->count; i++)
		b->order[i] = (uint32_t)(r->count - 1 - i);
}

static void
batch_setup_shuffled(struct bench_run *r)
{
	struct batch *b;

	batch_setup(r);
	b = r->data;
	for (size_t i = r->count; i > 1; i--) {
		size_t k = bench_random(r, i);
		uint32_t swap = b->order[k];

		b->order[k] = b->order[i - 1];
		b->order[i - 1] = swap;
	}
}

static void
batch_teardown(struct bench_run *r)
{
	struct batch *b = r->data;

	free(b->order);
	free(b);
}

BENCH_BODY(batch)
{
	struct batch *b = r->data;
	size_t count = r->count, done = 0;

	do {
		for (size_t i = 0; i < count; i++) {
			b->objects[i] = bench_take(r, from);
			bench_write(b->objects[i], i);
		}
		for (size_t i = 0; i < count; i += CHECK_EVERY)
			bench_check(b->objects[i], i);
		for (size_t i = 0; i < count; i++)
			bench_give(r, from, b->objects[b->order[i]]);
		done += count;
	} while (done < LOOP);
	return done;
}

/* ---- random: replace one of COUNT live objects ---- */

enum { WARM_UP = 2 };	/* replacements per object before the clock runs */

/* The object that is freed is read rarely: programs free cold objects too. */
__attribute__((__always_inline__)) static inline void
replace(struct bench_run *r, enum bench_source from, void **objects)
{
	size_t k = bench_random(r, r->count);

	if ((k & 63) == 0)
		bench_check(objects[k], k);
	bench_give(r, from, objects[k]);
	objects[k] = bench_take(r, from);
	bench_write(objects[k], k);
}

static void
random_setup(struct bench_run *r)
{
	void **objects = bench_own(r->count, sizeof *objects);

	for (size_t i = 0; i < r->count; i++) {
		objects[i] = bench_take(r, r->source);
		bench_write(objects[i], i);
	}
	for (size_t i = 0; i < WARM_UP * r->count; i++)
		replace(r, r->source, objects);
	r->data = objects;
}

BENCH_BODY(replacing)
{
	void **objects = r->data;

	for (size_t i = 0; i < LOOP; i++)
		replace(r, from, objects);
	return LOOP;
}

static void
random_teardown(struct bench_run *r)
{
	void **objects = r->data;

	for (size_t i = 0; i < r->count; i++) {
		bench_check(objects[i], i);
		bench_give(r, r->source, objects[i]);
	}
	free(objects);
}

const struct bench_row bench_basic[] = {
	{
		.name = "pair", .body = BENCH_BOTH(pair),
		.sizes = { 16, 64, 256, 1024, 4096, 8192, 32768 },
		.ops = LOOP, .total = 4000000
	}, {
		.name = "pair", .body = BENCH_BOTH(pair),
		.sizes = { 64 }, .threads = { 2, 4, 8, 32 },
		.ops = LOOP, .total = 8000000
	}, {
		.name = "calloc", .body = BENCH_BOTH(zeroed),
		.sizes = { 64, 256, 1024, 4096, 32768 },
		.ops = LOOP, .total = 1000000
	}, {
		.name = "batch", .setup = batch_setup,
		.body = BENCH_BOTH(batch), .teardown = batch_teardown,
		.sizes = { 16, 64, 256, 1024 },
		.counts = { 8, 100, 10000 }, .total = 2000000
	}, {
		.name = "batch", .setup = batch_setup,
		.body = BENCH_BOTH(batch), .teardown = batch_teardown,
		.sizes = { 4096, 32768 },
		.counts = { 8, 100, 1000 }, .total = 200000
	}, {
		.name = "batch-reverse", .setup = batch_setup_reverse,
		.body = BENCH_BOTH(batch), .teardown = batch_teardown,
		.sizes = { 64, 256, 1024 },
		.counts = { 8, 100, 10000 }, .total = 2000000
	}, {
		.name = "batch-shuffled", .setup = batch_setup_shuffled,
		.body = BENCH_BOTH(batch), .teardown = batch_teardown,
		.sizes = { 64, 256, 1024 },
		.counts = { 8, 100, 10000, 100000 }, .total = 2000000
	}, {
		.name = "random", .setup = random_setup,
		.body = BENCH_BOTH(replacing), .teardown = random_teardown,
		.sizes = { 64, 256, 1024 },
		.counts = { 64, 10000, 100000 },
		.ops = LOOP, .total = 1000000
	}, {
		.name = "random", .setup = random_setup,
		.body = BENCH_BOTH(replacing), .teardown = random_teardown,
		.sizes = { 64 },
		.counts = { 10000, 100000 }, .threads = { 2, 4, 8, 32 },
		.ops = LOOP, .total = 2000000
	}, {
		.name = "random", .setup = random_setup,
		.body = BENCH_BOTH(replacing), .teardown = random_teardown,
		.sizes = { 16, 64, 256 }, .counts = { 1000000 },
		.ops = LOOP, .total = 1000000
	}, {
		.name = "random", .setup = random_setup,
		.body = BENCH_BOTH(replacing), .teardown = random_teardown,
		.sizes = { 4096, 8192, 16384, 32768 }, .counts = { 1000 },
		.ops = LOOP, .total = 1000000
	},
	{ .name = NULL }
};
