/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sizeclass.c - owns the zones malloc-16 to malloc-32768 and the table that
 * leads to them.
 */
#include "sizeclass.h"

#include <string.h>

#include "panic.h"
#include "route.h"
#include "zone.h"

uint16_t sizeclass_slots[SIZECLASS_MAX / SIZECLASS_QUANTUM + 1];
size_t sizeclass_end;

static struct zone *zones[SIZECLASS_COUNT + 1];

size_t
sizeclass_stride(unsigned class)
{
	unsigned fine = SIZECLASS_FINE / SIZECLASS_QUANTUM, doubling, step;

	if (class <= fine)
		return (size_t)class * SIZECLASS_QUANTUM;
	doubling = (class - fine - 1) / SIZECLASS_STEPS;
	step = (class - fine - 1) % SIZECLASS_STEPS + 1;
	return ((size_t)SIZECLASS_FINE << doubling) +
	    step * (((size_t)SIZECLASS_FINE / SIZECLASS_STEPS) << doubling);
}

unsigned
sizeclass_of(size_t size)
{
	unsigned fine = SIZECLASS_FINE / SIZECLASS_QUANTUM, doubling, shift;

	if (size <= SIZECLASS_QUANTUM)
		return 1;
	if (size <= SIZECLASS_FINE)
		return (unsigned)((size - 1) / SIZECLASS_QUANTUM + 1);
	doubling = highest_bit(size - 1) - highest_bit(SIZECLASS_FINE);
	shift = highest_bit(SIZECLASS_FINE / SIZECLASS_STEPS) + doubling;
	return fine + doubling * SIZECLASS_STEPS +
	    (unsigned)((size - 1 - ((size_t)SIZECLASS_FINE << doubling)) >>
	    shift) + 1;
}

unsigned
sizeclass_aligned(size_t size, size_t align)
{
	if (size > SIZECLASS_MAX || align > SIZECLASS_MAX)
		return 0;
	for (unsigned c = sizeclass_of(size); c <= SIZECLASS_COUNT; c++)
		if (sizeclass_stride(c) % align == 0)
			return c;
	return 0;
}

struct zone *
sizeclass_zone(unsigned class)
{
	return zones[class];
}

/* "malloc-" and the stride. */
static void
make_name(char *name, size_t stride)
{
	char digits[8];
	size_t n = 0;

	memcpy(name, "malloc-", 7);
	name += 7;
	for (; stride != 0; stride /= 10)
		digits[n++] = (char)('0' + stride % 10);
	while (n > 0)
		*name++ = digits[--n];
	*name = '\0';
}

int
sizeclass_init(void)
{
	struct zone_attr attr = {
		.attr_size = sizeof attr, .align = SIZECLASS_QUANTUM
	};
	char name[ZONE_NAME_SIZE];
	int error;

	for (unsigned c = 1; c <= SIZECLASS_COUNT; c++) {
		size_t stride = sizeclass_stride(c);

		if (zones[c] != NULL)
			continue;		/* an earlier try got so far */
		make_name(name, stride);
		zones[c] = zone_make(name, stride, &attr, true, &error);
		if (zones[c] == NULL)
			return error;
		ASSERT(zones[c]->slot <= UINT16_MAX);
	}
	return 0;
}

void
sizeclass_open(void)
{
	for (size_t q = 0; q < ARRAY_LEN(sizeclass_slots); q++) {
		size_t high = q * SIZECLASS_QUANTUM;
		size_t low = q == 0 ? 0 : high - SIZECLASS_QUANTUM + 1;
		bool all = true;

		for (size_t size = low; size <= high; size++)
			all = all && route_is_ours(size);
		if (all)
			sizeclass_slots[q] = (uint16_t)
			    sizeclass_zone(sizeclass_of(high))->slot;
	}
	__atomic_store_n(&sizeclass_end, SIZECLASS_MAX + 1, __ATOMIC_RELEASE);
}
