/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zdef.h - struct zone: what the modules below zone.c know of a zone.
 *
 * A shared slab is on exactly one of the zone's lists, by what is free in it:
 *
 *	seed: registered memory with free objects, used before all others
 *	groups[0] (fullest) ... groups[ZONE_GROUPS - 1] (emptiest) -> free
 *	groups[ZONE_GROUPS]: held back, for it has given pages back
 *	busy: nothing free
 *	ready_made: all free and in memory, used last; see ready.h
 *	none: slabs of the reserve; see reserve.h
 *
 * Slabs owned by threads are on the lists of their thread caches (tcache.h).
 * Every slab of the zone, owned or not, is on `all`.
 */
#ifndef ZOBJ_ZDEF_H
#define ZOBJ_ZDEF_H

#include "desc.h"
#include "lock.h"
#include "zobj.h"

enum {
	ZONE_GROUPS = 4,
	ZONE_NAME_SIZE = 32,
	ZONE_MAX_SIZE = 1 << 20,	/* bytes of an object */
	ZONE_MAX_SLAB = 16 << 20
};

#define ZONE_MAGIC_LIVE		0x5a4f4e456c697665u
#define ZONE_MAGIC_DYING	0x5a4f4e4564796e67u
#define ZONE_MAGIC_DEAD		0x5a4f4e4564656164u

/* zone.kind: properties that never change */
enum {
	KIND_COUNTED	= 1,	/* has a limit: never owned by threads */
	KIND_META	= 2,	/* our own records: always the shared path */
	KIND_FAULTY	= 8,	/* some allocations are to fail: likewise */
	KIND_FOREVER	= 4	/* its slabs start zeroed and never leave, so
				   that a stale pointer finds a free record */
};

struct zone {
	/* Fast path; as struct zone_static begins. */
	uint32_t	slot;		/* offset of its cache in struct thread;
					   0: goes the slow path always */
	uint32_t	flags;		/* default flags of a call */
	_Atomic(uint64_t) magic;

	/* Set at creation. */
	uint32_t	kind;
	uint32_t	stride;
	uint32_t	nobj;		/* per slab */
	uint32_t	units;		/* per slab */
	uint32_t	align_units;
	uint32_t	align;		/* of objects, in bytes */
	_Atomic(uint32_t) keep;		/* free slabs it keeps */
	bool		huge;		/* prefers huge pages */
	bool		signal_safe;	/* handlers may have of its reserve */
	uint64_t	recip;
	size_t		size;		/* bytes asked for */
	size_t		limit;
	size_t		reserve;	/* objects; see reserve.h */
	size_t		min_ready;	/* slabs; see ready.h */
	size_t		fail_one_in;	/* KIND_FAULTY: see fault_draws */
	size_t		fail_seed;
	int		(*ctor)(void *, void *);
	void		(*dtor)(void *, void *);
	void		*arg;
	char		name[ZONE_NAME_SIZE];
	struct list	zones;		/* list of zones; its lock */

	/* Under the zone's lock. */
	line_aligned
	struct lock	lock;
	struct list	seed;
	struct list	groups[ZONE_GROUPS + 1];
	struct list	free;
	struct list	busy;
	struct list	ready_made;
	struct list	all;
	size_t		nslabs;
	size_t		nfresh;		/* of those in registered memory: never
					   used yet */
	_Atomic(size_t)	nfree;		/* slabs on `free`; read by anybody */
	_Atomic(size_t)	nready_made;	/* the same of `ready_made` */
	struct slab	*stocked;	/* of the reserve: its free words are
					   somebody's just now */
	size_t		leaving;	/* slabs taken off it, on their way out:
					   the zone must not end meanwhile */
	size_t		peak;		/* objects; see share_sample_peak */
	size_t		next_sample;	/* slabs */

	/* Anybody, atomic. */
	line_aligned
	_Atomic(struct slab *) announced; /* shared slabs with remote bits */
	_Atomic(size_t)	live;		/* KIND_COUNTED: objects handed out */
	_Atomic(size_t)	draws;		/* KIND_FAULTY: allocations so far */
	_Atomic(size_t)	left;		/* dying: objects to come back */
	struct zone	*next_late;	/* dying, none left: see destroy.c */
	_Atomic(size_t)	fails;
	_Atomic(struct slab *) reserves; /* see reserve.h */
	_Atomic(bool)	dug;		/* the reserve may be short */
	_Atomic(bool)	tended;		/* somebody adds to it, or makes slabs
					   ready */
	_Atomic(uint64_t) refused_ms;	/* when that last failed */
	_Atomic(size_t)	holes;		/* bytes opened in shared slabs since
					   they were last given; see hole.h */
};

#define ZONE_OF_LINK(l)	CONTAINER(l, struct zone, zones)

/*
 * What every handle begins with.  One of ZONE_DEFINE is not aligned as a
 * struct zone is, so until it is known which kind it is nothing else is read.
 */
struct zone_head {
	uint32_t	slot;
	uint32_t	flags;
	_Atomic(uint64_t) magic;
};

static inline struct zone_head *
zone_head(const struct zone *handle)
{
	return (struct zone_head *)(uintptr_t)handle;
}

_Static_assert(offsetof(struct zone, slot) ==
    offsetof(struct zone_static, zs_slot), "read by the fast path");
_Static_assert(offsetof(struct zone, flags) ==
    offsetof(struct zone_static, zs_flags), "read by the fast path");
_Static_assert(offsetof(struct zone, magic) ==
    offsetof(struct zone_static, zs_magic), "tells which one it is");

/*
 * The lock is held: may the fields of Z be read?  Of a struct that is being
 * made anew they may not.  Who ends a zone says so under the lock; who makes
 * one sets the magic last, with the release that this pairs with.
 */
static inline bool
zone_is_there(struct zone *z)
{
	uint64_t magic = load_acquire(&z->magic);

	return magic == ZONE_MAGIC_LIVE || magic == ZONE_MAGIC_DYING;
}

static inline unsigned
zone_words(const struct zone *z)
{
	return (z->nobj + WORD_OBJECTS - 1) >> WORD_SHIFT;
}

#endif /* ZOBJ_ZDEF_H */
