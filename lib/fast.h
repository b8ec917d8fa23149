/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fast.h - the two functions that everything else exists to keep short, and
 * what they call once per word.
 *
 * Both return inside the guard when they fail: the caller leaves it.  The two
 * contain no atomic instruction, lock, call (but once per word) or division.
 */
#ifndef ZOBJ_FAST_H
#define ZOBJ_FAST_H

#include "arena.h"
#include "thread.h"

/*
 * *OUT: an object of the zone with slot SLOT; false: the word of *CACHE, which
 * may be displaced, is empty.
 */
hot_inline bool
fast_alloc(uint32_t slot, struct tcache **cache, void **out)
{
	struct tcache *tc = *cache = thread_cache(guard_enter(), slot);
	uint64_t w = load_own(&tc->word);
	uintptr_t base;

	if (unlikely(w == 0))
		return false;
	/* Loaded before the store: a tenth faster in random replacement. */
	base = load_relaxed(&tc->base);
	/* At most 63 strides of 1 MiB: 32 bits are enough. */
	*out = (void *)(base + lowest_bit(w) * tc->stride);
	store_relaxed(&tc->word, w & (w - 1));
	guard_leave();
	return true;
}

/*
 * The next word of a slab the thread owns, and an object from it.  Called when
 * fast_alloc has failed, with its cache; leaves the guard, successful or not,
 * unless the cache is displaced.
 */
void	*fast_refill(struct tcache *tc, uint32_t slot);

/*
 * W is what is free now of the word of object INDEX of D.
 * fast_hold: the word that the cache holds is used up, and this one takes its
 * place, whose object is still hot.
 * fast_first: W has no other object; this is the one or the other.
 * They leave the guard.
 */
void	 fast_hold(uint64_t index, struct slab *d, struct tcache *tc,
	    uint64_t w);
void	 fast_first(uint64_t index, struct slab *d, struct tcache *tc,
	    uint64_t w);

/*
 * TC's slab D has got objects back, and its summary says so: it may have had
 * none before, or many by now.  Leaves the guard.
 */
void	 fast_look(struct tcache *tc, struct slab *d);

/*
 * Inside the guard: free P, which the fast path has found to be in unit D of
 * another thread's slab or a shared one, as object INDEX, or in a later unit of
 * any.  SLOT: of the zone that it must be in.  False: the slow path must look;
 * still inside.
 */
#define FAST_ANY_SLOT	UINT32_MAX
bool	 fast_free_other(uint32_t slot, struct slab *d, uintptr_t p,
	    uint64_t index);

/*
 * Inside the guard, and the fast path has failed with TC, which may be
 * displaced: then it is not ours to leave.
 */
static inline void
fast_give_up(const struct tcache *tc)
{
	if (!thread_is_displaced(tc))
		guard_leave();
}

/* Does P lie in the word that the thread holds of a zone? */
hot_inline bool
fast_is_held(struct tcache *tc, uintptr_t p)
{
	return p - load_own(&tc->base) < tc->span;
}

/* The two ways to set the bit of an object of that word. */
hot_inline bool
fast_set_held(struct tcache *tc, uint64_t index)
{
	uint64_t w = load_own(&tc->word);

	if (unlikely(!set_bit(&w, index)))
		return false;
	store_relaxed(&tc->word, w);
	guard_leave();
	return true;
}

/*
 * Free P, which lies in that word, without a look at its descriptor; false:
 * not right.  That nothing is announced stands for the look at the owner:
 * somebody else may have freed P before.
 */
hot_inline bool
fast_free_held(struct tcache *tc, uintptr_t p)
{
	uint64_t offset = p - load_own(&tc->base);
	uint64_t index = offset * tc->recip >> 32;

	return likely((uint32_t)index * tc->stride == (uint32_t)offset) &&
	    likely(load_glance(&tc->announced) == NULL) &&
	    fast_set_held(tc, index);
}

/* Quotient above, remainder below: see slab_recip; false: inside an object. */
hot_inline bool
fast_index(struct slab *d, uintptr_t p, uint64_t *index)
{
	uint64_t product = p % UNIT_SIZE * d->recip;

	*index = product >> 32;
	return likely((uint32_t)product < UNIT_SIZE);
}

/*
 * Free object INDEX of D, which is not in a held word, into the calling thread's
 * own slab; TC is its cache of D's zone, and D's owner.  False: not right, and
 * still inside the guard.
 */
hot_inline bool
fast_free(struct tcache *tc, struct slab *d, uint64_t index)
{
	struct pair *pair;
	uint64_t w;

	if (unlikely((uint32_t)index >= d->nobj))
		return false;
	pair = &d->map[index >> WORD_SHIFT];
	w = load_own(&pair->free);
	if (unlikely(!set_bit(&w, index)))
		return false;
	if (load_own(&tc->word) == 0) {
		fast_hold(index, d, tc, w);
	} else if ((w & (w - 1)) == 0) {
		fast_first(index, d, tc, w);
	} else {
		store_relaxed(&pair->free, w);
		guard_leave();
	}
	return true;
}

#endif /* ZOBJ_FAST_H */
