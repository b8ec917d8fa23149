/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sizes.c - objects of every size, alignment and slab size: they do not
 * overlap, are aligned, and keep what was written.
 */
#include "api.h"

enum { MOST = 6000 };

struct shape {
	size_t size;
	struct zone_attr attr;
};

static void *objs[MOST];

/* So that each object's content tells which one it is. */
static void
fill(void *p, size_t size, unsigned tag)
{
	unsigned char *c = p;

	memset(c, (int)(tag % 251), size);
	c[0] = (unsigned char)(tag >> 8);
	c[size - 1] = (unsigned char)tag;
}

static void
verify(const void *p, size_t size, unsigned tag)
{
	const unsigned char *c = p;

	ck_assert(c[size - 1] == (unsigned char)tag);
	if (size > 1)
		ck_assert(c[0] == (unsigned char)(tag >> 8));
	if (size > 2)
		ck_assert(c[1] == tag % 251 &&
		    memcmp(c + 1, c + 2, size - 3) == 0);
}

/* Three slabs and a bit, as far as 32 MiB go. */
static size_t
count_for(zone_t *z)
{
	size_t per_slab = stats_of(z).capacity, n = 3 * per_slab + 5;

	if (n * zone_size(z) > 32 * MIB)
		n = 32 * MIB / zone_size(z);
	return n < MOST ? n : MOST;
}

static void
fill_zone(zone_t *z, size_t n, size_t align)
{
	size_t size = zone_size(z);

	for (unsigned i = 0; i < n; i++) {
		objs[i] = take(z);
		ck_assert_uint_eq((uintptr_t)objs[i] % align, 0);
		fill(objs[i], size, i);
	}
	for (unsigned i = 0; i < n; i++) {
		verify(objs[i], size, i);
		ck_assert_ptr_eq(zone_of((char *)objs[i] + size - 1), z);
		ck_assert_ptr_eq(zone_base((char *)objs[i] + size - 1),
		    objs[i]);
	}
}

/* Every other one goes and comes back; the rest must not notice. */
static void
churn_zone(zone_t *z, size_t n)
{
	size_t size = zone_size(z);

	for (unsigned i = 0; i < n; i += 2)
		zone_free(z, objs[i]);
	for (unsigned i = 0; i < n; i += 2) {
		objs[i] = take(z);
		fill(objs[i], size, i);
	}
	for (unsigned i = 0; i < n; i++)
		verify(objs[i], size, i);
}

static void
try_shape(size_t size, const struct zone_attr *attr, size_t align)
{
	zone_t *z = make("shape", size, attr);
	size_t n;

	zone_free(z, take(z));
	n = count_for(z);
	fill_zone(z, n, align);
	churn_zone(z, n);
	ck_assert_uint_eq(stats_of(z).live, n);
	api_verify();
	for (size_t i = 0; i < n; i++)
		zone_free(z, objs[i]);
	ck_assert_uint_eq(stats_of(z).live, 0);
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}

START_TEST(every_size_of_some)
{
	static const size_t sizes[] = {
		1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 40, 48,
		63, 64, 65, 72, 80, 96, 100, 127, 128, 129, 160, 192, 200,
		255, 256, 257, 320, 384, 500, 511, 512, 513, 768, 1000, 1023,
		1024, 1025, 1536, 2000, 2048, 3000, 4095, 4096, 4097, 5000,
		6144, 8191, 8192, 8193, 10000, 16383, 16384, 16385, 30000,
		32768, 40000, 65535, 65536, 65537, 100000, 131072, 200000,
		262143, 262144, 300000, 524288, 600001, 1048575, 1048576
	};

	for (size_t i = 0; i < LEN(sizes); i++)
		try_shape(sizes[i], NULL, 1);
}
END_TEST

START_TEST(every_alignment)
{
	static const size_t sizes[] = { 1, 24, 1000, 70000 };

	for (size_t i = 0; i < LEN(sizes); i++)
		for (size_t align = 1; align <= 16 * MIB; align *= 2)
			try_shape(sizes[i], ATTR(.align = align), align);
}
END_TEST

START_TEST(every_slab_size)
{
	static const size_t sizes[] = { 1, 48, 1000, 60000 };

	for (size_t i = 0; i < LEN(sizes); i++)
		for (uint32_t slab = 64 * KIB; slab <= 16 * MIB; slab *= 2) {
			try_shape(sizes[i], ATTR(.slab_size = slab), 1);
			try_shape(sizes[i], ATTR(.slab_size = slab,
			    .align = slab), slab);
		}
}
END_TEST

START_TEST(huge_pages)
{
	static const size_t sizes[] = { 8, 64, 512, 4096, 100000, 1048576 };

	for (size_t i = 0; i < LEN(sizes); i++) {
		try_shape(sizes[i], ATTR(.flags = ZONE_HUGE), 1);
		try_shape(sizes[i], ATTR(.flags = ZONE_HUGE,
		    .slab_size = 2 * MIB), 1);
		try_shape(sizes[i], ATTR(.flags = ZONE_HUGE,
		    .slab_size = 4 * MIB, .align = 4 * MIB), 4 * MIB);
	}
}
END_TEST

/* Objects of two zones never share a page, and slabs do not mix. */
START_TEST(zones_share_no_page)
{
	enum { ZONES = 20 };
	zone_t *zones[ZONES];

	for (size_t i = 0; i < ZONES; i++)
		zones[i] = make("mixed", 8 + 40 * i, NULL);
	for (size_t i = 0; i < 2000; i++)
		objs[i] = take(zones[i % ZONES]);
	for (size_t i = 0; i < 2000; i++)
		for (size_t k = 0; k < ZONES; k++)
			if (i % ZONES != k)
				ck_assert_uint_ne((uintptr_t)objs[i] / SLAB,
				    (uintptr_t)objs[k] / SLAB);
}
END_TEST

/* Mappings are few, whatever zones and objects there are. */
START_TEST(mappings_stay_few)
{
	static void *all[2000];
	size_t before;

	(void)take(make("first", 64, NULL));
	before = count_mappings();
	for (size_t i = 0; i < LEN(all); i++) {
		zone_t *z = make("many", 1 + i * 37 % 4000, NULL);

		all[i] = take(z);
	}
	for (size_t i = 0; i < LEN(all); i += 2)
		ck_assert_int_eq(zone_destroy(zone_of(all[i]), ZONE_NOW), 0);
	zone_trim(NULL, ZONE_TRIM_CACHES);
	if (!SANITIZED)
		ck_assert_uint_le(count_mappings(), before + 4);
}
END_TEST

RUN_TESTS("sizes", every_size_of_some, every_alignment, every_slab_size,
    huge_pages, zones_share_no_page, mappings_stay_few)
