/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shape.c - strides, reciprocals and slabs for sizes from 1 byte to 1 MiB: the
 * index of an address is found by a multiplication, for every object, and an
 * address inside an object is told apart.
 */
#include "unit.h"

#include "../../lib/fast.h"
#include "../../lib/init.h"
#include "../../lib/slab.h"
#include "../../lib/zone.h"
#include "../../lib/ztable.h"

static uint64_t
index_of(const struct zone *z, uint64_t offset)
{
	return offset * z->recip >> 32;
}

static void
verify_offset(const struct zone *z, uint64_t offset)
{
	uint64_t index = index_of(z, offset);

	if ((index * z->stride == offset) != (offset % z->stride == 0))
		ck_abort_msg("stride %u, offset %lu, index %lu", z->stride,
		    (unsigned long)offset, (unsigned long)index);
}

/* All objects; some addresses inside of each, and behind the last. */
static void
verify_reciprocal(const struct zone *z)
{
	uint64_t stride = z->stride, slab = (uint64_t)z->units << UNIT_SHIFT;

	for (uint64_t i = 0; i < z->nobj; i++) {
		uint64_t offset = i * stride;

		if (index_of(z, offset) != i)
			ck_abort_msg("stride %u, index %lu", z->stride,
			    (unsigned long)i);
		verify_offset(z, offset + 1);
		verify_offset(z, offset + stride / 2);
		verify_offset(z, offset + stride - 1);
	}
	for (uint64_t off = z->nobj * stride; off < slab; off += 1 + slab / 99)
		verify_offset(z, off);
	verify_offset(z, slab - 1);
}

/* What free makes of each address of a slab's first unit. */
static void
verify_first_unit(uint32_t stride)
{
	struct slab d = { .recip = slab_recip(stride) };
	uint64_t index;

	for (uintptr_t off = 0; off < UNIT_SIZE; off++) {
		bool found = fast_index(&d, UNIT_SIZE * 5 + off, &index);

		if (found != (off % stride == 0) ||
		    (found && index != off / stride))
			ck_abort_msg("stride %u, offset %lu, index %lu",
			    stride, (unsigned long)off, (unsigned long)index);
	}
}

START_TEST(every_address_of_a_unit)
{
	for (uint32_t stride = 1; stride <= 4096; stride++)
		verify_first_unit(stride);
	for (uint32_t stride = 4097; stride <= MIB; stride += 997)
		verify_first_unit(stride);
	verify_first_unit(UNIT_SIZE - 1);
	verify_first_unit(UNIT_SIZE);
	verify_first_unit(UNIT_SIZE + 1);
	verify_first_unit(MIB);
}
END_TEST

static void
verify_shape(const struct zone *z, size_t size, size_t align)
{
	size_t slab = (size_t)z->units << UNIT_SHIFT;

	ck_assert_uint_eq(z->size, size);
	ck_assert_uint_ge(z->stride, size);
	ck_assert_uint_lt(z->stride, size + align);
	ck_assert_uint_eq(z->stride % align, 0);
	ck_assert(is_power_of_two(slab));
	ck_assert_uint_ge(z->nobj, 1);
	ck_assert_uint_le(z->nobj, SLAB_MAX_OBJECTS);
	ck_assert_uint_le((size_t)z->nobj * z->stride, slab);
	/* No room for one more, unless there are as many as there can be. */
	ck_assert(z->nobj == SLAB_MAX_OBJECTS ||
	    (z->nobj + (size_t)1) * z->stride > slab);
	ck_assert_uint_ge((size_t)z->align_units << UNIT_SHIFT, align);
	ck_assert_uint_le(zone_words(z), 64);
}

static void
try_size(size_t size, const struct zone_attr *attr, size_t align)
{
	struct zone *z;
	int error;

	z = zone_make("shape", size, attr, false, &error);
	ck_assert_ptr_nonnull(z);
	verify_shape(z, size, align);
	verify_reciprocal(z);
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}

static size_t
default_align(size_t size)
{
	return min_size(size & -size, 16);
}

START_TEST(small_sizes)
{
	init();
	for (size_t size = 1; size <= 5000; size++)
		try_size(size, NULL, default_align(size));
}
END_TEST

START_TEST(all_other_sizes)
{
	init();
	for (size_t size = 5000; size <= MIB; size += 1 + size / 500)
		try_size(size, NULL, default_align(size));
	try_size(MIB - 1, NULL, 1);
	try_size(MIB, NULL, 16);
}
END_TEST

START_TEST(alignments)
{
	init();
	for (size_t align = 1; align <= 16 * MIB; align *= 2)
		for (size_t size = 1; size <= MIB; size = size * 3 + 1)
			try_size(size, ATTR(.align = align), align);
}
END_TEST

START_TEST(slab_sizes)
{
	init();
	for (uint32_t slab = 64 * KIB; slab <= 16 * MIB; slab *= 2)
		for (size_t size = 1; size <= slab && size <= MIB;
		    size += 1 + size / 7)
			try_size(size, ATTR(.slab_size = slab, .align = 1), 1);
}
END_TEST

/* A slab of default size has room for a few objects of any size. */
START_TEST(default_slabs)
{
	init();
	for (size_t size = 1; size <= MIB; size = size * 2 - size / 3 + 1) {
		struct zone *z;
		int error;

		z = zone_make("slab", size, NULL, false, &error);
		ck_assert_uint_ge(z->nobj, 8);
		ck_assert(z->units == 1 || size > UNIT_SIZE / 16);
	}
}
END_TEST

START_TEST(huge_slabs)
{
	init();
	for (size_t size = 512; size <= MIB; size *= 2) {
		struct zone *z;
		int error;

		z = zone_make("huge", size, ATTR(.flags = ZONE_HUGE), false,
		    &error);
		ck_assert_uint_ge((size_t)z->units << UNIT_SHIFT, 2 * MIB);
		ck_assert_uint_eq(z->align_units % (2 * MIB >> UNIT_SHIFT), 0);
		ck_assert(z->huge);
		verify_reciprocal(z);
	}
}
END_TEST

/* In the library's own zones as well. */
static void
verify_meta(struct zone *z, void *arg)
{
	(void)arg;
	verify_reciprocal(z);
}

START_TEST(own_records)
{
	init();
	ztable_foreach_meta(verify_meta, NULL);
}
END_TEST

RUN_TESTS("shape", every_address_of_a_unit, small_sizes, all_other_sizes,
    alignments, slab_sizes,
    default_slabs, huge_slabs, own_records)
