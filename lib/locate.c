/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * locate.c - see locate.h.  Reads descriptors only, never what P points to.
 */
#include "locate.h"

#include "arena.h"
#include "misuse.h"
#include "region.h"
#include "thread.h"

static unsigned
state_of(const struct slab *d)
{
	/* Pairs with the release in carve, extent_alloc: the fields are set. */
	return load_acquire(&d->state);
}

static enum located
locate_in_slab(uintptr_t p, struct location *at)
{
	struct slab *d = at->slab;
	uintptr_t offset = p - d->base;

	at->zone = d->zone;
	/* A wild pointer may meet a slab that is just going. */
	if (at->zone == NULL || d->stride == 0)
		return LOCATED_NOTHING;
	/* Our own records are nothing the program could free. */
	if ((at->zone->kind & KIND_META) != 0)
		return LOCATED_NOTHING;
	at->index = slab_index(d, offset);
	at->base = slab_object(d, at->index);
	if (at->index >= d->nobj)
		return LOCATED_BEHIND;
	return at->base == p ? LOCATED_OBJECT : LOCATED_INSIDE;
}

/*
 * The descriptors inside an extent say nothing, so look back for its first;
 * only for messages, because it takes as long as the extent is.
 */
static enum located
look_back(struct slab *d, uintptr_t p, struct location *at)
{
	uintptr_t unit = p & ~(UNIT_SIZE - 1);

	for (; arena_find((void *)unit) != NULL; unit -= UNIT_SIZE) {
		d = arena_find((void *)unit);
		if (state_of(d) != UNIT_NONE)
			break;
	}
	if (state_of(d) != UNIT_EXTENT ||
	    p - d->base >= (uintptr_t)d->units << UNIT_SHIFT)
		return LOCATED_NOTHING;
	at->slab = d;
	at->base = d->base;
	return LOCATED_IN_EXTENT;
}

/*
 * By the table alone: the descriptors are in memory that is the program's
 * again when the zone ends, which an address that is none of an object's does
 * not keep from happening.
 */
static enum located
locate_in_region(uintptr_t p, struct location *at)
{
	struct region r;
	size_t n;

	if (!region_find(p, &r))
		return LOCATED_FOREIGN;
	at->zone = r.zone;
	at->seed = true;
	if (p < r.objects)
		return LOCATED_BEFORE;
	n = (p - r.objects) / r.stride;
	if (n >= r.nobj)
		return LOCATED_BEHIND;
	at->slab = r.slabs + n / r.per_slab;
	at->index = n % r.per_slab;
	at->base = r.objects + n * r.stride;
	return at->base == p ? LOCATED_OBJECT : LOCATED_INSIDE;
}

enum located
locate(uintptr_t p, struct location *at)
{
	struct slab *d = arena_find((void *)p);

	if (d == NULL)
		return locate_in_region(p, at);
	at->seed = false;
	if (state_of(d) == UNIT_PART)
		d = arena_next(d, -(ptrdiff_t)d->units);
	at->slab = d;
	switch (state_of(d)) {
	case UNIT_SLAB:
		return locate_in_slab(p, at);
	case UNIT_EXTENT:
		at->base = d->base;
		return d->base == p ? LOCATED_EXTENT : LOCATED_IN_EXTENT;
	default:
		return look_back(d, p, at);
	}
}

bool
locate_is_held(struct slab *d, size_t index)
{
	struct thread *t = zobj_tls.mine;
	bool held = slab_is_held(d, index);

	if (!held || thread_is_interrupted())
		return false;
	if (t != NULL && thread_owns(t, (uintptr_t)slab_owner(d)))
		return true;
	held = thread_stop_all() == 0 && slab_is_held(d, index);
	thread_resume_all();
	return held;
}

enum life { LIVE, FREE, HELD };

/* Bits of the map are set of objects that are free only. */
static enum life
life_of(const struct location *at)
{
	uint64_t bits = slab_map_bits(at->slab,
	    (unsigned)(at->index >> WORD_SHIFT));

	if ((bits >> at->index % WORD_OBJECTS & 1) != 0)
		return FREE;
	return slab_is_held(at->slab, at->index) ? HELD : LIVE;
}

/* Who ends the zone takes its regions out of the table under its lock. */
static enum life
life_in_region(const struct location *at)
{
	struct location again;
	enum life life = FREE;

	lock_acquire(&at->zone->lock);
	if (locate(at->base, &again) == LOCATED_OBJECT && again.seed &&
	    again.zone == at->zone)
		life = life_of(&again);
	lock_release(&at->zone->lock);
	return life;
}

bool
locate_is_live(const struct location *at)
{
	enum life life = at->seed ? life_in_region(at) : life_of(at);
	bool live;

	if (life != HELD)
		return life == LIVE;
	/* Perhaps: see locate_is_held.  A region may be gone by now. */
	if (!at->seed)
		return !locate_is_held(at->slab, at->index);
	if (thread_is_interrupted())
		return true;
	live = thread_stop_all() != 0 || life_in_region(at) == LIVE;
	thread_resume_all();
	return live;
}

void
locate_report(const char *verb, uintptr_t p, enum located what,
    const struct location *at)
{
	switch (what) {
	case LOCATED_INSIDE:
		misuse_not_an_object(verb, at->zone, p, at->base);
		break;
	case LOCATED_BEHIND:
		misuse_not_an_object(verb, at->zone, p, 0);
		break;
	case LOCATED_BEFORE:
		misuse_before_objects(verb, at->zone, p);
		break;
	case LOCATED_IN_EXTENT:
		misuse_inside_extent(verb, p, at->base);
		break;
	case LOCATED_FOREIGN:
		misuse_foreign(verb, p);
		break;
	default:
		misuse_stale(verb, p);
	}
}
