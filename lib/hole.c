/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hole.c - see hole.h.
 */
#include "hole.h"

#include "arena.h"
#include "os.h"
#include "retain.h"

#define NO_INDEX	SIZE_MAX

/*
 * A thread that hands over some MiB many times a second took half as long again
 * when its cache was emptied each time; one that ends with all it had handed
 * over and freed elsewhere keeps no more than this.
 */
enum {
	STUCK_MOST = 16 * 1024 * 1024,
	STUCK_SHARE = 8			/* of what is used, if that is more */
};

static _Atomic(size_t) total;		/* sum of z->holes */
static _Atomic(size_t) stuck;		/* sum of tc->stuck_steps, in bytes */
static _Atomic(size_t) unmoved;		/* of that, what nobody could get at */
static _Atomic(size_t) given;		/* sum of hole_given */
static struct churn churn;		/* of the pages that were given */
static struct retention left;		/* slabs that left with pages given */
static struct retention moved;		/* what was stuck, and is no more */

static unsigned
pages_per_unit(void)
{
	return (unsigned)(UNIT_SIZE / os_page_size());
}

static unsigned
slab_pages(const struct slab *d)
{
	return d->units * pages_per_unit();
}

/* Page K of the slab: which word of given bits, which bit. */
static bool
is_given(struct slab *d, unsigned k)
{
	unsigned per = pages_per_unit();

	return (arena_next(d, k / per)->given >> k % per & 1) != 0;
}

static void
set_given(struct slab *d, unsigned k, bool given)
{
	unsigned per = pages_per_unit();
	struct slab *unit = arena_next(d, k / per);
	uint16_t bit = (uint16_t)(1u << k % per);

	unit->given = (uint16_t)(given ? unit->given | bit : unit->given & ~bit);
}

/*
 * The objects of word W that are free, or ALSO, and whose memory may read as
 * zero.  What an owner holds is not looked at: he works there.
 */
hot_inline uint64_t
blank_bits(struct slab *d, unsigned w, size_t also)
{
	uint64_t bits = slab_map_bits(d, w);

	if (also >> WORD_SHIFT == w)
		bits |= (uint64_t)1 << also % WORD_OBJECTS;
	/* Built and freed just now, it does not look free and not built. */
	return d->built == NULL ? bits : bits & ~load_acquire(&d->built[w]);
}

/* Are the objects FIRST to LAST blank? */
static bool
is_blank(struct slab *d, size_t first, size_t last, size_t also)
{
	unsigned w = (unsigned)(first >> WORD_SHIFT);
	unsigned end = (unsigned)(last >> WORD_SHIFT);
	uint64_t bits = ~(uint64_t)0 << first % WORD_OBJECTS;

	for (; w < end; w++, bits = ~(uint64_t)0)
		if ((bits & ~blank_bits(d, w, also)) != 0)
			return false;
	bits &= low_bits(last % WORD_OBJECTS + 1);
	return (bits & ~blank_bits(d, w, also)) == 0;
}

/* Is no object of word W live but INDEX? */
static bool
is_last_of(struct slab *d, unsigned w, size_t index)
{
	uint64_t live = slab_word_mask(d, w) & ~slab_map_bits(d, w);

	if (index >> WORD_SHIFT == w)
		live &= ~((uint64_t)1 << index % WORD_OBJECTS);
	return live == 0;
}

/* Is no object live but INDEX?  Its neighbours tell soonest. */
static bool
is_last(struct slab *d, size_t index)
{
	if (!is_last_of(d, (unsigned)(index >> WORD_SHIFT), index))
		return false;
	for (unsigned w = 0; w < slab_words(d); w++)
		if (!is_last_of(d, w, index))
			return false;
	return true;
}

/* Does no object live in page K?  Behind the last object none does. */
static bool
is_hole(struct slab *d, unsigned k, size_t also)
{
	size_t page = os_page_size(), from = k * page;
	size_t first = slab_index(d, from);
	size_t last = slab_index(d, from + page - 1);

	if (first >= d->nobj)
		return true;
	return is_blank(d, first, min_size(last, d->nobj - 1), also);
}

/* The pages that an object touches: FIRST to the one returned. */
static unsigned
pages_of(const struct slab *d, size_t index, unsigned *first)
{
	unsigned shift = lowest_bit(os_page_size());
	size_t from = index * d->stride;

	*first = (unsigned)(from >> shift);
	return (unsigned)((from + d->stride - 1) >> shift);
}

/*
 * Do objects next to INDEX, of the same word, keep its pages?  Then nothing
 * else need be looked at.
 */
static bool
is_between_tenants(struct slab *d, size_t index)
{
	size_t in_page = os_page_size() - 1;
	size_t from = index * d->stride, to = from + d->stride;
	uint64_t live = ~blank_bits(d, (unsigned)(index >> WORD_SHIFT), index);
	unsigned bit = index % WORD_OBJECTS;
	bool before, behind;

	/* Who begins or ends on a page's edge has no neighbour there. */
	before = (from & in_page) != 0 && (live << 1 >> bit & 1) != 0;
	behind = (to & in_page) != 0 && (live >> 1 >> bit & 1) != 0 &&
	    index + 1 < d->nobj;
	return (from ^ (to - 1)) <= in_page ? before || behind :
	    before && behind && d->stride <= in_page;
}

/* Bytes of the pages in which no object but INDEX lives. */
static size_t
alone_in(struct slab *d, size_t index)
{
	unsigned k, last;
	size_t bytes = 0;

	if (is_between_tenants(d, index))
		return 0;
	for (last = pages_of(d, index, &k); k <= last; k++)
		if (is_hole(d, k, index))
			bytes += os_page_size();
	return bytes;
}

/*
 * What is added to a zone or a cache is added to the sum first, and what is
 * taken from the sum is what was taken from them: the sums never drift.
 */
static void
add(_Atomic(size_t) *n, size_t more)
{
	atomic_fetch_add_explicit(n, more, memory_order_relaxed);
}

static void
subtract(_Atomic(size_t) *n, size_t less)
{
	atomic_fetch_sub_explicit(n, less, memory_order_relaxed);
}

/* Take MOST away, or what there is; how much that was. */
static size_t
take(_Atomic(size_t) *n, size_t most)
{
	size_t old = load_relaxed(n);

	while (!atomic_compare_exchange_weak_explicit(n, &old,
	    old - min_size(old, most), memory_order_relaxed,
	    memory_order_relaxed))
		continue;
	return min_size(old, most);
}

/* Bytes of holes that may stay. */
static size_t
bound(void)
{
	size_t used = arena_used();

	used -= min_size(used, load_relaxed(&given));
	return retain_floor(used) + retain_churn(&churn, used);
}

/* Half of the bound stays, so that the next excess is some time away. */
size_t
hole_excess(void)
{
	size_t now = load_relaxed(&total), most = bound();

	return now > most ? now - most / 2 : 0;
}

/* What may be stuck beyond that, if owners are soon there again. */
static size_t
patience(void)
{
	return min_size(retain_bounce(&moved),
	    max_size(STUCK_MOST, arena_used() / STUCK_SHARE));
}

/* Threads that cannot be stopped would make it so for ever. */
static bool
is_too_stuck(void)
{
	size_t now = load_relaxed(&stuck);

	return now > bound() + patience() +
	    min_size(now, load_relaxed(&unmoved));
}

size_t
hole_stuck(void)
{
	return load_relaxed(&stuck);
}

void
hole_stuck_moved(size_t before)
{
	size_t now = load_relaxed(&stuck);

	store_relaxed(&unmoved, now);
	if (before > now)
		retain_gave(&moved, before - now);
}

/*
 * Of a cache the sum knows whole steps: the bytes may be lost where two threads
 * count at once, the steps are not.
 */
static enum hole_news
count_stuck(struct tcache *tc, size_t bytes)
{
	uint32_t old = load_relaxed(&tc->stuck);
	uint32_t steps = (old % HOLE_STEP + (uint32_t)bytes) / HOLE_STEP;

	store_relaxed(&tc->stuck, old + (uint32_t)bytes);
	if (steps == 0)
		return HOLE_NOTHING;
	add(&stuck, (size_t)steps * HOLE_STEP);
	atomic_fetch_add_explicit(&tc->stuck_steps, steps,
	    memory_order_relaxed);
	return is_too_stuck() ? HOLE_STUCK : HOLE_NOTHING;
}

enum hole_news
hole_opens(struct slab *d, size_t index)
{
	struct zone *z = d->zone;
	struct tcache *tc = slab_owner(d);
	size_t bytes;

	/* Registered memory stays whatever lives there. */
	if (slab_is_seed(d))
		return HOLE_NOTHING;
	bytes = alone_in(d, index);
	if (tc != NULL)
		return bytes != 0 ? count_stuck(tc, bytes) : HOLE_NOTHING;
	if (load_relaxed(&d->place) == PLACE_RESERVE)
		return HOLE_NOTHING;
	if (bytes != 0) {
		add(&total, bytes);
		add(&z->holes, bytes);
	}
	if (is_last(d, index))
		return HOLE_SLAB;
	return bytes != 0 && hole_excess() != 0 ? HOLE_EXCESS : HOLE_NOTHING;
}

void
hole_unstick(struct tcache *tc)
{
	if (load_relaxed(&tc->stuck) != 0)
		store_relaxed(&tc->stuck, 0);
	/* On its own: who counts adds the bytes first. */
	if (load_relaxed(&tc->stuck_steps) != 0)
		subtract(&stuck, (size_t)HOLE_STEP * atomic_exchange_explicit(
		    &tc->stuck_steps, 0, memory_order_relaxed));
}

static size_t
hole_bytes(struct slab *d)
{
	size_t pages = 0;

	for (unsigned k = 0; k < slab_pages(d); k++)
		pages += !is_given(d, k) && is_hole(d, k, NO_INDEX);
	return pages * os_page_size();
}

void
hole_shared(struct slab *d)
{
	size_t bytes = hole_bytes(d);

	add(&total, bytes);
	add(&d->zone->holes, bytes);
}

void
hole_settled(struct zone *z, size_t bytes)
{
	subtract(&total, take(&z->holes, bytes));
}

/* Give N pages, K the last of them; what was in memory is added to *PURGED. */
static size_t
give_run(struct slab *d, unsigned k, unsigned n, size_t *purged)
{
	size_t page = os_page_size(), resident = 0;
	char *from = (char *)d->base + (k + 1 - n) * page;

	if (n != 0 && purged != NULL)
		resident = os_resident(from, n * page);
	if (n == 0 || os_purge(from, n * page) != 0)
		return 0;
	if (purged != NULL)
		*purged += resident;
	for (unsigned i = 0; i < n; i++)
		set_given(d, k - i, true);
	return n * page;
}

size_t
hole_give(struct slab *d, size_t *purged)
{
	unsigned pages = slab_pages(d), run = 0;
	size_t bytes = 0;

	for (unsigned k = 0; k < pages; k++) {
		if (!is_given(d, k) && is_hole(d, k, NO_INDEX)) {
			run++;
			continue;
		}
		bytes += give_run(d, k - 1, run, purged);
		run = 0;
	}
	bytes += give_run(d, pages - 1, run, purged);
	add(&given, bytes);
	return bytes;
}

size_t
hole_given(struct slab *d)
{
	size_t pages = 0;

	for (uint32_t i = 0; i < d->units; i++)
		pages += count_bits(arena_next(d, i)->given);
	return pages * os_page_size();
}

static void
forget(struct slab *d, size_t bytes)
{
	if (bytes == 0)
		return;
	subtract(&given, bytes);
	for (uint32_t i = 0; i < d->units; i++)
		arena_next(d, i)->given = 0;
}

void
hole_adopted(struct slab *d)
{
	size_t bytes = hole_given(d);

	forget(d, bytes);
	if (bytes != 0)
		retain_came_back(&churn, bytes);
	(void)retain_wanted(&moved, (size_t)d->units << UNIT_SHIFT);
}

void
hole_fill(struct slab *d, size_t index)
{
	unsigned k, last = pages_of(d, index, &k);

	if (slab_is_seed(d))
		return;
	for (; k <= last; k++) {
		if (!is_given(d, k))
			continue;
		set_given(d, k, false);
		subtract(&given, os_page_size());
		retain_came_back(&churn, os_page_size());
	}
}

bool
hole_leave(struct slab *d)
{
	size_t bytes = hole_given(d), all = (size_t)d->units << UNIT_SHIFT;

	forget(d, bytes);
	hole_settled(d->zone, all - bytes);
	if (bytes != 0)
		retain_gave(&left, bytes);
	return bytes == all;
}

void
hole_carved(struct slab *d)
{
	size_t bytes = (size_t)d->units << UNIT_SHIFT;
	size_t back = retain_wanted(&left, bytes);

	if (back != 0)
		retain_came_back(&churn, back);
	(void)retain_wanted(&moved, bytes);
}
