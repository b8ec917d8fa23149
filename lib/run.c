/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c - the bins of run.h.  A run is found by its length in bounded time:
 * a bitmap names the bins that hold runs, and only the first bin looked at
 * may hold runs that are too short.
 */
#include "run.h"

#include "arena.h"
#include "panic.h"

enum { FIRST_FIT_TRIES = 16 };

static unsigned
bin_of(size_t units)
{
	unsigned top;

	if (units <= RUN_EXACT)
		return (unsigned)units - 1;
	top = highest_bit(units);
	return RUN_EXACT + (top - 6) * RUN_STEPS +
	    ((unsigned)(units >> (top - 2)) & (RUN_STEPS - 1));
}

void
run_pool_init(struct run_pool *pool)
{
	for (unsigned i = 0; i < RUN_BINS; i++)
		list_init(&pool->bins[i]);
	for (unsigned i = 0; i < ARRAY_LEN(pool->filled); i++)
		pool->filled[i] = 0;
	list_init(&pool->by_age);
	pool->units = 0;
}

void
run_insert(struct run_pool *pool, struct slab *head, size_t units, bool dirty)
{
	unsigned bin = bin_of(units);
	struct slab *tail = arena_next(head, (ptrdiff_t)units - 1);

	if (tail != head) {
		store_relaxed(&tail->state, UNIT_TAIL);
		tail->units = (uint32_t)units;
	}
	store_relaxed(&head->state, UNIT_FREE);
	head->units = (uint32_t)units;
	head->dirty = dirty;
	list_push(&pool->bins[bin], &head->link);
	list_push(&pool->by_age, &head->all);
	pool->filled[bin / 64] |= (uint64_t)1 << bin % 64;
	pool->units += units;
}

void
run_remove(struct run_pool *pool, struct slab *head)
{
	unsigned bin = bin_of(head->units);

	store_relaxed(&arena_next(head, (ptrdiff_t)head->units - 1)->state, UNIT_NONE);
	store_relaxed(&head->state, UNIT_NONE);
	list_remove(&head->link);
	list_remove(&head->all);
	if (list_empty(&pool->bins[bin]))
		pool->filled[bin / 64] &= ~((uint64_t)1 << bin % 64);
	pool->units -= head->units;
}

/* The first non-empty bin from BIN on; RUN_BINS: none. */
static unsigned
next_filled(const struct run_pool *pool, unsigned bin)
{
	for (unsigned i = bin / 64; i < ARRAY_LEN(pool->filled); i++) {
		uint64_t w = pool->filled[i];

		if (i == bin / 64)
			w &= ~low_bits(bin % 64);
		if (w != 0)
			return i * 64 + lowest_bit(w);
	}
	return RUN_BINS;
}

struct slab *
run_find(const struct run_pool *pool, size_t units)
{
	unsigned bin = bin_of(units);
	int tries = FIRST_FIT_TRIES;

	if (bin >= RUN_EXACT) {
		LIST_FOREACH(l, &pool->bins[bin]) {
			if (SLAB_OF_LINK(l)->units >= units)
				return SLAB_OF_LINK(l);
			if (--tries == 0)
				break;
		}
		bin++;
	}
	bin = next_filled(pool, bin);
	return bin == RUN_BINS ? NULL : SLAB_OF_LINK(pool->bins[bin].next);
}

void
run_pool_check(const struct run_pool *pool, bool dirty)
{
	size_t units = 0, aged = 0;

	for (unsigned i = 0; i < RUN_BINS; i++) {
		ASSERT(list_empty(&pool->bins[i]) ==
		    ((pool->filled[i / 64] >> i % 64 & 1) == 0));
		LIST_FOREACH(l, &pool->bins[i]) {
			struct slab *d = SLAB_OF_LINK(l);

			ASSERT(load_relaxed(&d->state) == UNIT_FREE && d->dirty == dirty);
			ASSERT(bin_of(d->units) == i);
			ASSERT(d->units == 1 || load_relaxed(&arena_next(d,
			    (ptrdiff_t)d->units - 1)->state) == UNIT_TAIL);
			units += d->units;
		}
	}
	LIST_FOREACH(l, &pool->by_age)
		aged += SLAB_OF_ALL(l)->units;
	ASSERT(units == pool->units && aged == units);
}
