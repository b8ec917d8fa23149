/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * locate.c - from an address to an object: every outcome.
 */
#include "unit.h"

#include "../../lib/arena.h"
#include "../../lib/extent.h"
#include "../../lib/locate.h"

static struct location at;

static enum located
find(const void *p)
{
	memset(&at, 0xee, sizeof at);
	return locate((uintptr_t)p, &at);
}

START_TEST(foreign)
{
	ck_assert_int_eq(find(NULL), LOCATED_FOREIGN);
	ck_assert_int_eq(find(&at), LOCATED_FOREIGN);
	(void)take(make("x", 8, NULL));
	ck_assert_int_eq(find(NULL), LOCATED_FOREIGN);
	ck_assert_int_eq(find(&at), LOCATED_FOREIGN);
	ck_assert_int_eq(find((void *)UINTPTR_MAX), LOCATED_FOREIGN);
	ck_assert_int_eq(find((char *)take(make("y", 8, NULL)) +
	    ((size_t)1 << 35)), LOCATED_FOREIGN);
}
END_TEST

START_TEST(objects)
{
	static const size_t sizes[] = { 1, 24, 1000, 70000, MIB };

	for (size_t s = 0; s < LEN(sizes); s++) {
		zone_t *z = make("object", sizes[s], NULL);
		char *objs[20];

		take_all(z, (void **)objs, LEN(objs));
		for (size_t i = 0; i < LEN(objs); i++) {
			ck_assert_int_eq(find(objs[i]), LOCATED_OBJECT);
			ck_assert_ptr_eq(at.slab->zone, z);
			ck_assert_uint_eq(at.base, (uintptr_t)objs[i]);
			ck_assert_uint_eq(slab_object(at.slab, at.index),
			    (uintptr_t)objs[i]);
			if (sizes[s] == 1)
				continue;
			ck_assert_int_eq(find(objs[i] + sizes[s] - 1),
			    LOCATED_INSIDE);
			ck_assert_uint_eq(at.base, (uintptr_t)objs[i]);
			ck_assert_ptr_eq(at.slab->zone, z);
		}
		/* Free or not is not the question. */
		zone_free_n(z, (void **)objs, LEN(objs));
		ck_assert_int_eq(find(objs[0]), LOCATED_OBJECT);
	}
}
END_TEST

START_TEST(behind_the_last_object)
{
	static const size_t sizes[] = { 8, 1000, 30000 };

	for (size_t s = 0; s < LEN(sizes); s++) {
		zone_t *z = make("rest", sizes[s], NULL);
		uintptr_t end;

		ck_assert_int_eq(find(take(z)), LOCATED_OBJECT);
		end = slab_object(at.slab, at.slab->nobj);
		ck_assert_int_eq(find((void *)(end - 1)), LOCATED_INSIDE);
		for (uintptr_t p = end; p < round_up(end, UNIT_SIZE); p += 7) {
			ck_assert_int_eq(find((void *)p), LOCATED_BEHIND);
			ck_assert_ptr_eq(at.slab->zone, z);
		}
	}
}
END_TEST

START_TEST(extents)
{
	char *p = extent_alloc(1000000, 1, false);

	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(find(p), LOCATED_EXTENT);
	ck_assert_uint_eq(at.base, (uintptr_t)p);
	for (size_t off = 1; off < 1000000; off += 9999) {
		ck_assert_int_eq(find(p + off), LOCATED_IN_EXTENT);
		ck_assert_uint_eq(at.base, (uintptr_t)p);
	}
	ck_assert(extent_free(arena_find(p)));
	ck_assert_int_eq(find(p), LOCATED_NOTHING);
	ck_assert_int_eq(find(p + 500000), LOCATED_NOTHING);
}
END_TEST

/* What has been there before must not show. */
START_TEST(nothing)
{
	zone_t *z = make("gone", 30000, NULL);
	char *objs[40], *p;

	take_all(z, (void **)objs, LEN(objs));
	zone_free_n(z, (void **)objs, LEN(objs));
	zone_trim(z, ZONE_TRIM_CACHES);
	for (size_t i = 0; i < LEN(objs); i++)
		for (size_t off = 0; off < 30000; off += 999)
			ck_assert_int_eq(find(objs[i] + off),
			    LOCATED_NOTHING);
	p = extent_alloc(3 * MIB, 1, false);
	ck_assert(extent_free(arena_find(p)));
	(void)extent_alloc(UNIT_SIZE, 1, false);
	for (size_t off = 2 * UNIT_SIZE; off < 2 * MIB; off += 9999)
		ck_assert_int_eq(find(p + off), LOCATED_NOTHING);
}
END_TEST

/* Our own records are in an arena too, and none of the program's business. */
START_TEST(own_records)
{
	zone_t *z = make("x", 8, NULL);

	ck_assert_int_eq(find(z), LOCATED_NOTHING);
	ck_assert_int_eq(find(&z->name), LOCATED_NOTHING);
	ck_assert_int_eq(find(take(z)), LOCATED_OBJECT);
	ck_assert_int_eq(find(at.slab->map), LOCATED_NOTHING);
	ck_assert_int_eq(find(at.slab), LOCATED_FOREIGN);
}
END_TEST

RUN_TESTS("locate", foreign, objects, behind_the_last_object, extents,
    nothing, own_records)
