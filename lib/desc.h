/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * desc.h - the descriptor: what libzobj knows about one unit of the arena.
 *
 * Descriptors live in a table beside the memory they describe; an object's
 * memory is never read or written.  Most units are slabs of one unit, so the
 * descriptor is called struct slab whatever its state.
 *
 *	state	    what the unit is			fields in use
 *	UNIT_NONE   inside a run or an extent		(all zero, or stale)
 *	UNIT_FREE   first unit of a free run		base, units, dirty,
 *							link (bin), all (age)
 *	UNIT_TAIL   last unit of a free run of two	units
 *		    or more
 *	UNIT_SLAB   first unit of a slab		all below
 *	UNIT_PART   a later unit of a slab		units: back to the first,
 *							given, recip: 0
 *	UNIT_EXTENT first unit of an extent		base, units, bytes
 *
 * A slab in memory that the program registered (region.h) has its descriptor
 * there, and no units.
 *
 * A slab of N objects has ceil(N / 64) words.  Object I is bit I % 64 of word
 * I / 64.  A set bit means: free.
 *
 *	map[w].free	what the owner (or who holds the zone's lock) knows
 *	map[w].remote	set by everybody else, not yet collected
 *
 * In every slab and word, at rest:
 *	free & remote == 0, and neither overlaps a word held by a thread cache
 *	a word held by a thread cache has free == 0, without constructors
 *	map[w].free != 0  implies  summary bit w	(not the reverse)
 *	live = nobj - |free| - |remote| - |held by the owner's thread cache|
 */
#ifndef ZOBJ_DESC_H
#define ZOBJ_DESC_H

#include "base.h"
#include "list.h"

enum unit_state {
	UNIT_NONE,
	UNIT_FREE,
	UNIT_TAIL,
	UNIT_SLAB,
	UNIT_PART,
	UNIT_EXTENT
};

/* Which list a slab is on, or which role it plays: see rotate.c. */
enum slab_place {
	PLACE_NONE,
	PLACE_ACTIVE,		/* owned: role in a thread cache, no list */
	PLACE_READY,		/* owned: objects came back */
	PLACE_SPENT,		/* owned: no object free, as far as is known */
	PLACE_PARTIAL,		/* shared: in one of the zone's groups, or seed */
	PLACE_FREE,		/* shared: all objects free, no seed */
	PLACE_BUSY,		/* shared: no object free */
	PLACE_READY_MADE,	/* shared: all objects free, all in memory */
	PLACE_RESERVE		/* shared for ever: see reserve.h */
};

struct pair {
	_Atomic(uint64_t) free;		/* owner, or under the zone's lock */
	_Atomic(uint64_t) remote;	/* anybody, atomic */
};

enum {
	SLAB_MAX_OBJECTS = 4096,	/* 64 words: one summary word is enough */
	SLAB_INLINE_WORDS = 8
};

struct zone;

/*
 * The owner field holds the address of the owning thread cache, 0 in a shared
 * slab, with OWNER_ANNOUNCED added while the slab is on its way to, or on, an
 * announced stack (see remote.c).  The bit makes the address invalid, so the
 * owner's fast path, which compares addresses, fails and looks.
 */
#define OWNER_ANNOUNCED	((uintptr_t)1 << 63)

/*
 * Likewise added, always, in slabs of zones with constructors: their free
 * objects are of two kinds, which the fast path does not tell apart.
 */
#define OWNER_CAREFUL	((uintptr_t)1 << 62)
#define OWNER_FLAGS	(OWNER_ANNOUNCED | OWNER_CAREFUL)

struct slab {
	/* Fast path; written while the slab belongs to nobody else. */
	_Atomic(uintptr_t) owner;	/* anybody, atomic */
	uintptr_t	base;		/* address of the first object */
	uint64_t	recip;		/* see slab_recip */
	struct pair	*map;
	uint32_t	stride;
	uint32_t	slot;		/* zone's slot: which thread cache */
	uint32_t	nobj;
	_Atomic(uint8_t) state;		/* enum unit_state */
	_Atomic(uint8_t) place;		/* enum slab_place; owner or zone lock */
	union {
		uint8_t	group;		/* of PLACE_PARTIAL; zone lock */
		bool	dirty;		/* free run: pages may be in memory */
	};
	union {
		uint8_t	shard;		/* depot shard it came from */
		bool	fresh;		/* seed: never used; zone lock */
	};
	_Atomic(uint64_t) summary;	/* words that may have free objects;
					   owner or zone lock */
	uint32_t	units;
	uint16_t	given;		/* shared slab: this unit's pages that
					   are back at the system; zone lock */
	_Atomic(uint8_t) held;		/* owner: the word that its cache holds,
					   if it holds one of this slab: who else
					   wants to know need not look there */

	/* Owner, or under the zone's lock in a shared slab. */
	line_aligned
	struct zone	*zone;
	struct list	link;		/* list of its place */
	struct list	all;		/* zone lock: all slabs of the zone */
	union {
		_Atomic(uint64_t) *built; /* slab with a constructor: bit set =
					   constructed; NULL otherwise */
		size_t	bytes;		/* extent: size asked for */
	};

	/* Anybody, atomic. */
	_Atomic(uint64_t) pending;	/* words with remote bits */
	struct slab	*next_announced; /* who set OWNER_ANNOUNCED */

	struct pair	inline_map[SLAB_INLINE_WORDS];
};

_Static_assert(sizeof (struct slab) == 256, "the table's grain");

/* Does it lie in memory that the program registered? */
static inline bool
slab_is_seed(const struct slab *d)
{
	return d->units == 0;
}

#define SLAB_OF_LINK(l)	CONTAINER(l, struct slab, link)
#define SLAB_OF_ALL(l)	CONTAINER(l, struct slab, all)

#endif /* ZOBJ_DESC_H */
