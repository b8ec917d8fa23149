/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extent.c - see extent.h.
 *
 * Pages that move to another address stay a mapping of their own there.  The
 * number of mappings must not grow with the heap, so at most MOVED_MAX extents
 * are such at a time; when one is freed its range is mapped anew and joins its
 * neighbours.
 *
 * Who grows grows again, so what has to move goes where there is at least as
 * much room behind it.  A moved mapping keeps that room; behind a copy it is a
 * free run.  A block that grew to 1 MiB in 16 steps among others moved at each
 * of them before, which took a hundred times as long.
 */
#include "extent.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "os.h"

enum {
	MOVED_MAX = 32,
	MOVE_BYTES = 512 * 1024,	/* below that copying is cheaper */
	ROOM_UNITS = 16			/* least room behind a copy: it is free */
};

static _Atomic(size_t) live, bytes, peak, moved;

static size_t
units_for(size_t size)
{
	return (size + UNIT_SIZE - 1) >> UNIT_SHIFT;
}

static void
count(size_t more, size_t less)
{
	size_t now = atomic_fetch_add_explicit(&bytes, more - less,
	    memory_order_relaxed) + more - less;
	size_t most = load_relaxed(&peak);

	while (now > most && !atomic_compare_exchange_weak_explicit(&peak,
	    &most, now, memory_order_relaxed, memory_order_relaxed))
		continue;
}

/* The run D is an extent of SIZE bytes from now on. */
static void *
enter(struct slab *d, size_t size)
{
	__atomic_store_n(&d->bytes, size, __ATOMIC_RELAXED);	/* stats.c */
	store_relaxed(&d->place, PLACE_NONE);
	store_relaxed(&d->owner, 0);
	/* Pairs with the acquire in locate.c. */
	store_release(&d->state, UNIT_EXTENT);
	atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
	count(size, 0);
	return (void *)d->base;
}

void *
extent_alloc(size_t size, size_t align, bool zero)
{
	size_t units = units_for(size);
	struct slab *d;
	bool clean;

	if (size > SIZE_MAX / 2 || align > SIZE_MAX / 2)
		return NULL;
	d = arena_alloc(units, max_size(align >> UNIT_SHIFT, 1), &clean);
	if (d == NULL)
		return NULL;
	if (zero && !clean && (size < MOVE_BYTES ||
	    os_purge((void *)d->base, units << UNIT_SHIFT) != 0))
		memset((void *)d->base, 0, size);
	return enter(d, size);
}

/* An extent no more; false: it is none. */
static bool
leave(struct slab *d)
{
	uint8_t state = UNIT_EXTENT;

	/* Of two threads that free it at once, one is told so. */
	if (!atomic_compare_exchange_strong_explicit(&d->state, &state,
	    UNIT_NONE, memory_order_acq_rel, memory_order_relaxed))
		return false;
	atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
	count(0, d->bytes);
	return true;
}

bool
extent_free(struct slab *d)
{
	size_t units = d->units;
	bool dirty = true;
	int error = 0;

	if (!leave(d))
		return false;
	if (load_relaxed(&d->place) != PLACE_NONE) {
		store_relaxed(&d->place, PLACE_NONE);
		error = os_map_anew((void *)d->base, units << UNIT_SHIFT);
		dirty = error != 0;
		atomic_fetch_sub_explicit(&moved, 1, memory_order_relaxed);
	}
	/* A range that is lost stays in use for ever. */
	if (error != ENOTRECOVERABLE)
		arena_free(d, units, dirty);
	return true;
}

/* The units above the first UNITS go back; DIRTY: perhaps in memory. */
static void
shrink(struct slab *d, size_t units, bool dirty)
{
	struct slab *tail = arena_next(d, (ptrdiff_t)units);
	size_t rest = d->units - units;

	tail->base = d->base + (units << UNIT_SHIFT);
	/* Pairs with the acquire in arena_run_at: the tail is a run now. */
	__atomic_store_n(&d->units, (uint32_t)units, __ATOMIC_RELEASE);
	arena_free(tail, rest, dirty);
}

/* UNITS with room behind them, or just them; NULL: no memory. */
static struct slab *
alloc_roomy(size_t units, bool *clean)
{
	struct slab *d = arena_alloc(units + max_size(units, ROOM_UNITS), 1,
	    clean);

	return d != NULL ? d : arena_alloc(units, 1, clean);
}

/*
 * The same for pages that move there.  A unit behind it stays as it is: what
 * the arena maps behind a moved mapping at its end would never join what is
 * before it.
 */
static struct slab *
alloc_to_move(size_t units)
{
	struct slab *d = arena_alloc_sparse(2 * units + 1);

	if (d == NULL)
		return arena_alloc_sparse(units);
	shrink(d, 2 * units, false);
	return d;
}

/* The content of FROM, OLD bytes, in SIZE bytes elsewhere; NULL: no memory. */
static void *
copy(struct slab *from, size_t old, size_t size)
{
	size_t units = units_for(size);
	bool clean;
	struct slab *d = alloc_roomy(units, &clean);

	if (d == NULL)
		return NULL;
	if (d->units > units)
		shrink(d, units, !clean);
	return memcpy(enter(d, size), (void *)from->base, old);
}

/* The same by moving pages; NULL with *ERROR: 0 if copying might do. */
static void *
move(struct slab *from, size_t old, size_t size, int *error)
{
	struct slab *d = alloc_to_move(units_for(size));
	void *to;

	*error = 0;
	if (d == NULL)
		return NULL;
	*error = os_move_pages((void *)d->base, (void *)from->base,
	    round_up(old, os_page_size()), (size_t)d->units << UNIT_SHIFT);
	if (*error == 0) {
		to = enter(d, size);
		store_relaxed(&d->place, PLACE_ACTIVE);
		return to;
	}
	/* A range that is lost stays in use for ever. */
	if (*error != ENOTRECOVERABLE) {
		arena_free(d, d->units, false);
		*error = 0;
	}
	return NULL;
}

/* By its pages, if that pays and may be. */
static void *
relocate(struct slab *from, size_t old, size_t size)
{
	size_t n = atomic_fetch_add_explicit(&moved, 1, memory_order_relaxed);
	int error = 0;
	void *to = NULL;

	if (n < MOVED_MAX && old >= MOVE_BYTES)
		to = move(from, old, size, &error);
	if (to == NULL)
		atomic_fetch_sub_explicit(&moved, 1, memory_order_relaxed);
	return to != NULL || error != 0 ? to : copy(from, old, size);
}

void *
extent_resize(struct slab *d, size_t size)
{
	size_t units = units_for(size), old = d->bytes, used = units_for(old);
	bool moved_here = load_relaxed(&d->place) != PLACE_NONE, zero;
	void *to;

	if (size > SIZE_MAX / 2)
		return NULL;
	/* A moved extent's range is mapped as a whole: leave it whole. */
	if (units < d->units && !moved_here)
		shrink(d, units, true);
	else if (units < used)
		(void)os_purge((char *)d->base + (units << UNIT_SHIFT),
		    (used - units) << UNIT_SHIFT);
	if (units <= d->units || (!moved_here &&
	    arena_extend(d, units - d->units, &zero))) {
		__atomic_store_n(&d->bytes, size, __ATOMIC_RELAXED);
		count(size, old);
		return (void *)d->base;
	}
	/* The program may have used all that was usable. */
	to = relocate(d, extent_usable(d), size);
	if (to != NULL)
		(void)extent_free(d);
	return to;
}

size_t
extent_usable(const struct slab *d)
{
	return round_up(d->bytes, os_page_size());
}

void
extent_stats(struct extent_stats *st)
{
	st->live = load_relaxed(&live);
	st->bytes = load_relaxed(&bytes);
	st->peak = load_relaxed(&peak);
}
