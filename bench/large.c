/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * large.c - rows for malloc alone: blocks that grow, and blocks of many pages.
 */
#include <string.h>

#include "bench.h"

enum { KIB = 1024 };

/* ---- grow: a buffer that becomes half as large again, from 1 byte ---- */

/* The size after SIZE. */
static size_t
next_size(size_t size)
{
	return size + (size + 1) / 2;
}

/* Both ends are touched; what lies between is the program's affair. */
static size_t
grow(struct bench_run *r)
{
	size_t done = 0;

	while (done < BENCH_LOOP) {
		size_t size = 1;
		unsigned char *p = malloc(size);

		for (; p != NULL && size < r->size; done++) {
			p[0] = (unsigned char)size;
			p[size - 1] = (unsigned char)size;
			p = realloc(p, next_size(size));
			if (p == NULL)
				break;
			bench_check(p, size);
			bench_check(p + size - 1, size);
			size = next_size(size);
		}
		if (p == NULL)
			bench_fail("out of memory");
		free(p);
	}
	return done;
}

/* ---- append: the same, and all of it is written ---- */

enum { SHORT_STEPS = 27, LONG_STEPS = 44 };	/* to 64 KiB, to 64 MiB */

static size_t
append(struct bench_run *r)
{
	size_t done = 0, size = 1;
	unsigned char *p = malloc(size);

	if (p == NULL)
		bench_fail("out of memory");
	for (p[0] = 1; size < r->size; done++) {
		size_t more = next_size(size) - size;

		p = realloc(p, size + more);
		if (p == NULL)
			bench_fail("out of memory");
		memset(p + size, (int)(done + 2), more);
		bench_keep(p);
		bench_check(p, 1);
		bench_check(p + size - 1, done + 1);
		bench_check(p + size + more - 1, done + 2);
		size += more;
	}
	free(p);
	return done;
}

/* ---- regrow: a buffer that becomes SIZE in steps of a 16th of it ---- */

enum { REGROW_STEPS = 16 };

static size_t
regrow(struct bench_run *r)
{
	size_t step = r->size / REGROW_STEPS;
	unsigned char *p = malloc(step);

	for (size_t i = 2; p != NULL && i <= REGROW_STEPS; i++) {
		p[(i - 1) * step - 1] = (unsigned char)i;
		p = realloc(p, i * step);
		if (p == NULL)
			break;
		bench_check(p + (i - 1) * step - 1, i);
		/* One byte of what is new. */
		bench_write(p + i * step - 1, i);
	}
	if (p == NULL)
		bench_fail("out of memory");
	free(p);
	return REGROW_STEPS;
}

/* ---- large: replace one of COUNT blocks of 64 KiB to SIZE ---- */

enum { LARGE_LOOP = 50 };

struct block {
	unsigned char	*start;
	size_t		 size;
};

/* Every doubling is as frequent as every other. */
static size_t
large_size(struct bench_run *r)
{
	size_t doublings = 0, low;

	while ((size_t)128 * KIB << doublings <= r->size)
		doublings++;
	low = (size_t)64 * KIB << bench_random(r, doublings);
	return low + bench_random(r, low);
}

/* Both ends are touched; what lies between is the program's affair. */
static void
large_take(struct bench_run *r, struct block *b)
{
	b->size = large_size(r);
	b->start = malloc(b->size);
	if (b->start == NULL)
		bench_fail("out of memory");
	bench_write(b->start, b->size);
	bench_write(b->start + b->size - 1, b->size);
}

static void
large_give(struct block *b)
{
	bench_check(b->start, b->size);
	bench_check(b->start + b->size - 1, b->size);
	free(b->start);
}

static void
large_setup(struct bench_run *r)
{
	struct block *blocks = malloc(r->count * sizeof *blocks);

	if (blocks == NULL)
		bench_fail("out of memory");
	for (size_t i = 0; i < r->count; i++)
		large_take(r, &blocks[i]);
	r->data = blocks;
}

static size_t
large(struct bench_run *r)
{
	struct block *blocks = r->data;

	for (size_t i = 0; i < LARGE_LOOP; i++) {
		struct block *b = &blocks[bench_random(r, r->count)];

		large_give(b);
		large_take(r, b);
	}
	return LARGE_LOOP;
}

static void
large_teardown(struct bench_run *r)
{
	struct block *blocks = r->data;

	for (size_t i = 0; i < r->count; i++)
		large_give(&blocks[i]);
	free(blocks);
}

/* ---- filled: a block of SIZE bytes, all of them written ---- */

static size_t
filled(struct bench_run *r)
{
	unsigned char *p = malloc(r->size);

	if (p == NULL)
		bench_fail("out of memory");
	memset(p, 0x5a, r->size);
	bench_keep(p);
	bench_check(p + r->size / 2, 0x5a);
	free(p);
	return 1;
}

const struct bench_row bench_large[] = {
	{
		.name = "grow", .body = { grow },
		.sizes = { 1 * KIB, 64 * KIB },
		.ops = BENCH_LOOP, .total = 500000
	}, {
		.name = "grow", .body = { grow },
		.sizes = { 64 * 1024 * KIB },
		.ops = BENCH_LOOP, .total = 20000
	}, {
		.name = "append", .body = { append },
		.sizes = { 64 * KIB },
		.ops = SHORT_STEPS, .total = 50000
	}, {
		.name = "append", .body = { append },
		.sizes = { 64 * 1024 * KIB },
		.ops = LONG_STEPS, .total = 300
	}, {
		.name = "regrow", .body = { regrow },
		.sizes = { 1024 * KIB },
		.ops = REGROW_STEPS, .total = 80000
	}, {
		.name = "regrow", .body = { regrow },
		.sizes = { 16 * 1024 * KIB },
		.ops = REGROW_STEPS, .total = 800
	}, {
		.name = "large", .setup = large_setup,
		.body = { large }, .teardown = large_teardown,
		.sizes = { 1024 * KIB, 16 * 1024 * KIB }, .counts = { 16 },
		.ops = LARGE_LOOP, .total = 10000
	}, {
		.name = "filled", .body = { filled },
		.sizes = { 64 * KIB, 1024 * KIB },
		.ops = 1, .total = 1000
	}, {
		.name = "filled", .body = { filled },
		.sizes = { 16 * 1024 * KIB },
		.ops = 1, .total = 30
	},
	{ .name = NULL }
};
