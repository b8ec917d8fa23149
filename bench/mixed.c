/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mixed.c - one of COUNT live objects is replaced at random, each of another
 * size, as often as real programs ask for it; see mix.h.
 */
#include "bench.h"
#include "mix.h"

enum { WARM_UP = 2 };	/* replacements per object before the clock runs */

struct mixed {
	zone_t		*zones[MIX_SIZES];
	struct {
		unsigned char	*object;
		size_t		 kind;		/* index of its size */
	} live[];
};

__attribute__((__always_inline__)) static inline void
mixed_take(struct bench_run *r, enum bench_source from, size_t k)
{
	struct mixed *m = r->data;
	size_t kind = mix_draw[bench_random(r, MIX_DRAWS)];
	unsigned char *p = from == BENCH_ZONE ? zone_alloc(m->zones[kind], 0) :
	    malloc(mix_sizes[kind]);

	if (p == NULL)
		bench_fail("out of memory");
	bench_write(p, k);
	m->live[k].object = p;
	m->live[k].kind = kind;
}

__attribute__((__always_inline__)) static inline void
mixed_give(struct bench_run *r, enum bench_source from, size_t k)
{
	struct mixed *m = r->data;

	if (from == BENCH_ZONE)
		zone_free(m->zones[m->live[k].kind], m->live[k].object);
	else
		free(m->live[k].object);
}

BENCH_BODY(mixed)
{
	struct mixed *m = r->data;

	for (size_t i = 0; i < BENCH_LOOP; i++) {
		size_t k = bench_random(r, r->count);

		if ((k & 63) == 0)
			bench_check(m->live[k].object, k);
		mixed_give(r, from, k);
		mixed_take(r, from, k);
	}
	return BENCH_LOOP;
}

static void
mixed_setup(struct bench_run *r)
{
	struct mixed *m = bench_own(1, sizeof *m +
	    r->count * sizeof m->live[0]);

	r->data = m;
	for (size_t i = 0; i < MIX_SIZES; i++)
		m->zones[i] = r->source == BENCH_ZONE ?
		    bench_zone(mix_sizes[i], 0) : NULL;
	for (size_t i = 0; i < r->count; i++)
		mixed_take(r, r->source, i);
	for (size_t i = 0; i < WARM_UP * r->count; i += BENCH_LOOP)
		(void)mixed(r, r->source);
}

static void
mixed_teardown(struct bench_run *r)
{
	struct mixed *m = r->data;

	for (size_t i = 0; i < r->count; i++) {
		bench_check(m->live[i].object, i);
		mixed_give(r, r->source, i);
	}
	free(m);
}

const struct bench_row bench_mixed[] = {
	{
		.name = "mixed", .setup = mixed_setup,
		.body = BENCH_BOTH(mixed), .teardown = mixed_teardown,
		.counts = { 1000, 10000, 100000 },
		.ops = BENCH_LOOP, .total = 1000000
	}, {
		.name = "mixed", .setup = mixed_setup,
		.body = BENCH_BOTH(mixed), .teardown = mixed_teardown,
		.counts = { 10000 }, .threads = { 2, 4, 8, 32 },
		.ops = BENCH_LOOP, .total = 2000000
	},
	{ .name = NULL }
};
