/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extent.c - see extent.h.
 *
 * Pages that move to another address stay a mapping of their own there.  The
 * number of mappings must not grow with the heap, so at most MOVED_MAX extents
 * are such at a time; when one is freed its range is mapped anew and joins its
 * neighbours.
 */
#include "extent.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "os.h"

enum {
	MOVED_MAX = 32,
	MOVE_BYTES = 512 * 1024		/* below that copying is cheaper */
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
	__atomic_store_n(&d->bytes, size, __ATOMIC_RELAXED);	/* stats.c */
	store_relaxed(&d->place, PLACE_NONE);
	store_relaxed(&d->owner, 0);
	/* Pairs with the acquire in locate.c. */
	store_release(&d->state, UNIT_EXTENT);
	atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
	count(size, 0);
	return (void *)d->base;
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

/* The units above the first UNITS go back. */
static void
shrink(struct slab *d, size_t units)
{
	struct slab *tail = arena_next(d, (ptrdiff_t)units);
	size_t rest = d->units - units;

	tail->base = d->base + (units << UNIT_SHIFT);
	/* Pairs with the acquire in arena_run_at: the tail is a run now. */
	__atomic_store_n(&d->units, (uint32_t)units, __ATOMIC_RELEASE);
	arena_free(tail, rest, true);
}

/* The first SIZE bytes of FROM to TO, as os_move_pages, or by copying. */
static int
move(void *to, struct slab *from, size_t size)
{
	int error = ENOTSUP;
	size_t n;

	n = atomic_fetch_add_explicit(&moved, 1, memory_order_relaxed);
	if (n < MOVED_MAX && size >= MOVE_BYTES)
		error = os_move_pages(to, (void *)from->base,
		    round_up(size, os_page_size()),
		    (size_t)arena_find(to)->units << UNIT_SHIFT);
	if (error == 0) {
		store_relaxed(&arena_find(to)->place, PLACE_ACTIVE);
		return 0;
	}
	atomic_fetch_sub_explicit(&moved, 1, memory_order_relaxed);
	if (error == ENOTRECOVERABLE)
		return error;
	memcpy(to, (void *)from->base, size);
	return 0;
}

void *
extent_resize(struct slab *d, size_t size)
{
	size_t units = units_for(size), old = d->bytes;
	bool moved_here = load_relaxed(&d->place) != PLACE_NONE, zero;
	void *to;

	if (size > SIZE_MAX / 2)
		return NULL;
	/* A moved extent's range is mapped as a whole: leave it whole. */
	if (units < d->units && !moved_here)
		shrink(d, units);
	else if (units < d->units)
		(void)os_purge((char *)d->base + (units << UNIT_SHIFT),
		    (d->units - units) << UNIT_SHIFT);
	if (units <= d->units || (!moved_here &&
	    arena_extend(d, units - d->units, &zero))) {
		__atomic_store_n(&d->bytes, size, __ATOMIC_RELAXED);
		count(size, old);
		return (void *)d->base;
	}
	to = extent_alloc(size, 1, false);
	if (to == NULL)
		return NULL;
	/* It is longer, and the program may have used all that was usable. */
	old = extent_usable(d);
	if (move(to, d, old) != 0) {
		/* A range that is lost stays in use for ever. */
		(void)leave(arena_find(to));
		return NULL;
	}
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
