/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slab.c - see slab.h.  Must never touch the memory of an object.
 */
#include "slab.h"

#include "yield.h"

void
slab_fill(struct slab *d)
{
	unsigned words = slab_words(d);

	for (unsigned w = 0; w < words; w++) {
		store_relaxed(&d->map[w].free, slab_word_mask(d, w));
		store_relaxed(&d->map[w].remote, 0);
		if (d->built != NULL)
			store_relaxed(&d->built[w], 0);
	}
	store_relaxed(&d->summary, low_bits(words));
	store_relaxed(&d->pending, 0);
}

bool
slab_put(struct slab *d, size_t index)
{
	unsigned w = (unsigned)(index >> WORD_SHIFT);
	uint64_t summary = load_relaxed(&d->summary);

	store_relaxed(&d->map[w].free, load_relaxed(&d->map[w].free) |
	    (uint64_t)1 << index % WORD_OBJECTS);
	store_relaxed(&d->summary, summary | (uint64_t)1 << w);
	return summary == 0;
}

ptrdiff_t
slab_take(struct slab *d, bool *raw)
{
	for (uint64_t s = load_relaxed(&d->summary); s != 0; s &= s - 1) {
		unsigned w = lowest_bit(s), bit;
		uint64_t bits = load_relaxed(&d->map[w].free), use = bits;

		*raw = false;
		if (d->built != NULL) {
			use &= load_acquire(&d->built[w]);
			*raw = use == 0;
		}
		if (bits == 0) {
			store_relaxed(&d->summary,
			    load_relaxed(&d->summary) & ~((uint64_t)1 << w));
			continue;
		}
		bit = lowest_bit(use != 0 ? use : bits);
		store_relaxed(&d->map[w].free, bits & ~((uint64_t)1 << bit));
		return (ptrdiff_t)(w * WORD_OBJECTS + bit);
	}
	return -1;
}

uintptr_t
slab_collect(struct slab *d, struct tcache *tc)
{
	/*
	 * Both exchanges acquire: what the freeing threads did with the
	 * objects happened before we hand them out.  Both release: who finds
	 * pending empty finds ANNOUNCED clear, who finds a word empty finds its
	 * bit of pending taken.  They pair with the fetch_or in remote_mark.
	 */
	uint64_t words = atomic_exchange_explicit(&d->pending, 0,
	    memory_order_acq_rel);
	uintptr_t twice = 0;

	for (uint64_t s = words; s != 0; s &= s - 1) {
		unsigned w = lowest_bit(s);
		uint64_t bits, freed, again;

		YIELD_POINT();
		bits = load_relaxed(&d->map[w].free);
		freed = atomic_exchange_explicit(&d->map[w].remote, 0,
		    memory_order_acq_rel);
		again = freed & bits;
		if (tc != NULL)
			again |= freed & tcache_held(tc, d, w);
		if (again != 0)
			twice = slab_object(d, w * WORD_OBJECTS + lowest_bit(again));
		freed &= ~again;
		/* The owner's fast path finds a double free by its word. */
		if (tc != NULL && d->built == NULL && tcache_holds(tc, d, w))
			store_relaxed(&tc->word,
			    load_relaxed(&tc->word) | freed);
		else
			store_relaxed(&d->map[w].free, bits | freed);
	}
	store_relaxed(&d->summary, load_relaxed(&d->summary) | words);
	return twice;
}

size_t
slab_count_free(struct slab *d)
{
	size_t n = 0;

	for (uint64_t s = load_relaxed(&d->summary); s != 0; s &= s - 1)
		n += count_bits(load_relaxed(&d->map[lowest_bit(s)].free));
	return n;
}

bool
slab_has_free(struct slab *d)
{
	for (uint64_t s = load_relaxed(&d->summary); s != 0; s &= s - 1)
		if (load_relaxed(&d->map[lowest_bit(s)].free) != 0)
			return true;
	return false;
}

bool
slab_is_free(struct slab *d)
{
	unsigned words = slab_words(d);

	if (load_relaxed(&d->summary) != low_bits(words))
		return false;
	for (unsigned w = 0; w < words; w++)
		if (load_relaxed(&d->map[w].free) != slab_word_mask(d, w))
			return false;
	return true;
}
