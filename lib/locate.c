/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * locate.c - see locate.h.  Reads descriptors only, never what P points to.
 */
#include "locate.h"

#include "arena.h"
#include "misuse.h"
#include "region.h"

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
	at->index = offset / d->stride;
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

static bool
is_live(const struct location *at)
{
	return (slab_free_bits(at->slab, (unsigned)(at->index >> WORD_SHIFT)) >>
	    at->index % WORD_OBJECTS & 1) == 0;
}

bool
locate_is_live(const struct location *at)
{
	struct location again;
	bool live;

	if (!at->seed)
		return is_live(at);
	/* Who ends the zone takes its regions out of the table under this. */
	lock_acquire(&at->zone->lock);
	live = locate(at->base, &again) == LOCATED_OBJECT && again.seed &&
	    again.zone == at->zone && is_live(&again);
	lock_release(&at->zone->lock);
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
