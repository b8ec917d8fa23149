/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress.c - everything at once: sizes as programs have them (mix.h), some
 * of 32 KiB to 1 MiB, three kinds of lifetime, and one object in eight freed
 * by another thread.
 *
 * An object is put into a random slot of the pool of its kind, and dies when
 * another one comes there; so lifetimes are geometrically distributed, and
 * their mean is the size of the pool.  One in eight that come to their end is
 * left at an exchange, and what lay there is freed instead.
 */
#include <stdatomic.h>
#include <string.h>

#include "bench.h"
#include "mix.h"

enum {
	KINDS = 3,
	EXCHANGE = 1024,	/* places, of all threads */
	WHOLE = 256,		/* bytes; up to this size all of it is read */
	SMALLEST = 16,
	LARGE = 32 * 1024,
	WARM_UP = 20000		/* operations */
};

/* Begins each object; what lies behind is filled with FILL, to its end. */
struct head {
	uint32_t size;
	uint32_t fill;
};

struct pool {
	size_t	      slots;
	struct head **objects;
};

struct exchange {
	_Atomic(struct head *) places[EXCHANGE];
};

struct stress {
	struct exchange *exchange;
	struct pool	 pools[KINDS];
};

/* Of 16 objects 10 live short, 5 longer, 1 long. */
static const unsigned char kind_of[16] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2
};

/* ---- one object ---- */

static size_t
some_size(struct bench_run *r)
{
	size_t size = mix_sizes[mix_draw[bench_random(r, MIX_DRAWS)]];

	if (bench_random(r, 1024) == 0) {
		size = (size_t)LARGE << bench_random(r, 5);
		size += bench_random(r, size);
	}
	return size < SMALLEST ? SMALLEST : size;
}

/* Large ones are written at both ends only, as if they were buffers. */
static void
fill_from(struct head *h, size_t old)
{
	unsigned char *p = (unsigned char *)h;

	if (h->size <= LARGE)
		memset(p + old, (int)h->fill, h->size - old);
	else if (old < SMALLEST)
		memset(p + old, (int)h->fill, SMALLEST - old);
	p[h->size - 1] = (unsigned char)h->fill;
	bench_keep(p);
}

static void
verify(const struct head *h)
{
	const unsigned char *p = (const unsigned char *)h;

	bench_check(p + h->size - 1, h->fill);
	if (h->size > WHOLE)
		return;
	for (size_t i = sizeof *h; i < h->size; i++)
		bench_check(p + i, h->fill);
}

static struct head *
make(struct bench_run *r)
{
	size_t size = some_size(r);
	int zeroed = bench_random(r, 16) == 0;
	struct head *h = zeroed ? calloc(1, size) : malloc(size);

	if (h == NULL)
		bench_fail("out of memory");
	if (zeroed) {
		if ((h->size | h->fill) != 0)
			bench_fail("zeroed memory is not zero");
		h->size = (uint32_t)size;
		verify(h);
	}
	h->size = (uint32_t)size;
	h->fill = (uint32_t)bench_random(r, 256);
	fill_from(h, sizeof *h);
	return h;
}

static struct head *
resize(struct bench_run *r, struct head *h)
{
	size_t old = h->size, size = some_size(r);

	verify(h);
	h = realloc(h, size);
	if (h == NULL)
		bench_fail("out of memory");
	h->size = (uint32_t)size;
	if (size < old)
		bench_check((unsigned char *)h + sizeof *h, h->fill);
	fill_from(h, size < old ? sizeof *h : old);
	return h;
}

static void
drop(struct head *h)
{
	if (h == NULL)
		return;
	verify(h);
	free(h);
}

/* ---- many ---- */

static void
end_of_life(struct bench_run *r, struct head *h)
{
	struct stress *s = r->data;

	if (h != NULL && bench_random(r, 8) == 0)
		/* Whoever takes it must see what was written to it. */
		h = atomic_exchange_explicit(
		    &s->exchange->places[bench_random(r, EXCHANGE)], h,
		    memory_order_acq_rel);
	drop(h);
}

static size_t
stress(struct bench_run *r)
{
	struct stress *s = r->data;

	for (size_t i = 0; i < BENCH_LOOP; i++) {
		struct pool *pool = &s->pools[kind_of[bench_random(r, 16)]];
		struct head **slot =
		    &pool->objects[bench_random(r, pool->slots)];

		if (*slot != NULL && bench_random(r, 16) == 0) {
			*slot = resize(r, *slot);
			continue;
		}
		end_of_life(r, *slot);
		*slot = make(r);
	}
	return BENCH_LOOP;
}

static void *
exchange_make(const struct bench_run *r)
{
	(void)r;
	return bench_own(1, sizeof (struct exchange));
}

static void
exchange_unmake(void *shared)
{
	struct exchange *e = shared;

	for (size_t i = 0; i < EXCHANGE; i++)
		drop(e->places[i]);
	free(e);
}

static void
stress_setup(struct bench_run *r)
{
	struct stress *s = bench_own(1, sizeof *s);
	const size_t slots[KINDS] = { 32, 1024, r->count };

	for (size_t i = 0; i < KINDS; i++) {
		s->pools[i].slots = slots[i];
		s->pools[i].objects = bench_own(slots[i],
		    sizeof (struct head *));
	}
	s->exchange = bench_join(r, exchange_make);
	r->data = s;
	for (size_t i = 0; i < WARM_UP; i += BENCH_LOOP)
		stress(r);
}

static void
stress_teardown(struct bench_run *r)
{
	struct stress *s = r->data;

	for (size_t i = 0; i < KINDS; i++) {
		for (size_t k = 0; k < s->pools[i].slots; k++)
			drop(s->pools[i].objects[k]);
		free(s->pools[i].objects);
	}
	free(s);
	bench_leave(exchange_unmake);
}

const struct bench_row bench_stress[] = {
	{
		.name = "stress", .setup = stress_setup,
		.body = { stress }, .teardown = stress_teardown,
		.counts = { 20000 }, .threads = { 1, 2, 4, 8 },
		.ops = BENCH_LOOP, .total = 500000
	},
	{ .name = NULL }
};
