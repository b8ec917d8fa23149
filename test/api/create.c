/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * create.c - zone_create: what it refuses, what it makes of attributes, and
 * how many zones there can be.
 */
#include "api.h"

enum { MOST_ZONES = 4096 };

static int
construct(void *obj, void *arg)
{
	(void)obj;
	(void)arg;
	return 0;
}

/* Refused with EINVAL, each for one reason. */
static void
refuse(size_t size, const struct zone_attr *attr)
{
	ASSERT_FAILS(zone_create("bad", size, attr), NULL, EINVAL);
}

START_TEST(refuses_sizes)
{
	refuse(0, NULL);
	refuse(MIB + 1, NULL);
	refuse(SIZE_MAX, NULL);
	refuse(SIZE_MAX - 15, NULL);
	ASSERT_FAILS(zone_create(NULL, 8, NULL), NULL, EINVAL);
}
END_TEST

START_TEST(refuses_attr_size)
{
	struct zone_attr attr = { .attr_size = 0 };

	refuse(8, &attr);
	attr.attr_size = sizeof attr - 8;
	refuse(8, &attr);
	attr.attr_size = sizeof attr + 8;
	refuse(8, &attr);
}
END_TEST

START_TEST(refuses_shapes)
{
	refuse(8, ATTR(.align = 3));
	refuse(8, ATTR(.align = 48));
	refuse(8, ATTR(.align = SIZE_MAX));
	refuse(8, ATTR(.align = 32 * MIB));
	refuse(8, ATTR(.align = (size_t)1 << 63));
	refuse(8, ATTR(.align = 128 * KIB, .slab_size = 64 * KIB));
	refuse(8, ATTR(.slab_size = 32 * KIB));
	refuse(8, ATTR(.slab_size = 96 * KIB));
	refuse(8, ATTR(.slab_size = 32 * MIB));
	refuse(8, ATTR(.slab_size = 1));
	refuse(64 * KIB + 1, ATTR(.slab_size = 64 * KIB));
	refuse(MIB, ATTR(.slab_size = 64 * KIB));
	/* Rounded up to its alignment it does not fit. */
	refuse(33 * KIB, ATTR(.align = 64 * KIB, .slab_size = 32 * KIB));
}
END_TEST

START_TEST(refuses_flags)
{
	refuse(8, ATTR(.flags = ZONE_NOFAIL | ZONE_NOWAIT));
	refuse(8, ATTR(.flags = 0x8000));
	refuse(8, ATTR(.flags = ZONE_HUGE | 0x10));
	refuse(8, ATTR(.flags = ZONE_ZERO, .ctor = construct));
}
END_TEST

START_TEST(refuses_attributes)
{
	static char seed[256];

	refuse(8, ATTR(.seed = seed));
	refuse(8, ATTR(.seed_size = sizeof seed));
	/* No room for an object. */
	refuse(8, ATTR(.seed = seed, .seed_size = sizeof seed));
}
END_TEST

/* A refusal costs nothing: no zone, no number. */
START_TEST(refusal_leaves_nothing)
{
	for (int i = 0; i < 2 * MOST_ZONES; i++) {
		refuse(8, ATTR(.align = 3));
		refuse(MIB, ATTR(.slab_size = 64 * KIB));
	}
	zone_free(NULL, take(make("good", 8, NULL)));
}
END_TEST

START_TEST(accepts_the_extremes)
{
	static const struct zone_attr attrs[] = {
		{ .attr_size = sizeof attrs[0] },
		{ .attr_size = sizeof attrs[0], .align = 16 * MIB },
		{ .attr_size = sizeof attrs[0], .slab_size = 16 * MIB },
		{ .attr_size = sizeof attrs[0], .slab_size = MIB,
		    .align = MIB },
		{ .attr_size = sizeof attrs[0], .flags = ZONE_HUGE },
		{ .attr_size = sizeof attrs[0], .max_free_slabs = UINT32_MAX },
		{ .attr_size = sizeof attrs[0], .limit = SIZE_MAX }
	};

	for (size_t i = 0; i < LEN(attrs); i++)
		for (size_t size = 1; size <= MIB; size *= MIB) {
			zone_t *z = make("edge", size, &attrs[i]);
			char *p = take(z);

			memset(p, 0xa5, size);
			zone_free(z, p);
			ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
		}
}
END_TEST

START_TEST(name_is_copied_and_cut)
{
	char name[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	zone_t *z = make(name, 24, NULL), *none = make("", 24, NULL);

	memset(name, '#', sizeof name - 1);
	ck_assert_str_eq(zone_name(z), "abcdefghijklmnopqrstuvwxyz01234");
	ck_assert_uint_eq(strlen(zone_name(z)), 31);
	ck_assert_uint_eq(zone_size(z), 24);
	ck_assert_str_eq(zone_name(none), "");
}
END_TEST

START_TEST(attr_is_copied)
{
	struct zone_attr attr = *ATTR(.limit = 3, .align = 256);
	zone_t *z = make("copy", 10, &attr);

	memset(&attr, 0xff, sizeof attr);
	ck_assert_uint_eq((uintptr_t)take(z) % 256, 0);
	ck_assert_uint_eq(stats_of(z).limit, 3);
	ck_assert_uint_eq(stats_of(z).stride, 256);
	ck_assert_uint_eq(stats_of(z).size, 10);
}
END_TEST

static size_t
default_align(size_t size)
{
	size_t align = 1;

	while (align < 16 && size % (2 * align) == 0)
		align *= 2;
	return align;
}

START_TEST(default_alignment)
{
	for (size_t size = 1; size <= 260; size++) {
		zone_t *z = make("small", size, NULL);
		char *p = take(z), *q = take(z);

		ck_assert_uint_eq(stats_of(z).stride, size);
		ck_assert_uint_eq((uintptr_t)p % default_align(size), 0);
		ck_assert_uint_eq((uintptr_t)q % default_align(size), 0);
		ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
	}
}
END_TEST

START_TEST(equal_zones_are_not_merged)
{
	zone_t *a = make("same", 32, NULL), *b = make("same", 32, NULL);
	uintptr_t p, q;

	ck_assert_ptr_ne(a, b);
	for (int i = 0; i < 5000; i++) {
		p = (uintptr_t)take(a);
		q = (uintptr_t)take(b);
		ck_assert_ptr_eq(zone_of((void *)p), a);
		ck_assert_ptr_eq(zone_of((void *)q), b);
		ck_assert_uint_ne(p / SLAB, q / SLAB);
	}
}
END_TEST

static void
fill_table(zone_t **zones)
{
	char name[32];

	for (int i = 0; i < MOST_ZONES; i++) {
		snprintf(name, sizeof name, "zone %d", i);
		zones[i] = make(name, 1 + (size_t)i % 100, NULL);
	}
	ASSERT_FAILS(zone_create("one more", 8, NULL), NULL, ENOSPC);
}

START_TEST(all_zones)
{
	static zone_t *zones[MOST_ZONES];
	static void *objs[MOST_ZONES];
	char name[32];

	for (int round = 0; round < 2; round++) {
		fill_table(zones);
		for (int i = 0; i < MOST_ZONES; i++)
			objs[i] = take(zones[i]);
		for (int i = 0; i < MOST_ZONES; i++) {
			snprintf(name, sizeof name, "zone %d", i);
			ck_assert_str_eq(zone_name(zone_of(objs[i])), name);
		}
		api_verify();
		for (int i = 0; i < MOST_ZONES; i++) {
			zone_free(zones[i], objs[i]);
			ck_assert_int_eq(zone_destroy(zones[i],
			    round == 0 ? ZONE_IF_EMPTY : ZONE_NOW), 0);
		}
	}
}
END_TEST

/* One zone ends, one begins: the table does not run out. */
START_TEST(zones_come_and_go)
{
	for (int i = 0; i < 3 * MOST_ZONES; i++) {
		zone_t *z = make("mayfly", 48, NULL);

		zone_free(z, take(z));
		ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
	}
}
END_TEST

/* The records of zones are in memory that was something else before. */
START_TEST(records_in_used_memory)
{
	enum { OBJECTS = 20000, ZONES = 1000 };
	static void *objs[OBJECTS];
	zone_t *z = make("dirt", 64, NULL);

	take_all(z, objs, OBJECTS);
	for (int i = 0; i < OBJECTS; i++)
		memset(objs[i], 0xff, 64);
	ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
	for (int i = 0; i < ZONES; i++) {
		z = make("clean", 64, NULL);
		ck_assert_uint_eq(stats_of(z).live, 0);
		(void)take(z);
		ck_assert_uint_eq(stats_of(z).live, 1);
	}
}
END_TEST

RUN_TESTS("create", refuses_sizes, refuses_attr_size, refuses_shapes,
    refuses_flags, refuses_attributes, refusal_leaves_nothing,
    accepts_the_extremes, name_is_copied_and_cut, attr_is_copied,
    default_alignment, equal_zones_are_not_merged, all_zones,
    zones_come_and_go, records_in_used_memory)
