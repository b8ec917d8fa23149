/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numbers.c - see numbers.h.
 */
#include "numbers.h"

/* Room to give all numbers back is made here, so that giving cannot fail. */
bool
numbers_take(struct numbers *n, uint32_t *number)
{
	if (n->free_count > 0) {
		*number = ((uint32_t *)n->free.start)[--n->free_count];
		return true;
	}
	if (n->count == UINT32_MAX ||
	    !pages_reach(&n->free, (size_t)n->count + 1, sizeof (uint32_t)))
		return false;
	*number = n->count++;
	return true;
}

void
numbers_give(struct numbers *n, uint32_t number)
{
	((uint32_t *)n->free.start)[n->free_count++] = number;
}
