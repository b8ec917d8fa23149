/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slab.h - the bitmaps of one slab.
 *
 * "Holder" is the owner, or who holds the zone's lock in a shared slab.
 */
#ifndef ZOBJ_SLAB_H
#define ZOBJ_SLAB_H

#include "desc.h"
#include "tcache.h"
#include "yield.h"

static inline unsigned
slab_words(const struct slab *d)
{
	return (d->nobj + WORD_OBJECTS - 1) >> WORD_SHIFT;
}

/*
 * The number whose product with an offset P in a slab's first unit has the
 * index of P's object in its upper half and, in the lower, less than 2^16 if
 * and only if P is an object's first byte.
 *
 * For stride S, with R = ceil(2^32 / S) = (2^32 + e) / S, e < S, and an offset
 * q * S + r, the product is q * 2^32 + q * e + r * R.  q * e < 2^16, because
 * q * S is; and R > 2^16, because S < 2^16.  Strides from 2^16 on have one
 * first byte in the unit, and 2^32 - 1 does for them.
 */
static inline uint64_t
slab_recip(uint32_t stride)
{
	return stride < UNIT_SIZE ?
	    (((uint64_t)1 << 32) + stride - 1) / stride : UINT32_MAX;
}

/* The object that byte OFFSET of D, a slab in the arena, is in. */
static inline size_t
slab_index(const struct slab *d, size_t offset)
{
	return d->units == 1 && d->stride < UNIT_SIZE ?
	    offset * d->recip >> 32 : offset / d->stride;
}

static inline uintptr_t
slab_object(const struct slab *d, size_t index)
{
	return d->base + index * d->stride;
}

static inline struct zone *
slab_zone(const struct slab *d)
{
	return d->zone;
}

/* The objects that exist in word W. */
static inline uint64_t
slab_word_mask(const struct slab *d, unsigned w)
{
	return low_bits((unsigned)min_size(d->nobj - (size_t)w * WORD_OBJECTS,
	    WORD_OBJECTS));
}

static inline struct tcache *
slab_owner(struct slab *d)
{
	return (struct tcache *)(load_relaxed(&d->owner) & ~OWNER_FLAGS);
}

/* Owner: have most words free objects? */
static inline bool
slab_is_loose(const struct slab *d)
{
	return count_bits(load_relaxed(&d->summary)) * 4 >= slab_words(d) * 3;
}

/*
 * The free objects of word W; racy, and without what an owner holds.  Pairs with
 * the release with which others free: of what they freed it is seen, too, that
 * it was built.
 */
static inline uint64_t
slab_map_bits(const struct slab *d, unsigned w)
{
	return load_acquire(&d->map[w].free) | load_acquire(&d->map[w].remote);
}

/*
 * The free objects of word W, wherever that is written.  Racy; exact, for who
 * holds the zone's lock, while the owner does nothing of its own.
 */
static inline uint64_t
slab_free_bits(struct slab *d, unsigned w)
{
	struct tcache *tc = slab_owner(d);
	uint64_t bits = slab_map_bits(d, w);

	YIELD_POINT();
	return tc != NULL ? bits | tcache_held(tc, d, w) : bits;
}

/* Is object INDEX free in the word that the owner holds, if any does?  Racy. */
static inline bool
slab_is_held(struct slab *d, size_t index)
{
	struct tcache *tc = slab_owner(d);

	return tc != NULL &&
	    (tcache_held(tc, d, (unsigned)(index >> WORD_SHIFT)) >>
	    index % WORD_OBJECTS & 1) != 0;
}

/* All objects free in a slab of NOBJ objects at BASE; map etc. are set. */
void	slab_fill(struct slab *d);
/* Holder: free INDEX; true if the slab had no free object before. */
bool	slab_put(struct slab *d, size_t index);
/* Holder: take an object; *RAW: it needs its constructor.  -1: none. */
ptrdiff_t slab_take(struct slab *d, bool *raw);
/*
 * Holder, of a slab popped from an announced stack: merge what others freed
 * into the map, or into the word that the owner holds.  TC is the owner, NULL
 * in a shared slab.  Returns an object that was freed
 * twice, 0: none.
 */
uintptr_t slab_collect(struct slab *d, struct tcache *tc);
/* Holder: free objects in the map, and whether that is none or all. */
size_t	slab_count_free(struct slab *d);
bool	slab_has_free(struct slab *d);
bool	slab_is_free(struct slab *d);

#endif /* ZOBJ_SLAB_H */
