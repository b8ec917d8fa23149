/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcache.h - what one thread holds of one zone.
 *
 *	word	   up to 64 free objects, by value: alloc takes its lowest bit,
 *		   free sets a bit.  It may belong to any slab the thread owns;
 *		   an address is one of its objects' if it lies in `span`.
 *	active	   the slab that the next word comes from
 *	alternate  the one before it
 *	ready	   owned slabs that objects came back to
 *	spent	   owned slabs with no object free, as far as is known
 *	announced  owned slabs in which others freed objects (remote.c)
 *
 * Only the owning thread writes, except `announced`; or who has stopped the
 * owning thread (thread.h).  Statistics read word, base and slab at any time.
 * An all-zero cache is valid and empty: zone is NULL until the first refill.
 */
#ifndef ZOBJ_TCACHE_H
#define ZOBJ_TCACHE_H

#include "desc.h"
#include "yield.h"

struct zone;

/*
 * Three lines of the processor's cache each, and where there are some they are
 * aligned so; but the type asks for no alignment, for it is looked at displaced
 * as well: see shadow.
 */
struct tcache {
	/* Fast path. */
	_Atomic(uint64_t) word;		/* set bit: free */
	_Atomic(uintptr_t) base;	/* address of the word's first object */
	uint64_t	span;		/* bytes from there to the end of its
					   last; 0: no word, or constructors,
					   which fast_free must not see */
	uint64_t	recip;		/* ceil(2^32 / stride) */
	uint32_t	stride;
	uint8_t		firsts;		/* see fast_first; since a word was
					   taken out of a slab */
	bool		raw;		/* the word's one object still needs
					   its constructor */
	_Atomic(struct slab *) slab;	/* the word's; NULL: never held one */
	struct slab	*active;
	struct slab	*alternate;

	/* Slow path. */
	struct zone	*zone;
	struct list	ready;
	struct list	spent;
	uint32_t	nowned;		/* slabs */
	uint32_t	nready;		/* of those on `ready` */
	uint32_t	gave;		/* slabs shared since the last poll, for
					   being too many that are ready */
	uint32_t	bounce;		/* slabs that were wanted again at once:
					   so many more may be ready */
	uint64_t	seen;		/* what the cache was like when last
					   looked at; see reclaim.c */

	/* Written by others. */
	_Atomic(struct slab *) announced;
	_Atomic(uint32_t) stuck;	/* bytes of holes that others have
					   opened; see hole.h */
	_Atomic(uint32_t) stuck_steps;
	/*
	 * Always zero.  A signal handler that interrupted its thread inside
	 * the guard looks for the first three fields here: see thread.h.
	 */
	uint64_t	shadow[6];
};

_Static_assert(offsetof(struct tcache, zone) == LINE_SIZE &&
    offsetof(struct tcache, announced) == 2 * LINE_SIZE &&
    sizeof (struct tcache) == 3 * LINE_SIZE, "three lines");

void	tcache_init(struct tcache *tc, struct zone *z);

/*
 * Take the next word with free objects out of D.  In a zone with constructors
 * that is constructed objects, or one object alone with tc->raw set.
 */
bool	tcache_hold(struct tcache *tc, struct slab *d);

/* Put what is left of the word back into its slab; or nowhere. */
void	tcache_unhold(struct tcache *tc);
void	tcache_forget(struct tcache *tc);

/* Take an object out of the word, which is not empty. */
static inline void *
tcache_take(struct tcache *tc)
{
	uint64_t w = load_relaxed(&tc->word);

	store_relaxed(&tc->word, w & (w - 1));
	return (void *)(load_relaxed(&tc->base) +
	    (size_t)lowest_bit(w) * tc->stride);
}

/* Is the word, empty or not, word W of D? */
static inline bool
tcache_holds(struct tcache *tc, const struct slab *d, unsigned w)
{
	return load_relaxed(&d->held) == w && load_relaxed(&tc->slab) == d;
}

/* The free objects of word W of D that the cache holds. */
static inline uint64_t
tcache_held(struct tcache *tc, const struct slab *d, unsigned w)
{
	if (!tcache_holds(tc, d, w))
		return 0;
	YIELD_POINT();
	return load_relaxed(&tc->word);
}

#endif /* ZOBJ_TCACHE_H */
