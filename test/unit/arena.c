/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.c - runs of units: no overlap, alignment, zero or not, coalescing,
 * extending, and pages that go back.
 */
#include "unit.h"

#include "../../lib/arena.h"
#include "../../lib/os.h"
#include "../../lib/retain.h"

enum { SLOTS = 200 };

struct held {
	struct slab *head;
	size_t	     units;
};

static struct held held[SLOTS];
static bool zero;

static struct slab *
get(size_t units)
{
	struct slab *d = arena_alloc(units, 1, &zero);

	ck_assert_ptr_nonnull(d);
	ck_assert_uint_eq(d->units, units);
	ck_assert_int_eq(d->state, UNIT_NONE);
	ck_assert_uint_eq(d->base % UNIT_SIZE, 0);
	ck_assert_ptr_eq(arena_find((void *)d->base), d);
	return d;
}

static size_t
used(void)
{
	struct arena_usage u;

	arena_usage(&u);
	ck_assert_uint_le(u.used + u.dirty, u.committed);
	ck_assert_uint_le(u.committed, u.reserved);
	return u.used;
}

static size_t
dirty(void)
{
	struct arena_usage u;

	arena_usage(&u);
	return u.dirty;
}

START_TEST(no_sense)
{
	ck_assert_ptr_null(arena_alloc(0, 1, &zero));
	ck_assert_ptr_null(arena_alloc(UINT32_MAX, 1, &zero));
	ck_assert_ptr_null(arena_alloc((size_t)1 << 40, 1, &zero));
	ck_assert_ptr_null(arena_alloc(1, (size_t)1 << 40, &zero));
	ck_assert_ptr_null(arena_alloc(SIZE_MAX, 1, &zero));
}
END_TEST

START_TEST(fresh_memory)
{
	for (size_t units = 1; units <= 64; units *= 2) {
		struct slab *d = get(units);

		ck_assert(zero);
		ck_assert(is_zero((void *)d->base, units * UNIT_SIZE));
		memset((void *)d->base, 1, units * UNIT_SIZE);
	}
	ck_assert_uint_eq(used(), 127);
	arena_check();
}
END_TEST

START_TEST(found_by_address)
{
	struct slab *d = get(5);
	uintptr_t end = d->base + 5 * UNIT_SIZE;

	for (uintptr_t p = d->base; p < end; p += 999)
		ck_assert_ptr_eq(arena_find((void *)p),
		    arena_next(d, (ptrdiff_t)((p - d->base) >> UNIT_SHIFT)));
	ck_assert_ptr_null(arena_find(&end));
	ck_assert_ptr_null(arena_find(NULL));
	ck_assert_ptr_null(arena_find(d));
	ck_assert_ptr_null(arena_find((void *)(d->base + ((size_t)1 << 36))));
}
END_TEST

START_TEST(alignment)
{
	for (size_t align = 1; align <= 1024; align *= 2)
		for (size_t units = 1; units < 40; units += 7) {
			struct slab *d = arena_alloc(units, align, &zero);

			ck_assert_ptr_nonnull(d);
			ck_assert_uint_eq(d->base % (align * UNIT_SIZE), 0);
			if (units % 2 == 0)
				arena_free(d, units, true);
			arena_check();
		}
}
END_TEST

/* Three neighbours, freed in every order, become one run again. */
START_TEST(coalescing)
{
	static const int orders[6][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 }
	};

	for (size_t i = 0; i < LEN(orders); i++) {
		struct slab *part[3], *whole = get(12);
		uintptr_t base = whole->base;

		(void)get(1);
		arena_free(whole, 12, true);
		for (size_t k = 0; k < 3; k++) {
			part[k] = get(3 + k);
			ck_assert_uint_ge(part[k]->base, base);
			ck_assert_uint_lt(part[k]->base,
			    base + 12 * UNIT_SIZE);
		}
		for (size_t k = 0; k < 3; k++) {
			int n = orders[i][k];

			arena_free(part[n], 3 + (size_t)n, true);
			arena_check();
		}
		ck_assert_uint_eq(get(12)->base, base);
	}
}
END_TEST

/* Dirty and clean runs stay apart, but serve a long request together. */
START_TEST(dirty_and_clean)
{
	struct slab *a = get(8), *b = get(8);
	uintptr_t base = min_size(a->base, b->base);

	(void)get(1);
	memset((void *)a->base, 1, 8 * UNIT_SIZE);
	arena_free(a, 8, true);
	arena_free(b, 8, false);
	ck_assert_uint_eq(dirty(), 8);
	arena_check();
	ck_assert_uint_gt(arena_purge(0), 0);
	ck_assert_uint_eq(dirty(), 0);
	arena_check();
	a = get(16);
	ck_assert_uint_eq(a->base, base);
	ck_assert(zero);
	ck_assert(is_zero((void *)a->base, 16 * UNIT_SIZE));
}
END_TEST

START_TEST(dirty_memory_says_so)
{
	struct slab *d = get(4);

	memset((void *)d->base, 1, 4 * UNIT_SIZE);
	arena_free(d, 4, true);
	d = get(4);
	ck_assert(!zero);
	arena_free(d, 4, true);
	ck_assert_uint_eq(arena_purge(0), 4 * UNIT_SIZE);
	ck_assert_uint_eq(arena_purge(0), 0);
	ck_assert_uint_ge(arena_purged(), 4 * UNIT_SIZE);
	d = get(4);
	ck_assert(zero);
	ck_assert(is_zero((void *)d->base, 4 * UNIT_SIZE));
}
END_TEST

/* Purging stops where it is told to, oldest first. */
START_TEST(purge_keeps)
{
	struct slab *d[10];

	/* So much in use that all of it may stay. */
	(void)get(40 * 32);
	for (size_t i = 0; i < LEN(d); i++) {
		d[i] = get(4);
		(void)get(1);
	}
	for (size_t i = 0; i < LEN(d); i++) {
		memset((void *)d[i]->base, 1, 4 * UNIT_SIZE);
		arena_free(d[i], 4, true);
	}
	ck_assert_uint_eq(arena_purge(20), 20 * UNIT_SIZE);
	ck_assert_uint_eq(dirty(), 20);
	for (size_t i = 0; i < LEN(d); i++)
		ck_assert_int_eq(is_zero((void *)d[i]->base, 4 * UNIT_SIZE),
		    i < 5);
}
END_TEST

START_TEST(extending)
{
	size_t others = 10 * 32;	/* so that ten units may stay dirty */
	struct slab *a, *b;

	(void)get(others);
	/* At the frontier. */
	a = get(4);
	ck_assert(arena_extend(a, 3, &zero));
	ck_assert(zero);
	ck_assert_uint_eq(a->units, 7);
	ck_assert(is_zero((void *)(a->base + 4 * UNIT_SIZE), 3 * UNIT_SIZE));
	b = get(10);
	ck_assert_uint_eq(b->base, a->base + 7 * UNIT_SIZE);
	ck_assert(!arena_extend(a, 1, &zero));
	/* Into a dirty run, a part of it, all of it. */
	(void)get(1);
	memset((void *)b->base, 1, 10 * UNIT_SIZE);
	arena_free(b, 10, true);
	ck_assert(!arena_extend(a, 11, &zero));
	ck_assert(arena_extend(a, 4, &zero));
	ck_assert(!zero);
	arena_check();
	ck_assert_uint_eq(dirty(), 6);
	ck_assert(arena_extend(a, 6, &zero));
	ck_assert_uint_eq(a->units, 17);
	ck_assert(!arena_extend(a, 1, &zero));
	arena_check();
	ck_assert_uint_eq(used(), others + 18);
	arena_free(a, 17, true);
	ck_assert_uint_eq(get(17)->base, a->base);
}
END_TEST

/* Far more than one step of the frontier, and mappings stay as they are. */
START_TEST(growing)
{
	size_t before;

	(void)get(1);
	before = count_mappings();
	for (int i = 0; i < 2000; i++)
		(void)get(1 + (size_t)i % 40);
	for (int i = 0; i < 20; i++)
		(void)get(3000);
	if (!SANITIZED)
		ck_assert_uint_eq(count_mappings(), before);
	arena_check();
}
END_TEST

/* Each run is filled with its own number while it is held. */
static void
fill(size_t k)
{
	for (size_t u = 0; u < held[k].units; u++)
		*(size_t *)(held[k].head->base + u * UNIT_SIZE) = k + 1;
}

static void
verify(size_t k)
{
	for (size_t u = 0; u < held[k].units; u++)
		ck_assert_uint_eq(*(size_t *)(held[k].head->base +
		    u * UNIT_SIZE), k + 1);
}

static size_t
take_one(struct rng *r, size_t k)
{
	size_t units = rng_one_in(r, 3) ? 1 : 1 + rng_below(r, 30);
	size_t align = (size_t)1 << rng_below(r, 6);
	struct slab *d = arena_alloc(units, align, &zero);

	ck_assert_ptr_nonnull(d);
	ck_assert_uint_eq(d->base % (align * UNIT_SIZE), 0);
	for (size_t u = 0; zero && u < units; u++)
		ck_assert_uint_eq(*(size_t *)(d->base + u * UNIT_SIZE), 0);
	held[k] = (struct held){ d, units };
	fill(k);
	return units;
}

static size_t
grow_one(struct rng *r, size_t k)
{
	size_t more = 1 + rng_below(r, 10);
	uintptr_t end = held[k].head->base + held[k].units * UNIT_SIZE;

	if (!arena_extend(held[k].head, more, &zero))
		return 0;
	for (size_t u = 0; zero && u < more; u++)
		ck_assert_uint_eq(*(size_t *)(end + u * UNIT_SIZE), 0);
	held[k].units += more;
	fill(k);
	return more;
}

START_TEST(random_against_a_model)
{
	struct rng r = { 17 };
	size_t units = 0;

	for (int i = 0; i < 60000; i++) {
		uint32_t k = rng_below(&r, SLOTS);

		if (held[k].head == NULL) {
			units += take_one(&r, k);
		} else if (rng_one_in(&r, 4)) {
			units += grow_one(&r, k);
		} else {
			verify(k);
			units -= held[k].units;
			arena_free(held[k].head, held[k].units, true);
			held[k].head = NULL;
		}
		ck_assert_uint_eq(used(), units);
		if (rng_one_in(&r, 500))
			arena_purge(rng_below(&r, 200));
		if (i % 1000 == 0)
			arena_check();
	}
	for (int k = 0; k < SLOTS; k++)
		if (held[k].head != NULL)
			arena_free(held[k].head, held[k].units, true);
	arena_purge(0);
	ck_assert_uint_eq(used() + dirty(), 0);
	arena_check();
}
END_TEST

/* Free memory that stays resident is bounded by what is used. */
START_TEST(retention_bound)
{
	enum { RUNS = 1000, EACH = 8 };
	struct slab *d[RUNS];

	for (int i = 0; i < RUNS; i++) {
		d[i] = get(EACH);
		memset((void *)d[i]->base, 1, EACH * UNIT_SIZE);
	}
	for (int i = 0; i < RUNS; i++) {
		arena_free(d[i], EACH, true);
		ck_assert_uint_le(dirty(), 64 + (RUNS * EACH) / 8);
	}
	ck_assert_uint_le(dirty(), 64);
}
END_TEST

/* Memory of which little is touched comes clean, and widens nothing. */
START_TEST(sparse_is_no_sign)
{
	struct slab *d = get(64);
	size_t bound;

	memset((void *)d->base, 1, 64 * UNIT_SIZE);
	arena_free(d, 64, true);
	(void)arena_purge(4);
	bound = dirty();
	d = arena_alloc_sparse(32);
	ck_assert_ptr_nonnull(d);
	for (size_t i = 0; i < 32 * UNIT_SIZE; i += 512)
		ck_assert_int_eq(((char *)d->base)[i], 0);
	ck_assert_uint_eq(dirty(), bound);
	memset((void *)d->base, 1, 32 * UNIT_SIZE);
	arena_free(d, 32, true);
	ck_assert_uint_le(dirty() * UNIT_SIZE, retain_floor(0));
}
END_TEST

RUN_TESTS("arena", no_sense, fresh_memory, found_by_address, alignment,
    coalescing, dirty_and_clean, dirty_memory_says_so, purge_keeps,
    extending, growing, random_against_a_model, retention_bound,
    sparse_is_no_sign)
