/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.c - reserves address space, hands out runs of units, takes them back.
 *
 * Owns the reservations, the frontier below which memory is usable, and the
 * pools of free runs.  Inside an arena memory is given back with os_purge
 * only, so the number of mappings stays what it was.  Must never touch the
 * memory of a unit, only its descriptor.
 *
 * In every arena:	frontier <= committed <= units
 * Over all:		used + dirty.units + clean.units + on their way to be
 *			purged = sum of frontiers
 *
 * How much free memory stays resident is bounded: see retain.h.
 */
#include "arena.h"

#include "lock.h"
#include "os.h"
#include "panic.h"
#include "retain.h"
#include "run.h"

enum {
	MAX_ARENAS = 64,
	COMMIT_UNITS = 16,		/* the frontier's smallest step */
	COMMIT_SHARE = 16		/* or this share of what is committed */
};

#define HUGE_PAGE	(2 * MIB)
#define FIRST_RESERVE	((size_t)1 << 40)
#define LEAST_RESERVE	(4 * MIB)
#define LATER_RESERVE	(64 * MIB)

struct arena {
	uintptr_t base;
	size_t	  units;
	size_t	  frontier;
	size_t	  committed;
};

_Atomic(uintptr_t) arena_before, arena_bound = UINTPTR_MAX;
struct lock arena_lock = LOCK_INITIALIZER(RANK_ARENA);

/* Under arena_lock; arenas are only ever added, count last. */
static struct arena arenas[MAX_ARENAS];
static _Atomic(unsigned) arena_count;
static struct run_pool dirty_pool, clean_pool;
static _Atomic(size_t) used_units;
static struct retention dirty_retention;
static _Atomic(size_t) purged_bytes;
static size_t first_limit;
static _Atomic(struct slab *) late;	/* see free_late */
static bool window_open;		/* under arena_lock */

void
arena_set_limit(size_t bytes)
{
	first_limit = bytes;
}

static struct slab *
unit_desc(const struct arena *a, size_t n)
{
	return (struct slab *)a->base - 1 - n;
}

static struct arena *
arena_of(uintptr_t p)
{
	/* Pairs with the release in arena_reserve, as all acquires of it. */
	unsigned n = load_acquire(&arena_count);

	for (unsigned i = 0; i < n; i++)
		if (p - arenas[i].base < arenas[i].units << UNIT_SHIFT)
			return &arenas[i];
	return NULL;
}

struct slab *
arena_find(const void *p)
{
	struct arena *a = arena_of((uintptr_t)p);

	/*
	 * Beyond what is committed there is no descriptor to look at.  Pairs
	 * with the release in commit_to.
	 */
	if (a == NULL || ((uintptr_t)p - a->base) >> UNIT_SHIFT >=
	    __atomic_load_n(&a->committed, __ATOMIC_ACQUIRE))
		return NULL;
	return arena_slab(a->base - 1, (uintptr_t)p);
}

bool
arena_overlaps(uintptr_t start, uintptr_t end)
{
	unsigned n = load_acquire(&arena_count);

	for (unsigned i = 0; i < n; i++) {
		const struct arena *a = &arenas[i];
		uintptr_t table = a->base - a->units * sizeof (struct slab);

		if (start < a->base + (a->units << UNIT_SHIFT) && end > table)
			return true;
	}
	return false;
}

/* To the fast path, once it may run: which is before there is memory, or not. */
static void
show_first(void)
{
	if (!window_open || load_relaxed(&arena_count) == 0)
		return;
	store_relaxed(&arena_before, arenas[0].base - 1);
	store_relaxed(&arena_bound, ~(arenas[0].committed << UNIT_SHIFT));
}

/* Reserve one arena of UNITS units. */
static int
arena_reserve(size_t units)
{
	size_t size = units << UNIT_SHIFT;
	size_t align = size >= LATER_RESERVE ? HUGE_PAGE : UNIT_SIZE;
	size_t table = round_up(units * sizeof (struct slab), align);
	unsigned n = load_relaxed(&arena_count);
	struct arena *a = &arenas[n];
	void *start;
	int error;

	if (n == MAX_ARENAS)
		return -1;
	error = os_reserve(table + size, align, &start);
	if (error != 0)
		return error;
	/* Memory in huge pages cannot come back a page at a time. */
	(void)os_no_huge_pages(start, table + size);
	a->base = (uintptr_t)start + table;
	a->units = units;
	a->frontier = a->committed = 0;
	if (n == 0) {
		run_pool_init(&dirty_pool);
		run_pool_init(&clean_pool);
	}
	atomic_store_explicit(&arena_count, n + 1, memory_order_release);
	if (n == 0)
		show_first();
	return 0;
}

/* Another arena, large enough for UNITS; the first as large as can be had. */
static bool
arena_add(size_t units)
{
	size_t limit = os_address_limit(), least, size;

	least = round_up(max_size(units << UNIT_SHIFT, LEAST_RESERVE), LEAST_RESERVE);
	if (load_relaxed(&arena_count) == 0 && limit == SIZE_MAX) {
		size = max_size(FIRST_RESERVE, 8 * os_memory_size());
		size = (size_t)1 << highest_bit(size);
		if (first_limit != 0)
			size = min_size(size, round_up(first_limit, UNIT_SIZE));
	} else if (limit != SIZE_MAX) {
		/* The program's own mappings need the rest of its allowance. */
		size = limit / 8 & ~(UNIT_SIZE - 1);
	} else {
		/* As much again as there is. */
		size = LATER_RESERVE;
		for (unsigned i = 0; i < load_relaxed(&arena_count); i++)
			size += arenas[i].units << UNIT_SHIFT;
	}
	for (size = max_size(size, least); size > least; size /= 2)
		if (arena_reserve(size >> UNIT_SHIFT) == 0)
			return true;
	return arena_reserve(least >> UNIT_SHIFT) == 0;
}

/* Make the units below END usable, descriptors first. */
static int
commit_to(struct arena *a, size_t end)
{
	size_t page = os_page_size(), done = a->committed;
	char *table = (char *)unit_desc(a, end - 1);
	char *old = (char *)(unit_desc(a, 0) + 1) -
	    round_up(done * sizeof (struct slab), page);
	int error;

	table = (char *)((uintptr_t)table & ~(page - 1));
	if (table < old) {
		error = os_commit(table, (size_t)(old - table));
		if (error != 0)
			return error;
	}
	error = os_commit((char *)a->base + (done << UNIT_SHIFT),
	    (end - done) << UNIT_SHIFT);
	if (error != 0)
		return error;
	__atomic_store_n(&a->committed, end, __ATOMIC_RELEASE);
	/* Who still reads the old size takes the slow path, which looks. */
	if (a->base - 1 == load_relaxed(&arena_before))
		store_relaxed(&arena_bound, ~(end << UNIT_SHIFT));
	return 0;
}

static bool
commit(struct arena *a, size_t end)
{
	size_t step, ahead;

	if (end <= a->committed)
		return true;
	step = max_size(COMMIT_UNITS, a->committed / COMMIT_SHARE);
	ahead = min_size(max_size(end, a->committed + step), a->units);
	return commit_to(a, ahead) == 0 || commit_to(a, end) == 0;
}

static struct slab *
free_run(struct slab *head, size_t units, bool dirty)
{
	if (units > 0)
		run_insert(dirty ? &dirty_pool : &clean_pool, head, units, dirty);
	return head;
}

/* Take new units at the frontier of an arena; NULL: it has too few. */
static struct slab *
take_frontier_of(struct arena *a, size_t units, size_t align)
{
	size_t first = a->base >> UNIT_SHIFT;
	size_t skip = -(first + a->frontier) & (align - 1);
	size_t end = a->frontier + skip + units;
	struct slab *head;

	if (end > a->units || end < units || !commit(a, end))
		return NULL;
	if (skip != 0) {
		head = unit_desc(a, a->frontier);
		head->base = a->base + (a->frontier << UNIT_SHIFT);
		free_run(head, skip, false);
	}
	head = unit_desc(a, a->frontier + skip);
	head->base = a->base + ((a->frontier + skip) << UNIT_SHIFT);
	a->frontier = end;
	return head;
}

static struct slab *
take_frontier(size_t units, size_t align)
{
	struct slab *head = NULL;

	for (unsigned i = load_relaxed(&arena_count); head == NULL && i-- > 0;)
		head = take_frontier_of(&arenas[i], units, align);
	return head;
}

/*
 * Is there address space for so many units?  Then it is memory that is not to
 * be had, and in one more arena there would be none either.
 */
static bool
has_space(size_t units)
{
	for (unsigned i = 0; i < load_relaxed(&arena_count); i++)
		if (arenas[i].units - arenas[i].frontier >= units)
			return true;
	return false;
}

/* Cut UNITS out of a free run, at ALIGN; what is left goes back. */
static struct slab *
take_run(struct run_pool *pool, size_t units, size_t align)
{
	struct slab *run = run_find(pool, units + align - 1), *head;
	size_t skip, rest;

	if (run == NULL)
		return NULL;
	run_remove(pool, run);
	skip = -(run->base >> UNIT_SHIFT) & (align - 1);
	rest = run->units - skip - units;
	head = arena_next(run, (ptrdiff_t)skip);
	head->base = run->base + (skip << UNIT_SHIFT);
	free_run(run, skip, run->dirty);
	if (rest != 0) {
		struct slab *tail = arena_next(head, (ptrdiff_t)units);

		tail->base = head->base + (units << UNIT_SHIFT);
		free_run(tail, rest, run->dirty);
	}
	return head;
}

/* Merge the run with free neighbours of its kind; returns the new head. */
static struct slab *
merge(struct slab *head, size_t *units, bool dirty)
{
	struct run_pool *pool = dirty ? &dirty_pool : &clean_pool;
	struct arena *a = arena_of(head->base);
	size_t index = (head->base - a->base) >> UNIT_SHIFT;
	struct slab *next = arena_next(head, (ptrdiff_t)*units);

	if (index + *units < a->frontier && load_relaxed(&next->state) == UNIT_FREE &&
	    next->dirty == dirty) {
		run_remove(pool, next);
		*units += next->units;
	}
	if (index > 0) {
		struct slab *prev = arena_next(head, -1);

		if (load_relaxed(&prev->state) == UNIT_TAIL)
			prev = arena_next(prev, 1 - (ptrdiff_t)prev->units);
		if (load_relaxed(&prev->state) == UNIT_FREE && prev->dirty == dirty) {
			run_remove(pool, prev);
			*units += prev->units;
			head = prev;
		}
	}
	return head;
}

/*
 * Large clean runs need only their two tags: give back the pages of the
 * descriptors between them, which then read as UNIT_NONE, as they should.
 */
static void
purge_descs(struct slab *head, size_t units)
{
	size_t page = os_page_size();
	uintptr_t low = (uintptr_t)(arena_next(head, (ptrdiff_t)units - 1) + 1);
	uintptr_t high = (uintptr_t)head;

	low = round_up(low, page);
	high &= ~(page - 1);
	if (high >= low + 4 * page)
		(void)os_purge((void *)low, high - low);
}

/* Purge the oldest dirty run; drops the lock while the system works. */
static size_t
purge_oldest(void)
{
	struct slab *head = SLAB_OF_ALL(dirty_pool.by_age.prev);
	size_t units = head->units, bytes = units << UNIT_SHIFT, resident;
	bool clean;

	run_remove(&dirty_pool, head);
	lock_release(&arena_lock);
	resident = os_resident((void *)head->base, bytes);
	clean = os_purge((void *)head->base, bytes) == 0;
	lock_acquire(&arena_lock);
	head = merge(head, &units, !clean);
	free_run(head, units, !clean);
	if (clean) {
		purge_descs(head, units);
		add_relaxed(&purged_bytes, resident);
	}
	return clean ? bytes : 0;
}

/* Bytes given back; the lock is held. */
static size_t
purge_to(size_t keep)
{
	size_t bytes = 0, given;

	while (dirty_pool.units > keep) {
		given = purge_oldest();
		if (given == 0)
			break;		/* the system refuses: later */
		bytes += given;
	}
	if (bytes != 0)
		retain_gave(&dirty_retention, bytes);
	return bytes;
}

/* Dirty units that may stay. */
static size_t
keep_bound(void)
{
	return retain_bound(&dirty_retention, arena_used()) >> UNIT_SHIFT;
}

static struct slab *
take_units(size_t units, size_t align, bool sparse, bool *zero)
{
	struct slab *head = NULL;

	*zero = false;
	if (!sparse) {
		head = take_run(&dirty_pool, units, align);
		if (head != NULL)
			return head;
		/* Clean memory is wanted: was it ours a moment ago? */
		retain_wanted(&dirty_retention, units << UNIT_SHIFT);
	}
	*zero = true;
	head = take_run(&clean_pool, units, align);
	if (head == NULL)
		head = take_frontier(units, align);
	/* Dirty and clean runs side by side may be long enough together. */
	if (head == NULL && dirty_pool.units > 0 && purge_to(0) > 0)
		head = take_run(&clean_pool, units, align);
	if (head == NULL && !has_space(units + align - 1) &&
	    arena_add(units + align - 1))
		head = take_frontier(units, align);
	return head;
}

/*
 * Of a signal handler that has interrupted its thread while that held the lock:
 * HEAD waits for the next who has it.  It is in use until then.
 */
static void
free_late(struct slab *head, size_t units, bool dirty)
{
	struct slab *top = load_relaxed(&late);

	head->units = (uint32_t)units;
	head->dirty = dirty;
	/* The release pairs with the acquire in settle_late. */
	do
		head->next_announced = top;
	while (!atomic_compare_exchange_weak_explicit(&late, &top, head,
	    memory_order_release, memory_order_relaxed));
}

/* The lock is held. */
static void
give_back(struct slab *head, size_t units, bool dirty)
{
	store_relaxed(&head->owner, 0);
	store_relaxed(&head->state, UNIT_NONE);
	add_relaxed(&used_units, -units);
	head = merge(head, &units, dirty);
	free_run(head, units, dirty);
}

/* The lock is held. */
static void
settle_late(void)
{
	struct slab *d = NULL, *next;

	if (unlikely(load_relaxed(&late) != NULL))
		d = atomic_exchange_explicit(&late, NULL, memory_order_acquire);
	for (; d != NULL; d = next) {
		next = d->next_announced;
		give_back(d, d->units, d->dirty);
	}
}

static struct slab *
alloc(size_t units, size_t align, bool sparse, bool *zero)
{
	struct slab *head = NULL;

	if (units == 0 || units > UINT32_MAX / 2 || align > UINT32_MAX / 2)
		return NULL;
	if (!lock_acquire_if_safe(&arena_lock))
		return NULL;
	settle_late();
	if (load_relaxed(&arena_count) != 0 || arena_add(units + align - 1))
		head = take_units(units, align, sparse, zero);
	if (head != NULL) {
		head->units = (uint32_t)units;
		add_relaxed(&used_units, units);
	}
	lock_release(&arena_lock);
	return head;
}

struct slab *
arena_alloc(size_t units, size_t align, bool *zero)
{
	return alloc(units, align, false, zero);
}

struct slab *
arena_alloc_sparse(size_t units)
{
	bool zero;

	return alloc(units, 1, true, &zero);
}

void
arena_free(struct slab *head, size_t units, bool dirty)
{
	if (!lock_acquire_if_safe(&arena_lock)) {
		free_late(head, units, dirty);
		return;
	}
	settle_late();
	give_back(head, units, dirty);
	if (dirty_pool.units > 0)
		(void)purge_to(keep_bound());
	lock_release(&arena_lock);
}

bool
arena_extend(struct slab *head, size_t more, bool *zero)
{
	struct arena *a = arena_of(head->base);
	size_t end = ((head->base - a->base) >> UNIT_SHIFT) + head->units;
	struct slab *next = arena_next(head, head->units);
	bool done = false;

	if (!lock_acquire_if_safe(&arena_lock))
		return false;
	if (end == a->frontier) {
		done = end + more <= a->units && commit(a, end + more);
		*zero = true;
		if (done)
			a->frontier = end + more;
	} else if (load_relaxed(&next->state) == UNIT_FREE && next->units >= more) {
		size_t rest = next->units - more;

		*zero = !next->dirty;
		run_remove(next->dirty ? &dirty_pool : &clean_pool, next);
		if (rest != 0) {
			struct slab *tail = arena_next(next, (ptrdiff_t)more);

			tail->base = next->base + (more << UNIT_SHIFT);
			free_run(tail, rest, next->dirty);
		}
		done = true;
	}
	if (done) {
		head->units += (uint32_t)more;
		add_relaxed(&used_units, more);
	}
	lock_release(&arena_lock);
	return done;
}

void
arena_open_window(void)
{
	lock_acquire(&arena_lock);
	window_open = true;
	if (load_relaxed(&arena_count) != 0)
		show_first();
	else
		(void)arena_add(1);
	lock_release(&arena_lock);
}

size_t
arena_purge(size_t keep)
{
	size_t bytes;

	lock_acquire(&arena_lock);
	settle_late();
	bytes = load_relaxed(&arena_count) != 0 ? purge_to(keep) : 0;
	lock_release(&arena_lock);
	return bytes;
}

void
arena_settle(void)
{
	lock_acquire(&arena_lock);
	if (load_relaxed(&arena_count) != 0)
		(void)purge_to(keep_bound());
	lock_release(&arena_lock);
}

size_t
arena_used(void)
{
	return load_relaxed(&used_units) << UNIT_SHIFT;
}

size_t
arena_purged(void)
{
	return load_relaxed(&purged_bytes);
}

void
arena_usage(struct arena_usage *u)
{
	unsigned n = load_acquire(&arena_count);

	u->reserved = u->committed = 0;
	for (unsigned i = 0; i < n; i++) {
		u->reserved += arenas[i].units;
		u->committed += arenas[i].committed;
	}
	lock_acquire(&arena_lock);
	u->used = load_relaxed(&used_units);
	u->dirty = dirty_pool.units;
	lock_release(&arena_lock);
}

void
arena_check(void)
{
	size_t below = 0;
	unsigned n = load_acquire(&arena_count);

	if (n == 0)
		return;
	lock_acquire(&arena_lock);
	run_pool_check(&dirty_pool, true);
	run_pool_check(&clean_pool, false);
	for (unsigned i = 0; i < n; i++) {
		ASSERT(arenas[i].frontier <= arenas[i].committed);
		ASSERT(arenas[i].committed <= arenas[i].units);
		below += arenas[i].frontier;
	}
	ASSERT(load_relaxed(&used_units) + dirty_pool.units +
	    clean_pool.units <= below);
	lock_release(&arena_lock);
}

bool
arena_span(unsigned i, struct arena_span *s)
{
	struct arena *a = &arenas[i];

	if (i >= load_acquire(&arena_count))
		return false;
	lock_acquire(&arena_lock);
	s->base = a->base;
	s->bytes = a->frontier << UNIT_SHIFT;
	s->table = a->base - round_up(a->frontier * sizeof (struct slab),
	    os_page_size());
	lock_release(&arena_lock);
	return true;
}

/*
 * Units of the run that begins at D, whose address is BASE; 0: none does.  Not
 * all who have a run write its descriptor under our lock.
 */
static size_t
units_of_head(struct slab *d, uintptr_t base)
{
	enum unit_state state = load_acquire(&d->state);

	if (state == UNIT_PART || state == UNIT_TAIL || d->base != base)
		return 0;
	/* Pairs with the release in extent.c: shrink. */
	return __atomic_load_n(&d->units, __ATOMIC_ACQUIRE);
}

/* All of it under the lock: afterwards the descriptor may be back as zeros. */
bool
arena_run_at(unsigned i, size_t n, struct arena_run *r)
{
	struct arena *a = &arenas[i];
	struct slab *d;
	bool found;

	lock_acquire(&arena_lock);
	found = n < a->frontier;
	if (found) {
		d = unit_desc(a, n);
		r->base = a->base + (n << UNIT_SHIFT);
		r->state = load_acquire(&d->state);
		r->units = units_of_head(d, r->base);
		r->zone = __atomic_load_n(&d->zone, __ATOMIC_RELAXED);
		/* It remains one as long as we have the lock. */
		r->bytes = r->state != UNIT_EXTENT ? 0 :
		    __atomic_load_n(&d->bytes, __ATOMIC_RELAXED);
		/* One came or went meanwhile: go on from the next unit. */
		r->units = max_size(min_size(r->units, a->frontier - n), 1);
	}
	lock_release(&arena_lock);
	return found;
}
