/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk.c - calls the program's function without a lock, so the zone may change
 * under it.  The walk keeps its place by the address of the next slab, and
 * finds the slab with the lowest address from there on each time: a slab that
 * comes or goes meanwhile is seen or not, none is seen twice.
 *
 * Finding the next slab walks the list, so it takes BATCH of them at a time.
 */
#include "walk.h"

#include "slab.h"

enum { BATCH = 64 };

/* A slab as it was when we last had the lock. */
struct seen {
	struct slab *slab;
	uintptr_t    base;
};

/* Slabs at or above FROM, in order of address; how many. */
static size_t
next_slabs(struct zone *z, uintptr_t from, struct seen *out)
{
	size_t n = 0;

	lock_acquire(&z->lock);
	LIST_FOREACH(l, &z->all) {
		struct slab *d = SLAB_OF_ALL(l);
		size_t i;

		if (d->base < from || (n == BATCH && d->base > out[n - 1].base))
			continue;
		if (n < BATCH)
			n++;
		for (i = n - 1; i > 0 && out[i - 1].base > d->base; i--)
			out[i] = out[i - 1];
		out[i] = (struct seen){ d, d->base };
	}
	lock_release(&z->lock);
	return n;
}

/* The live objects of word W; none if the slab has left the zone. */
static uint64_t
live_objects(struct zone *z, struct slab *d, unsigned w)
{
	uint64_t live = 0;

	lock_acquire(&z->lock);
	if (load_relaxed(&d->state) == UNIT_SLAB && d->zone == z &&
	    load_relaxed(&d->place) != PLACE_NONE && w < slab_words(d)) {
		live = slab_word_mask(d, w) & ~slab_free_bits(d, w);
		if (d->built != NULL)
			live &= load_acquire(&d->built[w]);
	}
	lock_release(&z->lock);
	return live;
}

static int
walk_word(struct zone *z, const struct seen *at, unsigned w,
    int (*fn)(void *obj, void *arg), void *arg)
{
	uint64_t live = live_objects(z, at->slab, w);
	int result = 0;

	for (; live != 0 && result == 0; live &= live - 1)
		result = fn((void *)(at->base + (w * WORD_OBJECTS +
		    lowest_bit(live)) * (uintptr_t)z->stride), arg);
	return result;
}

int
walk_zone(struct zone *z, int (*fn)(void *obj, void *arg), void *arg)
{
	struct seen slabs[BATCH];
	uintptr_t from = 0;
	int result = 0;
	size_t n;

	while (result == 0 && (n = next_slabs(z, from, slabs)) > 0) {
		from = slabs[n - 1].base + 1;
		for (size_t i = 0; i < n; i++)
			for (unsigned w = 0; w < zone_words(z) && result == 0; w++)
				result = walk_word(z, &slabs[i], w, fn, arg);
	}
	return result;
}
