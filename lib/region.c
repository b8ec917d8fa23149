/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * region.c - see region.h.  Must never touch the memory of a region.
 *
 * The table is kept twice, sorted by address.  `version` says which copy is
 * to be read; a writer, under the lock, fills the other and then makes that
 * the one.  A reader that finds another version afterwards may have read what
 * the next writer was writing, and reads again: so it waits for no writer, it
 * repeats itself when one has been faster.
 */
#include "region.h"

#include <errno.h>

#include "arena.h"
#include "lock.h"
#include "panic.h"
#include "yield.h"

/* A region as the table has it: loads and stores of its words are atomic. */
enum { ENTRY_WORDS = 7 };

union flat {
	struct region region;
	uint64_t      words[ENTRY_WORDS];
};

_Static_assert(sizeof (struct region) == ENTRY_WORDS * sizeof (uint64_t),
    "the words are all of it");

struct table {
	_Atomic(size_t)	  count;
	_Atomic(uint64_t) entries[REGION_MAX][ENTRY_WORDS];
};

struct lock region_lock = LOCK_INITIALIZER(RANK_REGION);

static struct table tables[2];		/* written under region_lock */
static _Atomic(uint64_t) version;

/*
 * Words are stored with release and loaded with acquire, all of them: who
 * reads what belongs to a later version sees that there is a later one, for
 * its writer began after the version before it had been made known.
 */
static void
load_entry(struct table *t, size_t i, struct region *r)
{
	union flat flat;

	for (unsigned w = 0; w < ENTRY_WORDS; w++)
		flat.words[w] = load_acquire(&t->entries[i][w]);
	*r = flat.region;
}

static void
store_entry(struct table *t, size_t i, const struct region *r)
{
	union flat flat = { .region = *r };

	for (unsigned w = 0; w < ENTRY_WORDS; w++)
		store_release(&t->entries[i][w], flat.words[w]);
}

/* How many regions begin at P or below. */
static size_t
count_below(struct table *t, uintptr_t p)
{
	size_t low = 0, high = load_acquire(&t->count);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		/* Its first word is its start. */
		if (load_acquire(&t->entries[middle][0]) <= p)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

_Static_assert(offsetof(struct region, start) == 0, "read alone");

bool
region_find(uintptr_t p, struct region *r)
{
	uint64_t before, after = load_acquire(&version);
	bool found;

	do {
		struct table *t = &tables[after % 2];
		size_t n = count_below(t, p);

		before = after;
		found = n > 0;
		if (found)
			load_entry(t, n - 1, r);
		YIELD_POINT();
		/* Pairs with the release in publish. */
		after = load_acquire(&version);
	} while (after != before);
	return found && p - r->start < r->end - r->start;
}

bool
region_at(size_t i, struct region *r)
{
	uint64_t before, after = load_acquire(&version);
	bool found;

	do {
		struct table *t = &tables[after % 2];

		before = after;
		found = i < load_acquire(&t->count);
		if (found)
			load_entry(t, i, r);
		after = load_acquire(&version);
	} while (after != before);
	return found;
}

bool
region_has(const struct zone *z)
{
	struct region r;

	for (size_t i = 0; region_at(i, &r); i++)
		if (r.zone == z)
			return true;
	return false;
}

/* The lock is held: the copy that is read, and the one that is not. */
static struct table *
current(void)
{
	return &tables[load_relaxed(&version) % 2];
}

static struct table *
next(void)
{
	return &tables[(load_relaxed(&version) + 1) % 2];
}

/* The copy that is not read holds N regions, and is read from now on. */
static void
publish(size_t n)
{
	store_release(&next()->count, n);
	YIELD_POINT();
	/* Pairs with the acquires of it. */
	store_release(&version, load_relaxed(&version) + 1);
}

int
region_claim(uintptr_t start, uintptr_t end)
{
	struct region r;
	int error = 0;
	size_t n;

	lock_acquire(&region_lock);
	n = count_below(current(), end - 1);
	if (n > 0)
		load_entry(current(), n - 1, &r);
	if ((n > 0 && r.end > start) || arena_overlaps(start, end))
		error = EINVAL;
	else if (load_relaxed(&current()->count) == REGION_MAX)
		error = ENOSPC;
	if (error != 0)
		lock_release(&region_lock);
	return error;
}

void
region_add(const struct region *r)
{
	struct table *from = current(), *to = next();
	size_t n = load_relaxed(&from->count), at = count_below(from, r->start);
	struct region other;

	for (size_t i = 0; i < n; i++) {
		load_entry(from, i, &other);
		store_entry(to, i < at ? i : i + 1, &other);
	}
	store_entry(to, at, r);
	publish(n + 1);
	lock_release(&region_lock);
}

void
region_remove(const struct zone *z)
{
	struct table *from, *to;
	struct region r;
	size_t left = 0;

	lock_acquire(&region_lock);
	from = current();
	to = next();
	for (size_t i = 0; i < load_relaxed(&from->count); i++) {
		load_entry(from, i, &r);
		if (r.zone != z)
			store_entry(to, left++, &r);
	}
	if (left != load_relaxed(&from->count))
		publish(left);
	lock_release(&region_lock);
}

void
region_check(void)
{
	uintptr_t behind = 0;
	struct region r;

	lock_acquire(&region_lock);
	for (size_t i = 0; i < load_relaxed(&current()->count); i++) {
		load_entry(current(), i, &r);
		ASSERT(behind <= r.start && r.start < r.end);
		ASSERT((uintptr_t)r.slabs >= r.start &&
		    (uintptr_t)(r.slabs + (r.nobj - 1) / r.per_slab + 1) <=
		    r.objects);
		ASSERT(r.nobj > 0 && r.per_slab > 0 &&
		    r.nobj <= (r.end - r.objects) / r.stride);
		behind = r.end;
	}
	lock_release(&region_lock);
}
