/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcache.c - words in and out of a thread cache.
 */
#include "tcache.h"

#include "zdef.h"

void
tcache_init(struct tcache *tc, struct zone *z)
{
	tc->stride = z->stride;
	tc->recip = z->recip;
	tc->zone = z;
	list_init(&tc->ready);
	list_init(&tc->spent);
	tc->seen = 0;
	tc->nowned = tc->nready = tc->gave = tc->bounce = 0;
}

/*
 * The order matters to a reader without the lock and to fork: the word is
 * empty while base and slab change, and in two places rather than in none.
 */
static void
hold_word(struct tcache *tc, struct slab *d, unsigned w, uint64_t bits)
{
	size_t first = (size_t)w << WORD_SHIFT;
	struct pair *pair = &d->map[w];
	uint64_t rest = load_relaxed(&pair->free) & ~bits;

	tc->firsts = 0;
	store_relaxed(&d->held, (uint8_t)w);
	store_relaxed(&tc->slab, d);
	store_relaxed(&tc->base, d->base + first * d->stride);
	tc->span = d->built != NULL ? 0 :
	    min_size(d->nobj - first, WORD_OBJECTS) * d->stride;
	store_relaxed(&tc->word, bits);
	store_relaxed(&pair->free, rest);
	if (rest == 0)
		store_relaxed(&d->summary,
		    load_relaxed(&d->summary) & ~((uint64_t)1 << w));
}

bool
tcache_hold(struct tcache *tc, struct slab *d)
{
	for (uint64_t s = load_relaxed(&d->summary); s != 0; s &= s - 1) {
		unsigned w = lowest_bit(s);
		uint64_t bits = load_relaxed(&d->map[w].free), built;

		if (bits == 0) {
			store_relaxed(&d->summary,
			    load_relaxed(&d->summary) & ~((uint64_t)1 << w));
			continue;
		}
		if (d->built != NULL) {
			built = bits & load_acquire(&d->built[w]);
			tc->raw = built == 0;
			bits = tc->raw ? bits & -bits : built;
		}
		hold_word(tc, d, w, bits);
		return true;
	}
	return false;
}

void
tcache_unhold(struct tcache *tc)
{
	struct slab *d = load_relaxed(&tc->slab);
	uint64_t rest = load_relaxed(&tc->word);
	struct pair *pair;
	unsigned w;

	if (rest != 0) {
		w = load_relaxed(&d->held);
		pair = &d->map[w];
		store_relaxed(&pair->free, load_relaxed(&pair->free) | rest);
		store_relaxed(&d->summary,
		    load_relaxed(&d->summary) | (uint64_t)1 << w);
	}
	tcache_forget(tc);
}

void
tcache_forget(struct tcache *tc)
{
	store_relaxed(&tc->word, 0);
	store_relaxed(&tc->slab, NULL);
	store_relaxed(&tc->base, 0);
	tc->span = 0;
}
