/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hole.c - pages in which no object lives: which they are, compared with a
 * model that looks at every object; that these go and no others; how much is
 * counted; and a system that refuses.
 */
#include "unit.h"

#include <sys/mman.h>

#include "../../lib/arena.h"
#include "../../lib/hole.h"
#include "../../lib/os.h"
#include "../../lib/retain.h"

enum { MOST_UNITS = 16, SEEDS = 12 };

static const struct shape {
	uint32_t stride, units;
} shapes[] = {
	{ 16, 1 }, { 48, 1 }, { 64, 1 }, { 64, 4 }, { 256, 1 }, { 256, 16 },
	{ 1000, 1 }, { 1000, 3 }, { 4096, 1 }, { 4096, 7 }, { 5000, 1 },
	{ 5000, 5 }, { 24576, 1 }, { 24576, 3 }, { 24576, 16 }, { 65536, 1 }
};

/* Objects out of 64 that live; and lumps of neighbours in one state. */
static const unsigned densities[] = { 0, 1, 8, 32, 63, 64 };

static struct zone zone;
static line_aligned struct tcache cache;
/* The descriptors of later units lie below; see arena_next. */
static struct slab descs[MOST_UNITS];
static struct slab *const d = &descs[MOST_UNITS - 1];
static _Atomic(uint64_t) built[SLAB_MAX_OBJECTS / WORD_OBJECTS];
static bool live[SLAB_MAX_OBJECTS], constructed[SLAB_MAX_OBJECTS];
static char *mem;
static size_t page, pages;
static unsigned lodgers[MOST_UNITS * 16];	/* of each page: the model */
static uint64_t seed;

#define SAME(a, b)							\
	do {								\
		size_t a_ = (a), b_ = (b);				\
									\
		ck_assert_msg(a_ == b_, "%s is %zu, %s is %zu (seed %llu, " \
		    "stride %u, units %u)", #a, a_, #b, b_,		\
		    (unsigned long long)seed, d->stride, d->units);	\
	} while (0)

/* A slab of that shape in memory of its own, all objects free. */
static void
set_up(const struct shape *sh, bool constructs)
{
	size_t bytes = sh->units * UNIT_SIZE;
	uint32_t nobj = (uint32_t)min_size(bytes / sh->stride,
	    SLAB_MAX_OBJECTS);
	void *p;

	page = os_page_size();
	pages = bytes / page;
	ck_assert_uint_le(pages, LEN(lodgers));
	memset(lodgers, 0, sizeof lodgers);
	if (mem != NULL)
		munmap(mem, MOST_UNITS * UNIT_SIZE);
	ck_assert_int_eq(os_reserve(MOST_UNITS * UNIT_SIZE, UNIT_SIZE, &p), 0);
	mem = p;
	ck_assert_int_eq(os_commit(mem, bytes), 0);
	(void)os_no_huge_pages(mem, bytes);
	memset(mem, 0xee, bytes);
	if (zone.nobj != 0)
		hole_settled(&zone, SIZE_MAX);
	fake_zone(&zone, sh->stride, nobj);
	zone.units = sh->units;
	memset(descs, 0, sizeof descs);
	memset(built, 0, sizeof built);
	memset(live, 0, sizeof live);
	memset(constructed, 0, sizeof constructed);
	fake_slab(d, &zone, 0);
	d->base = (uintptr_t)mem;
	if (constructs)
		d->built = built;
	for (uint32_t i = 1; i < d->units; i++) {
		arena_next(d, i)->state = UNIT_PART;
		arena_next(d, i)->units = i;
	}
}

static void
fill(size_t i)
{
	memset(mem + i * d->stride, (int)(i % 251), d->stride);
}

/* Object I lies in its pages from now on, or does no longer. */
static void
lodge(size_t i, int change)
{
	for (size_t at = i * d->stride, end = at + d->stride; at < end;
	    at += page - at % page)
		lodgers[at / page] += (unsigned)change;
}

static void
set_state(size_t i, bool lives, bool is_built, bool is_remote)
{
	unsigned w = (unsigned)(i >> WORD_SHIFT);
	uint64_t bit = (uint64_t)1 << i % WORD_OBJECTS;

	if (live[i] || constructed[i])
		lodge(i, -1);
	atomic_fetch_and(&d->map[w].free, ~bit);
	atomic_fetch_and(&d->map[w].remote, ~bit);
	if (!lives && is_remote)
		atomic_fetch_or(&d->map[w].remote, bit);
	else if (!lives)
		atomic_fetch_or(&d->map[w].free, bit);
	live[i] = lives;
	constructed[i] = d->built != NULL && is_built;
	if (constructed[i])
		atomic_fetch_or(&built[w], bit);
	if (lives || constructed[i]) {
		lodge(i, 1);
		fill(i);
	}
}

/* A random pattern, in lumps of up to LUMP objects. */
static void
scatter(struct rng *r, unsigned of_64, unsigned lump)
{
	for (size_t i = 0; i < d->nobj;) {
		size_t end = min_size(i + 1 + rng_below(r, lump), d->nobj);
		bool lives = rng_below(r, 64) < of_64;
		bool is_built = lives || rng_one_in(r, 4);

		for (; i < end; i++)
			set_state(i, lives, is_built, rng_one_in(r, 3));
	}
}

static bool
is_bare(size_t k)
{
	return lodgers[k] == 0;
}

static bool
is_given(size_t k)
{
	size_t per = UNIT_SIZE / page;

	return (arena_next(d, (ptrdiff_t)(k / per))->given >> k % per & 1) != 0;
}

static void
check_contents(void)
{
	for (size_t i = 0; i < d->nobj; i++) {
		char *p = mem + i * d->stride;

		if (live[i] || constructed[i])
			SAME((unsigned char)p[0], i % 251);
		if (live[i] || constructed[i])
			ck_assert(memcmp(p, p + 1, d->stride - 1) == 0);
	}
}

/* Give, and look at every page. */
static void
give_and_check(void)
{
	size_t bare = 0, bytes = hole_give(d, NULL);

	for (size_t k = 0; k < pages; k++) {
		bool hole = is_bare(k);

		bare += hole;
		SAME(is_given(k), hole);
		SAME(os_resident(mem + k * page, page), hole ? 0 : page);
	}
	SAME(bytes, bare * page);
	SAME(hole_given(d), bytes);
	SAME(hole_give(d, NULL), 0);
	check_contents();
}

static void
give_all_patterns(bool constructs)
{
	static const unsigned lumps[] = { 1, 20, 500 };

	for (size_t s = 0; s < LEN(shapes); s++)
		for (seed = 0; seed < SEEDS * LEN(densities); seed++) {
			struct rng r = { seed };

			set_up(&shapes[s], constructs);
			scatter(&r, densities[seed % LEN(densities)],
			    lumps[seed % LEN(lumps)]);
			give_and_check();
		}
}

START_TEST(holes_go_and_nothing_else)
{
	give_all_patterns(false);
}
END_TEST

/* Free objects keep what their constructor did. */
START_TEST(constructed_objects_stay)
{
	give_all_patterns(true);
}
END_TEST

/* Little by little, until nothing lives. */
START_TEST(holes_grow)
{
	for (size_t s = 0; s < LEN(shapes); s++) {
		struct rng r = { seed = s };

		set_up(&shapes[s], false);
		for (size_t i = 0; i < d->nobj; i++)
			set_state(i, true, true, false);
		(void)hole_give(d, NULL);		/* behind the last object */
		for (int round = 0; round < 20; round++) {
			size_t before = hole_given(d), bytes;

			for (size_t i = 0; i < d->nobj; i++)
				if (rng_below(&r, 20) <= (unsigned)round)
					set_state(i, false, false, false);
			bytes = hole_give(d, NULL);
			SAME(hole_given(d), before + bytes);
			for (size_t k = 0; k < pages; k++)
				SAME(is_given(k), is_bare(k));
			check_contents();
		}
		SAME(hole_given(d), d->units * UNIT_SIZE);
		SAME(os_resident(mem, d->units * UNIT_SIZE), 0);
	}
}
END_TEST

/* The bytes that open when INDEX is freed, by the model. */
static size_t
opens(size_t index)
{
	size_t from = index * d->stride, bytes = 0;

	lodge(index, -1);
	for (size_t k = from / page; k <= (from + d->stride - 1) / page; k++)
		bytes += is_bare(k) ? page : 0;
	lodge(index, 1);
	return bytes;
}

static size_t
random_live(struct rng *r)
{
	size_t i = rng_below(r, d->nobj);

	while (!live[i])
		i = (i + 1) % d->nobj;
	return i;
}

/* Half of what may stay does, once there is too much. */
static size_t
excess(size_t bytes)
{
	size_t most = retain_floor(arena_used());

	return bytes > most ? bytes - most / 2 : 0;
}

/* Free everything in random order; is each page counted as it opens? */
static void
count_while_freeing(struct tcache *owner)
{
	struct rng r = { seed };
	size_t counted = 0;

	for (size_t i = 0; i < d->nobj; i++)
		set_state(i, true, true, false);
	d->owner = (uintptr_t)owner;
	for (size_t n = d->nobj; n-- > 0;) {
		size_t i = random_live(&r);
		size_t more = opens(i), before = counted;
		size_t floor = retain_floor(arena_used());
		enum hole_news expected = HOLE_NOTHING;

		if (hole_has_neighbour(d, i, ~slab_map_bits(d, (unsigned)(i / 64))))
			SAME(more, 0);
		counted += more;
		if (owner != NULL && before / HOLE_STEP != counted / HOLE_STEP &&
		    counted / HOLE_STEP * HOLE_STEP > floor)
			expected = HOLE_STUCK;
		else if (owner == NULL && more != 0 && n == 0)
			expected = HOLE_SLAB;
		else if (owner == NULL && more != 0 && counted > floor)
			expected = HOLE_EXCESS;
		SAME(hole_opens(d, i), expected);
		SAME(counted, owner != NULL ? load_relaxed(&owner->stuck) :
		    load_relaxed(&zone.holes));
		SAME(hole_stuck(), owner != NULL ?
		    counted / HOLE_STEP * HOLE_STEP : 0);
		SAME(hole_excess(), owner == NULL ? excess(counted) : 0);
		set_state(i, false, false, true);
	}
}

START_TEST(counted_as_they_open)
{
	for (size_t s = 0; s < LEN(shapes); s++)
		for (seed = 0; seed < 3; seed++) {
			set_up(&shapes[s], false);
			count_while_freeing(NULL);
			hole_settled(&zone, SIZE_MAX);
			SAME(load_relaxed(&zone.holes), 0);
			SAME(hole_excess(), 0);
		}
}
END_TEST

START_TEST(counted_in_slabs_of_others)
{
	for (size_t s = 0; s < LEN(shapes); s++)
		for (seed = 0; seed < 3; seed++) {
			set_up(&shapes[s], false);
			memset(&cache, 0, sizeof cache);
			tcache_init(&cache, &zone);
			count_while_freeing(&cache);
			hole_unstick(&cache);
			SAME(load_relaxed(&cache.stuck), 0);
			SAME(hole_stuck(), 0);
			hole_unstick(&cache);
			SAME(load_relaxed(&zone.holes), 0);
		}
}
END_TEST

/* Of an owner's slab; is it ever too much? */
static bool
is_too_much_stuck(void)
{
	bool stuck = false;

	for (size_t i = 0; i < d->nobj; i++)
		set_state(i, true, true, false);
	d->owner = (uintptr_t)&cache;
	for (size_t i = 0; i < d->nobj; i++) {
		stuck |= hole_opens(d, i) == HOLE_STUCK;
		set_state(i, false, false, true);
	}
	return stuck;
}

/* Owners that want slabs again at once were emptied too early. */
START_TEST(stuck_and_wanted_again)
{
	size_t before;

	set_up(&(struct shape){ 24576, 16 }, false);
	memset(&cache, 0, sizeof cache);
	tcache_init(&cache, &zone);
	for (int wanted = 0; wanted < 2; wanted++) {
		ck_assert(is_too_much_stuck());
		before = hole_stuck();
		ck_assert_uint_gt(before, retain_floor(arena_used()));
		hole_unstick(&cache);
		hole_stuck_moved(before);
		if (wanted != 0)
			hole_carved(d);
	}
	ck_assert(!is_too_much_stuck());
}
END_TEST

/* An object that is free but constructed keeps its page. */
START_TEST(constructed_objects_are_no_holes)
{
	set_up(&(struct shape){ 2048, 1 }, true);
	for (size_t i = 0; i < d->nobj; i++)
		set_state(i, i < 2, i == 0, false);
	ck_assert_int_eq(hole_opens(d, 1), HOLE_NOTHING);
	ck_assert_uint_eq(load_relaxed(&zone.holes), 0);
	set_state(1, false, false, false);
	set_state(0, false, true, false);
	ck_assert_uint_eq(hole_give(d, NULL), UNIT_SIZE - page);
	check_contents();
}
END_TEST

/* A shared slab brings its holes; those that went are none any more. */
START_TEST(shared_slabs_bring_theirs)
{
	for (size_t s = 0; s < LEN(shapes); s++)
		for (seed = 0; seed < LEN(densities); seed++) {
			struct rng r = { seed };
			size_t bare = 0;

			set_up(&shapes[s], false);
			scatter(&r, densities[seed], 100);
			for (size_t k = 0; k < pages; k++)
				bare += is_bare(k);
			hole_shared(d);
			SAME(load_relaxed(&zone.holes), bare * page);
			SAME(hole_excess(), excess(bare * page));
			(void)hole_give(d, NULL);
			hole_settled(&zone, SIZE_MAX);
			hole_shared(d);
			SAME(load_relaxed(&zone.holes), 0);
		}
}
END_TEST

/* Part of what was counted is settled, never more than there was. */
START_TEST(settled)
{
	set_up(&(struct shape){ 64, 4 }, false);
	hole_shared(d);
	ck_assert_uint_eq(load_relaxed(&zone.holes), 4 * UNIT_SIZE);
	hole_settled(&zone, UNIT_SIZE);
	ck_assert_uint_eq(load_relaxed(&zone.holes), 3 * UNIT_SIZE);
	hole_settled(&zone, 0);
	hole_settled(&zone, 100 * UNIT_SIZE);
	ck_assert_uint_eq(load_relaxed(&zone.holes), 0);
	for (size_t i = 1; i <= 5; i++)
		hole_shared(d);
	ck_assert_uint_eq(hole_excess(), excess(20 * UNIT_SIZE));
	hole_settled(&zone, 12 * UNIT_SIZE);
	ck_assert_uint_eq(hole_excess(), 0);
}
END_TEST

/* Objects that are handed out take their pages along, and no others. */
START_TEST(filled)
{
	for (size_t s = 0; s < LEN(shapes); s++) {
		struct rng r = { seed = s };

		set_up(&shapes[s], false);
		ck_assert_uint_eq(hole_give(d, NULL), d->units * UNIT_SIZE);
		for (int n = 0; n < 50 && n < (int)d->nobj; n++) {
			size_t i = rng_below(&r, d->nobj);

			set_state(i, true, true, false);
			hole_fill(d, i);
			for (size_t k = 0; k < pages; k++)
				SAME(is_given(k), is_bare(k));
		}
		check_contents();
	}
}
END_TEST

START_TEST(an_owner_forgets)
{
	for (size_t s = 0; s < LEN(shapes); s++) {
		set_up(&shapes[s], false);
		set_state(0, true, true, false);
		(void)hole_give(d, NULL);
		hole_adopted(d);
		ck_assert_uint_eq(hole_given(d), 0);
		for (uint32_t i = 0; i < d->units; i++)
			ck_assert_uint_eq(arena_next(d, i)->given, 0);
		/* And it all goes once more, if need be. */
		(void)hole_give(d, NULL);
		for (size_t k = 0; k < pages; k++)
			SAME(is_given(k), is_bare(k));
	}
}
END_TEST

/* Clean is what has gone altogether. */
START_TEST(leaving)
{
	for (size_t s = 0; s < LEN(shapes); s++) {
		set_up(&shapes[s], false);
		hole_shared(d);
		ck_assert(!hole_leave(d));
		SAME(load_relaxed(&zone.holes), 0);
		(void)hole_give(d, NULL);
		ck_assert(hole_leave(d));
		SAME(hole_given(d), 0);
		if (pages < 2)
			continue;
		(void)hole_give(d, NULL);
		hole_fill(d, 0);
		ck_assert(!hole_leave(d));
		SAME(hole_given(d), 0);
		SAME(load_relaxed(&zone.holes), 0);
	}
}
END_TEST

/* Slabs that leave with pages given and come back at once are missed. */
START_TEST(coming_back)
{
	enum { TIMES = 1000, SLABS = 100 };

	set_up(&shapes[0], false);
	for (int i = 0; i < SLABS; i++)
		hole_shared(d);
	for (int i = 0; i < TIMES; i++) {
		/* What faded before counts from the first look on. */
		ck_assert(i > 1 || hole_excess() > 0);
		(void)hole_give(d, NULL);
		(void)hole_leave(d);
		hole_carved(d);
	}
	for (int i = 0; i < SLABS; i++)
		hole_shared(d);
	ck_assert_uint_gt(load_relaxed(&zone.holes), retain_floor(0));
	ck_assert_uint_eq(hole_excess(), 0);
	hole_settled(&zone, SIZE_MAX);
}
END_TEST

/*
 * A page that is not there makes the system refuse its whole run; the run
 * before and the run behind go.  Nothing that was refused counts as given.
 */
START_TEST(refused)
{
	size_t refused = 0, bytes;

	set_up(&(struct shape){ 4096, 1 }, false);
	if (page != 4096)
		return;
	for (size_t i = 0; i < d->nobj; i++)
		set_state(i, i == 4 || i == 11, true, false);
	ck_assert_int_eq(munmap(mem + 8 * page, page), 0);
	bytes = hole_give(d, NULL);
	ck_assert_uint_eq(bytes, 8 * page);
	ck_assert_uint_eq(hole_given(d), bytes);
	for (size_t k = 0; k < pages; k++) {
		bool there = k == 4 || k == 11, in_run = k > 4 && k < 11;

		ck_assert_int_eq(is_given(k), !there && !in_run);
		refused += in_run;
	}
	ck_assert_uint_eq(refused, 6);
	check_contents();
	/* Asked again it refuses again, and gives when it can. */
	ck_assert_uint_eq(hole_give(d, NULL), 0);
	ck_assert_ptr_eq(mmap(mem + 8 * page, page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), mem + 8 * page);
	ck_assert_uint_eq(hole_give(d, NULL), refused * page);
	ck_assert(!hole_leave(d));
	check_contents();
}
END_TEST

/* All of it refused, each time: the books stay as they are. */
START_TEST(always_refused)
{
	set_up(&(struct shape){ 64, 4 }, false);
	ck_assert_int_eq(munmap(mem, 4 * UNIT_SIZE), 0);
	for (int i = 0; i < 100; i++) {
		hole_shared(d);
		ck_assert_uint_eq(hole_give(d, NULL), 0);
		hole_settled(&zone, SIZE_MAX);
	}
	ck_assert_uint_eq(hole_given(d), 0);
	ck_assert_uint_eq(hole_excess(), 0);
	ck_assert(!hole_leave(d));
}
END_TEST

RUN_TESTS("hole", holes_go_and_nothing_else, constructed_objects_stay,
    holes_grow, counted_as_they_open, counted_in_slabs_of_others,
    stuck_and_wanted_again, constructed_objects_are_no_holes,
    shared_slabs_bring_theirs, settled, filled, an_owner_forgets, leaving,
    coming_back, refused, always_refused)
