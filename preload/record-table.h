/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record-table.h - from the address of a live object to its number.
 *
 * A tree of three levels over the address space, with a place for every eighth
 * byte: objects that are neighbours are so here too.  A hash table would cost
 * a cache miss more for each object that is freed.
 */
#ifndef ZOBJ_RECORD_TABLE_H
#define ZOBJ_RECORD_TABLE_H

#include "pages.h"

enum {
	TABLE_GRAIN_SHIFT = 3,
	TABLE_LEAF_SHIFT = 20,		/* address bits below a leaf's */
	TABLE_BRANCH_SHIFT = 34,
	TABLE_ADDRESS_BITS = 48,
	TABLE_ROOT_SIZE = 1 << (TABLE_ADDRESS_BITS - TABLE_BRANCH_SHIFT)
};

struct table {
	void	*root[TABLE_ROOT_SIZE];
};

/* From now on ADDRESS is NUMBER; false: no memory, or no such address. */
bool	table_add(struct table *t, uintptr_t address, uint32_t number);
/* False: it is not there. */
bool	table_remove(struct table *t, uintptr_t address, uint32_t *number);

#endif /* ZOBJ_RECORD_TABLE_H */
