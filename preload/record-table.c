/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record-table.c - see record-table.h.  A place holds the number plus 1.
 */
#include "record-table.h"

/* Bits FROM and up of ADDRESS, below bit TO. */
static size_t
bits(uintptr_t address, unsigned from, unsigned to)
{
	return (size_t)(address >> from & low_bits(to - from));
}

/* What *NODE points to: COUNT things of SIZE bytes, all 0 at first. */
static void *
descend(void **node, bool make, size_t count, size_t size)
{
	struct pages p = { NULL, 0 };

	if (likely(*node != NULL))
		return *node;
	if (make && pages_reach(&p, count, size))
		*node = p.start;
	return *node;
}

static uint32_t *
place_of(struct table *t, uintptr_t address, bool make)
{
	void **branch;
	uint32_t *leaf;

	if (address >> TABLE_ADDRESS_BITS != 0 ||
	    bits(address, 0, TABLE_GRAIN_SHIFT) != 0)
		return NULL;
	branch = descend(&t->root[address >> TABLE_BRANCH_SHIFT], make,
	    (size_t)1 << (TABLE_BRANCH_SHIFT - TABLE_LEAF_SHIFT),
	    sizeof (void *));
	if (branch == NULL)
		return NULL;
	leaf = descend(&branch[bits(address, TABLE_LEAF_SHIFT,
	    TABLE_BRANCH_SHIFT)], make,
	    (size_t)1 << (TABLE_LEAF_SHIFT - TABLE_GRAIN_SHIFT),
	    sizeof (uint32_t));
	if (leaf == NULL)
		return NULL;
	return &leaf[bits(address, TABLE_GRAIN_SHIFT, TABLE_LEAF_SHIFT)];
}

bool
table_add(struct table *t, uintptr_t address, uint32_t number)
{
	uint32_t *place = place_of(t, address, true);

	if (place != NULL)
		*place = number + 1;
	return place != NULL;
}

bool
table_remove(struct table *t, uintptr_t address, uint32_t *number)
{
	uint32_t *place = place_of(t, address, false);

	if (place == NULL || *place == 0)
		return false;
	*number = *place - 1;
	*place = 0;
	return true;
}
