/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * share.c - see share.h.  Owns the carving of slabs out of units and their
 * return.
 */
#include "share.h"

#include <string.h>

#include "arena.h"
#include "depot.h"
#include "hole.h"
#include "misuse.h"
#include "os.h"
#include "panic.h"
#include "remote.h"
#include "rotate.h"
#include "spare.h"

/*
 * Peak is sampled when the zone has grown by this share of its slabs, so that
 * counting costs a growing zone a constant part of its growth.
 */
enum {
	SAMPLE_SHARE = 16,
	GIVE_SLABS = 16			/* looked at while the lock is held */
};

struct zone share_map_zones[SHARE_MAP_ZONES];

void
share_init(struct zone *z, enum lock_rank rank)
{
	/* Others may hold on to the struct's earlier zone: of the same rank. */
	if (z->lock.rank != (uint32_t)rank)
		z->lock.rank = rank;
	lock_acquire(&z->lock);
	for (unsigned g = 0; g <= ZONE_GROUPS; g++)
		list_init(&z->groups[g]);
	list_init(&z->seed);
	list_init(&z->free);
	list_init(&z->busy);
	list_init(&z->ready_made);
	list_init(&z->all);
	list_init(&z->zones);
	z->nslabs = z->nfresh = z->leaving = z->peak = z->next_sample = 0;
	store_relaxed(&z->nfree, 0);
	store_relaxed(&z->nready_made, 0);
	store_relaxed(&z->announced, NULL);
	store_relaxed(&z->reserves, NULL);
	z->stocked = NULL;
	store_relaxed(&z->dug, false);
	store_relaxed(&z->tended, false);
	store_relaxed(&z->refused_ms, 0);
	store_relaxed(&z->live, 0);
	store_relaxed(&z->draws, 0);
	store_relaxed(&z->left, 0);
	store_relaxed(&z->fails, 0);
	store_relaxed(&z->holes, 0);
	/* This and its later values pair with the acquire in zone_existing. */
	store_release(&z->magic, ZONE_MAGIC_LIVE);
	lock_release(&z->lock);
}

/* Sizes 256, 512, 1024: 16, 32 and 64 words of two bitmaps. */
void
share_init_maps(void)
{
	static const char *const names[SHARE_MAP_ZONES] = {
		"zobj:map-256", "zobj:map-512", "zobj:map-1024"
	};

	for (unsigned i = 0; i < SHARE_MAP_ZONES; i++) {
		struct zone *z = &share_map_zones[i];

		z->kind = KIND_META;
		z->size = z->stride = 256u << i;
		z->nobj = (uint32_t)(UNIT_SIZE / z->stride);
		z->recip = ((uint64_t)1 << 32) / z->stride;
		z->units = z->align_units = 1;
		for (unsigned c = 0; names[i][c] != '\0'; c++)
			z->name[c] = names[i][c];
		share_init(z, RANK_META_ZONE);
	}
}

static void *
map_alloc(size_t bytes, unsigned how)
{
	struct slab *slab;
	uintptr_t twice;
	unsigned i = 0;
	bool raw;

	while (share_map_zones[i].size < bytes)
		i++;
	return share_alloc(&share_map_zones[i], how, &slab, &raw, &twice);
}

static void
map_free(void *map)
{
	struct slab *d = arena_find(map);

	(void)remote_free(d, ((uintptr_t)map - d->base) / d->stride, NULL);
}

static size_t
map_bytes(const struct zone *z)
{
	unsigned words = zone_words(z);

	return words > SLAB_INLINE_WORDS ? words * sizeof (struct pair) : 0;
}

static size_t
built_bytes(const struct zone *z)
{
	return z->ctor != NULL ? zone_words(z) * sizeof (uint64_t) : 0;
}

size_t
share_meta_bytes(const struct zone *z)
{
	return sizeof (struct slab) + map_bytes(z) + built_bytes(z);
}

/* Bitmaps of a new slab that are not in its descriptor; NULL: none. */
struct maps {
	void	*map;
	void	*built;
};

static void
put_maps(const struct maps *m)
{
	if (m->map != NULL)
		map_free(m->map);
	if (m->built != NULL)
		map_free(m->built);
}

/* False: no memory. */
static bool
get_maps(struct zone *z, unsigned how, struct maps *m)
{
	size_t map = map_bytes(z), built = built_bytes(z);

	*m = (struct maps){ NULL, NULL };
	if ((map == 0 || (m->map = map_alloc(map, how)) != NULL) &&
	    (built == 0 || (m->built = map_alloc(built, how)) != NULL))
		return true;
	put_maps(m);
	return false;
}

static bool
is_huge(const struct zone *z)
{
	return z->huge && z->units << UNIT_SHIFT >= 2 * MIB;
}

/* The units of a new slab.  *ZERO: they read as zero. */
static struct slab *
get_units(struct zone *z, unsigned how, bool *zero)
{
	struct slab *d = NULL;

	*zero = false;
	if (z->units == 1)
		d = (how & SHARE_GROW) != 0 ? depot_get() : depot_get_quickly();
	if (d != NULL || (how & SHARE_GROW) == 0)
		return d;
	d = arena_alloc(z->units, z->align_units, zero);
	/* The arena may be what a handler has interrupted. */
	if (d == NULL && z->units == 1 && (how & SHARE_WAIT) == 0) {
		d = spare_take();
		*zero = false;
	}
	if (d != NULL)
		d->shard = (uint8_t)depot_shard();
	return d;
}

/*
 * A new slab, all objects free, in no zone's list yet.  Its maps come first:
 * they go back without a lock, units do not.
 */
static struct slab *
carve(struct zone *z, unsigned how)
{
	struct maps maps;
	struct slab *d;
	bool zero;

	if (!get_maps(z, how, &maps))
		return NULL;
	d = get_units(z, how, &zero);
	if (d == NULL) {
		put_maps(&maps);
		return NULL;
	}
	for (uint32_t i = 0; i < z->units; i++)
		arena_next(d, i)->given = 0;
	d->map = maps.map != NULL ? maps.map : d->inline_map;
	d->built = maps.built;
	d->recip = slab_recip(z->stride);
	d->stride = z->stride;
	d->slot = z->slot;
	d->nobj = z->nobj;
	/* Statistics read these, of any unit at any time: arena_run_at. */
	__atomic_store_n(&d->zone, z, __ATOMIC_RELAXED);
	store_relaxed(&d->place, PLACE_NONE);
	list_init(&d->link);
	for (uint32_t i = 1; i < z->units; i++) {
		struct slab *part = arena_next(d, i);

		__atomic_store_n(&part->units, i, __ATOMIC_RELAXED);
		part->recip = 0;	/* fast_index finds a first byte */
		store_relaxed(&part->state, UNIT_PART);
	}
	slab_fill(d);
	hole_carved(d);
	if ((z->kind & KIND_FOREVER) != 0 && !zero)
		memset((void *)d->base, 0, (size_t)z->units << UNIT_SHIFT);
	if (is_huge(z))
		(void)os_huge_pages((void *)d->base, z->units << UNIT_SHIFT);
	/* Pairs with the acquire in locate.c. */
	store_release(&d->state, UNIT_SLAB);
	return d;
}

/* Run the destructors of the constructed objects of a free slab. */
static void
unbuild(struct zone *z, struct slab *d)
{
	for (unsigned w = 0; w < slab_words(d); w++)
		for (uint64_t s = load_acquire(&d->built[w]); s != 0; s &= s - 1)
			z->dtor((void *)slab_object(d, w * WORD_OBJECTS +
			    lowest_bit(s)), z->arg);
}

void
share_discard(struct slab *d)
{
	struct zone *z = d->zone;
	uint32_t units = d->units;
	bool dirty;

	if (d->built != NULL && z->dtor != NULL)
		unbuild(z, d);
	/* Nothing of it is ours: see region.h. */
	if (slab_is_seed(d))
		return;
	dirty = !hole_leave(d);
	if (d->built != NULL) {
		map_free(d->built);
		d->built = NULL;
	}
	if (d->map != d->inline_map)
		map_free(d->map);
	if (is_huge(z))
		(void)os_no_huge_pages((void *)d->base, units << UNIT_SHIFT);
	for (uint32_t i = 1; i < units; i++)
		store_relaxed(&arena_next(d, i)->state, UNIT_NONE);
	store_release(&d->state, UNIT_NONE);
	store_relaxed(&d->owner, 0);
	if (units == 1 && dirty)
		depot_put(d);
	else
		arena_free(d, units, dirty);
}

/* The lock is held: may slabs and holes of Z leave? */
static bool
has_memory(struct zone *z)
{
	return zone_is_there(z) && (z->kind & KIND_FOREVER) == 0;
}

/* A free slab leaves, if there are more than KEEP; NULL: none does. */
static struct slab *
take_free(struct zone *z, size_t keep)
{
	struct slab *d = NULL;
	uintptr_t twice;

	if (!has_memory(z))
		return NULL;
	if (keep == SHARE_KEEP)
		keep = load_relaxed(&z->keep);
	twice = remote_drain_zone(z);
	if (twice != 0)
		misuse_defer_double_free(z, twice);
	if (load_relaxed(&z->nfree) > keep)
		d = rotate_leave_free(z);
	z->leaving += d != NULL;
	return d;
}

bool
share_has_excess(struct zone *z)
{
	/* What is announced is not counted yet. */
	return load_relaxed(&z->nfree) > load_relaxed(&z->keep) ||
	    load_relaxed(&z->announced) != NULL;
}

size_t
share_shed(struct zone *z, size_t keep)
{
	size_t slabs = 0;
	struct slab *d;

	lock_acquire(&z->lock);
	for (; (d = take_free(z, keep)) != NULL; slabs++) {
		lock_release(&z->lock);
		share_discard(d);
		lock_acquire(&z->lock);
		z->leaving--;
	}
	lock_release(&z->lock);
	misuse_report_deferred();
	return slabs;
}

/*
 * Slabs in which nothing was freed for longest first, for those that are being
 * emptied may be free soon.  Each goes to the front of its list, so that a new
 * turn begins where the lock was dropped; those that gave something are held
 * back from now on.
 */
static size_t
give_holes_of(struct zone *z, struct list *head, size_t want,
    size_t *purged)
{
	size_t bytes = 0, slabs = 0, n = 0;

	LIST_FOREACH(l, head)
		n++;
	for (; n > 0 && bytes < want && !list_empty(head); n--) {
		struct slab *d = SLAB_OF_LINK(head->prev);

		bytes += hole_give(d, purged);
		rotate_regroup(z, d);
		if (++slabs % GIVE_SLABS == 0) {
			lock_release(&z->lock);
			lock_acquire(&z->lock);
		}
	}
	return bytes;
}

/* The lock is held; it may be dropped on the way. */
static size_t
give_holes(struct zone *z, size_t want, size_t *purged)
{
	size_t bytes = 0;
	uintptr_t twice = remote_drain_zone(z);

	if (twice != 0)
		misuse_defer_double_free(z, twice);
	for (unsigned g = ZONE_GROUPS + 1; g-- > 0 && bytes < want;)
		bytes += give_holes_of(z, &z->groups[g], want - bytes,
		    purged);
	return bytes;
}

size_t
share_give_holes(struct zone *z, size_t want, size_t *purged)
{
	size_t bytes = 0;

	lock_acquire(&z->lock);
	if (has_memory(z)) {
		if (!z->huge)
			bytes = give_holes(z, want, purged);
		hole_settled(z, bytes < want ? SIZE_MAX : bytes);
	}
	lock_release(&z->lock);
	return bytes;
}

size_t
share_count_live(struct zone *z)
{
	size_t live = 0;

	LIST_FOREACH(l, &z->all) {
		struct slab *d = SLAB_OF_ALL(l);

		live += d->nobj;
		for (unsigned w = 0; w < slab_words(d); w++)
			live -= count_bits(slab_free_bits(d, w));
	}
	return live;
}

void
share_sample_peak(struct zone *z)
{
	z->peak = max_size(z->peak, share_count_live(z));
}

/* The slabs in use are to be one more; the lock is held. */
static void
grow(struct zone *z)
{
	size_t used = z->nslabs - z->nfresh;

	if (used >= z->next_sample) {
		share_sample_peak(z);
		z->next_sample = used + used / SAMPLE_SHARE;
	}
}

/* A new slab joins the zone; the lock is held. */
static void
join(struct zone *z, struct slab *d, struct tcache *tc)
{
	grow(z);
	rotate_enter(z, d, tc);
}

/* Objects of D, which the zone has, are used; the lock is held. */
static void
use(struct zone *z, struct slab *d)
{
	if (likely(!slab_is_seed(d)) || !d->fresh)
		return;
	grow(z);
	d->fresh = false;
	z->nfresh--;
}

struct slab *
share_get(struct zone *z)
{
	struct slab *d;

	lock_acquire(&z->lock);
	d = take_free(z, 0);
	z->leaving += d == NULL;
	lock_release(&z->lock);
	misuse_report_deferred();
	if (d != NULL) {
		(void)hole_leave(d);
		return d;
	}
	d = carve(z, SHARE_ALL);
	if (d == NULL)
		share_put(z, NULL, NULL);
	return d;
}

void
share_put(struct zone *z, struct slab *d,
    void (*enter)(struct zone *z, struct slab *d))
{
	if (d != NULL && enter == NULL)
		share_discard(d);
	lock_acquire(&z->lock);
	z->leaving--;
	if (enter != NULL) {
		grow(z);
		enter(z, d);
	}
	lock_release(&z->lock);
}

static void *
take_first(struct zone *z, struct slab **slab, bool *raw)
{
	struct slab *d = rotate_first(z);
	ptrdiff_t index;

	if (d == NULL)
		return NULL;
	use(z, d);
	index = slab_take(d, raw);
	ASSERT(index >= 0);
	hole_fill(d, (size_t)index);
	if (load_relaxed(&d->place) != PLACE_PARTIAL || !slab_has_free(d))
		rotate_regroup(z, d);
	*slab = d;
	return (void *)slab_object(d, (size_t)index);
}

/* The zone's lock, or not if that means waiting and we may not. */
static bool
enter(struct zone *z, unsigned how)
{
	if ((how & SHARE_WAIT) != 0) {
		lock_acquire(&z->lock);
		return true;
	}
	return (how & SHARE_GROW) != 0 ? lock_acquire_if_safe(&z->lock) :
	    lock_try_briefly(&z->lock);
}

/*
 * A new slab joins the zone, as TC's if that is not NULL; false: no memory.
 * The lock is held, and is again afterwards.  Who cannot be sure to get it once
 * more keeps it meanwhile: what carve locks is of higher rank.
 */
static bool
get_slab(struct zone *z, struct tcache *tc, unsigned how, struct slab **slab)
{
	struct slab *d;

	if ((how & SHARE_WAIT) != 0)
		lock_release(&z->lock);
	d = carve(z, how);
	if ((how & SHARE_WAIT) != 0) {
		if (d != NULL)
			spare_fill();
		lock_acquire(&z->lock);
	}
	if (d != NULL)
		join(z, d, tc);
	*slab = d;
	return d != NULL;
}

void *
share_alloc(struct zone *z, unsigned how, struct slab **slab, bool *raw,
    uintptr_t *twice)
{
	void *p;

	*twice = 0;
	if (!enter(z, how))
		return NULL;
	*twice = remote_drain_zone(z);
	do
		p = take_first(z, slab, raw);
	while (p == NULL && get_slab(z, NULL, how, slab));
	lock_release(&z->lock);
	return p;
}

struct slab *
share_adopt(struct zone *z, struct tcache *tc, unsigned how, uintptr_t *twice)
{
	struct slab *d;

	*twice = 0;
	if (!enter(z, how))
		return NULL;
	*twice = remote_drain_zone(z);
	d = rotate_adopt(z, tc);
	if (d != NULL)
		use(z, d);
	else
		(void)get_slab(z, tc, how, &d);
	lock_release(&z->lock);
	return d;
}
