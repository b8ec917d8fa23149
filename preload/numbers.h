/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numbers.h - the numbers of objects in a trace: the one that became free
 * last, or the lowest that never was in use.
 */
#ifndef ZOBJ_NUMBERS_H
#define ZOBJ_NUMBERS_H

#include "pages.h"

struct numbers {
	struct pages free;		/* stack of uint32_t */
	uint32_t     free_count;
	uint32_t     count;		/* those below have been in use */
};

/* False: no memory. */
bool	numbers_take(struct numbers *n, uint32_t *number);
void	numbers_give(struct numbers *n, uint32_t number);

#endif /* ZOBJ_NUMBERS_H */
