/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extent.c - large allocations: content is kept wherever they go, and the
 * number of mappings does not grow.
 */
#include "unit.h"

#include "../../lib/arena.h"
#include "../../lib/extent.h"

enum { SLOTS = 60, MOVED_AT_ONCE = 32 };

struct held {
	char	*p;
	size_t	 size;
};

static struct held held[SLOTS];

static struct slab *
desc(void *p)
{
	struct slab *d = arena_find(p);

	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(d->state, UNIT_EXTENT);
	ck_assert_uint_eq(d->base, (uintptr_t)p);
	return d;
}

static char *
get(size_t size)
{
	char *p = extent_alloc(size, 1, false);

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(desc(p)->bytes, size);
	ck_assert_uint_ge(extent_usable(desc(p)), size);
	ck_assert_uint_lt(extent_usable(desc(p)), size + 4096 * 16);
	return p;
}

/* A byte of every page says which extent it is, and which page. */
static void
fill(char *p, size_t from, size_t to, unsigned tag)
{
	for (size_t off = from & ~(size_t)4095; off < to; off += 4096)
		p[off] = (char)(tag + off / 4096);
	p[to - 1] = (char)tag;
}

static void
verify(const char *p, size_t size, unsigned tag)
{
	for (size_t off = 0; off < size - 1; off += 4096)
		if (p[off] != (char)(tag + off / 4096))
			ck_abort_msg("page %zu of %zu bytes, extent %u",
			    off / 4096, size, tag);
}

START_TEST(no_sense)
{
	ck_assert_ptr_null(extent_alloc(0, 1, false));
	ck_assert_ptr_null(extent_alloc(SIZE_MAX, 1, false));
	ck_assert_ptr_null(extent_alloc(SIZE_MAX / 2, 1, false));
	ck_assert_ptr_null(extent_alloc((size_t)1 << 50, 1, false));
	ck_assert_ptr_null(extent_alloc(1, (size_t)1 << 50, false));
	ck_assert_ptr_null(extent_alloc(1, (size_t)1 << 63, false));
}
END_TEST

START_TEST(sizes_and_alignment)
{
	for (size_t size = 1; size <= 64 * MIB; size = size * 7 + 1)
		for (size_t align = 1; align <= 4 * MIB; align *= 8) {
			char *p = extent_alloc(size, align, false);

			ck_assert_ptr_nonnull(p);
			ck_assert_uint_eq((uintptr_t)p % align, 0);
			p[0] = p[size - 1] = 1;
			ck_assert(extent_free(desc(p)));
		}
}
END_TEST

START_TEST(zero_if_asked)
{
	static const size_t sizes[] = { 70000, 300000, 3 * MIB };

	for (size_t s = 0; s < LEN(sizes); s++)
		for (int round = 0; round < 4; round++) {
			char *p = extent_alloc(sizes[s], 1, true);

			ck_assert(is_zero(p, sizes[s]));
			memset(p, 0xff, sizes[s]);
			ck_assert(extent_free(desc(p)));
		}
}
END_TEST

START_TEST(freed_twice)
{
	char *p = get(100000);
	struct slab *d = desc(p);

	ck_assert(extent_free(d));
	ck_assert(!extent_free(d));
}
END_TEST

START_TEST(statistics)
{
	struct extent_stats st;
	char *p = get(100000), *q = get(200000);

	extent_stats(&st);
	ck_assert_uint_eq(st.live, 2);
	ck_assert_uint_eq(st.bytes, 300000);
	p = extent_resize(desc(p), 50000);
	q = extent_resize(desc(q), 900000);
	extent_stats(&st);
	ck_assert_uint_eq(st.live, 2);
	ck_assert_uint_eq(st.bytes, 950000);
	ck_assert_uint_ge(st.peak, 950000);
	(void)extent_free(desc(p));
	(void)extent_free(desc(q));
	extent_stats(&st);
	ck_assert_uint_eq(st.live + st.bytes, 0);
	ck_assert_uint_ge(st.peak, 950000);
}
END_TEST

START_TEST(shrinks_in_place)
{
	char *p = get(2 * MIB), *q;
	struct arena_usage before, after;

	fill(p, 0, 2 * MIB, 5);
	arena_usage(&before);
	ck_assert_ptr_eq(extent_resize(desc(p), 100000), p);
	ck_assert_uint_eq(desc(p)->bytes, 100000);
	arena_usage(&after);
	ck_assert_uint_eq(before.used - after.used, 30);
	verify(p, 100000, 5);
	arena_check();
	q = get(MIB);
	fill(q, 0, MIB, 9);
	verify(p, 100000, 5);
	ck_assert_ptr_eq(extent_resize(desc(p), 1), p);
	ck_assert_ptr_eq(extent_resize(desc(p), UNIT_SIZE), p);
}
END_TEST

START_TEST(grows_in_place)
{
	char *p = get(100000);

	fill(p, 0, 100000, 5);
	for (size_t size = 100000; size < 32 * MIB; size += 777777) {
		ck_assert_ptr_eq(extent_resize(desc(p), size), p);
		verify(p, 100000, 5);
		fill(p, 0, size, 5);
	}
	arena_check();
}
END_TEST

/*
 * No room behind it: by its bytes if small, by its pages if large.  Then there
 * is room: what grew grows again.
 */
START_TEST(moves)
{
	static const size_t sizes[] = { 70000, 400000, 600000, 5 * MIB };

	for (size_t s = 0; s < LEN(sizes); s++) {
		char *p = get(sizes[s]), *q;

		(void)get(sizes[s]);
		fill(p, 0, sizes[s], 7);
		q = extent_resize(desc(p), 3 * sizes[s]);
		ck_assert_ptr_nonnull(q);
		ck_assert_ptr_ne(q, p);
		verify(q, sizes[s], 7);
		fill(q, 0, 3 * sizes[s], 7);
		verify(q, 3 * sizes[s], 7);
		ck_assert_int_ne(arena_find(p)->state, UNIT_EXTENT);
		ck_assert_ptr_eq(extent_resize(desc(q), 5 * sizes[s]), q);
		verify(q, 3 * sizes[s], 7);
		fill(q, 0, 5 * sizes[s], 7);
		arena_check();
	}
}
END_TEST

/* A moved one may shrink and grow again; it keeps what it should. */
START_TEST(moved_and_resized)
{
	char *p = get(2 * MIB);

	fill(p, 0, 2 * MIB, 3);
	(void)get(1);
	p = extent_resize(desc(p), 6 * MIB);
	verify(p, 2 * MIB, 3);
	fill(p, 0, 6 * MIB, 3);
	(void)get(1);
	ck_assert_ptr_eq(extent_resize(desc(p), MIB), p);
	verify(p, MIB, 3);
	p = extent_resize(desc(p), 9 * MIB);
	verify(p, MIB, 3);
	fill(p, 0, 9 * MIB, 3);
	verify(p, 9 * MIB, 3);
	ck_assert(extent_free(desc(p)));
	arena_check();
}
END_TEST

/* Impossible sizes change nothing. */
START_TEST(failure_leaves_it_alone)
{
	char *p = get(MIB);

	fill(p, 0, MIB, 3);
	ck_assert_ptr_null(extent_resize(desc(p), SIZE_MAX));
	ck_assert_ptr_null(extent_resize(desc(p), (size_t)1 << 50));
	ck_assert_uint_eq(desc(p)->bytes, MIB);
	verify(p, MIB, 3);
}
END_TEST

static void
resize_one(struct rng *r, uint32_t k)
{
	size_t size = 1 + rng_below(r, 1u << (10 + rng_below(r, 13)));
	char *p = extent_resize(desc(held[k].p), size);

	ck_assert_ptr_nonnull(p);
	verify(p, min_size(size, held[k].size), k);
	held[k].p = p;
	held[k].size = size;
	fill(p, 0, size, k);
}

START_TEST(random_against_a_model)
{
	struct rng r = { 23 };
	size_t before;

	ck_assert(extent_free(desc(get(1))));
	before = count_mappings();
	for (int i = 0; i < 6000; i++) {
		uint32_t k = rng_below(&r, SLOTS);

		if (held[k].p == NULL) {
			held[k].size = 1 + rng_below(&r, 4 * MIB);
			held[k].p = get(held[k].size);
			fill(held[k].p, 0, held[k].size, k);
		} else if (rng_one_in(&r, 4)) {
			verify(held[k].p, held[k].size, k);
			ck_assert(extent_free(desc(held[k].p)));
			held[k].p = NULL;
		} else {
			resize_one(&r, k);
		}
		if (i % 200 == 0)
			arena_check();
	}
	if (!SANITIZED)
		ck_assert_uint_le(count_mappings(),
		    before + 2 * MOVED_AT_ONCE);
	for (int k = 0; k < SLOTS; k++)
		if (held[k].p != NULL)
			ck_assert(extent_free(desc(held[k].p)));
	if (!SANITIZED)
		ck_assert_uint_eq(count_mappings(), before);
	arena_check();
}
END_TEST

/* Threads resize side by side. */
static void *
resize_alone(void *arg)
{
	struct rng r = { (uintptr_t)arg };
	unsigned tag = (unsigned)(uintptr_t)arg;
	size_t size = 1;
	char *p = extent_alloc(size, 1, false);

	for (int i = 0; i < 1000; i++) {
		size_t to = 1 + rng_below(&r, 1u << (10 + rng_below(&r, 13)));

		p = extent_resize(arena_find(p), to);
		MUST(p != NULL);
		for (size_t off = 0; off + 1 < min_size(size, to); off += 4096)
			MUST(p[off] == (char)(tag + off / 4096));
		size = to;
		fill(p, 0, size, tag);
	}
	MUST(extent_free(arena_find(p)));
	return NULL;
}

START_TEST(many_threads)
{
	pthread_t t[4];

	for (uintptr_t i = 0; i < LEN(t); i++)
		start(&t[i], resize_alone, (void *)(i * 50 + 1));
	for (size_t i = 0; i < LEN(t); i++)
		(void)join(t[i]);
	arena_check();
}
END_TEST

RUN_TESTS("extent", no_sense, sizes_and_alignment, zero_if_asked,
    freed_twice, statistics, shrinks_in_place, grows_in_place, moves,
    moved_and_resized, failure_leaves_it_alone, random_against_a_model,
    many_threads)
