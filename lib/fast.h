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

/* *OUT: an object of the zone with slot SLOT; false: the word is empty. */
hot_inline bool
fast_alloc(uint32_t slot, void **out)
{
	struct tcache *tc = thread_cache(guard_enter(), slot);
	uint64_t w = load_relaxed(&tc->word);

	if (unlikely(w == 0))
		return false;
	/* At most 63 strides of 1 MiB: 32 bits are enough. */
	*out = (void *)(load_relaxed(&tc->base) + lowest_bit(w) * tc->stride);
	store_relaxed(&tc->word, w & (w - 1));
	guard_leave();
	return true;
}

/*
 * The next word of a slab the thread owns, and an object from it.  Called when
 * fast_alloc has failed, and like it inside the guard, and leaves it when it
 * succeeds; NULL: it has not.
 */
void	*fast_refill(uint32_t slot);

/* What became of an object that fast_free was given. */
enum freed {
	FREED,			/* done; the guard has been left */
	FREED_FIRST,		/* call fast_first_in_word, inside the guard */
	FREED_NOT		/* not ours, or not right; inside the guard */
};

/* Where it is, for FREED_FIRST. */
struct spot {
	struct tcache *tc;
	struct slab   *slab;
	size_t	       word;
};

/* A word got its first free object: alloc must find it.  Leaves the guard. */
void	 fast_first_in_word(struct tcache *tc, struct slab *d, size_t word);

/*
 * After FREED_NOT, inside the guard: free P into another thread's slab or a
 * shared one.  CHECKED as below.  False: the slow path must look; still inside.
 */
bool	 fast_free_remote(uintptr_t p, bool checked, uint32_t slot);

/*
 * Free P, which lies in the first arena, into the calling thread's own slab.
 * CHECKED: it must be of the zone with slot SLOT.
 */
hot_inline enum freed
fast_free(uintptr_t p, uintptr_t arena, bool checked, uint32_t slot,
    struct spot *at)
{
	struct thread *t = guard_enter();
	struct slab *d = arena_slab(arena, p);
	uintptr_t owner = load_relaxed(&d->owner);
	struct tcache *tc = (struct tcache *)owner;
	uint64_t offset = p - d->base, index, bit, w, free;
	struct pair *pair;
	uintptr_t base;

	if (unlikely(!thread_owns(t, owner)))
		return FREED_NOT;
	if (checked && unlikely(d->slot != slot))
		return FREED_NOT;
	index = offset * d->recip >> 32;
	if (unlikely(index * d->stride != offset))
		return FREED_NOT;
	bit = (uint64_t)1 << (index & (WORD_OBJECTS - 1));
	w = load_relaxed(&tc->word);

	if (unlikely(index >= d->nobj))
		return FREED_NOT;
	base = p - (index & (WORD_OBJECTS - 1)) * d->stride;

	/* It is in the word we hold. */
	if (base == load_relaxed(&tc->base)) {
		if (unlikely((w & bit) != 0))
			return FREED_NOT;
		store_relaxed(&tc->word, w | bit);
		guard_leave();
		return FREED;
	}
	pair = &d->map[index >> WORD_SHIFT];
	free = load_relaxed(&pair->free);
	if (unlikely((free & bit) != 0))
		return FREED_NOT;

	/* Our word is used up: hold this one, whose object is still hot. */
	if (w == 0) {
		store_relaxed(&tc->slab, d);
		store_relaxed(&tc->base, base);
		store_relaxed(&tc->word, free | bit);
		store_relaxed(&pair->free, 0);
		guard_leave();
		return FREED;
	}
	store_relaxed(&pair->free, free | bit);
	if (unlikely(free == 0)) {
		*at = (struct spot){ tc, d, index >> WORD_SHIFT };
		return FREED_FIRST;
	}
	guard_leave();
	return FREED;
}

#endif /* ZOBJ_FAST_H */
