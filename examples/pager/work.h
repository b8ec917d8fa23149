/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * work.h - a user of the pager: fills its pages, uses them, takes some away
 * and gets them back, and knows what must be in each.
 */
#ifndef PAGER_WORK_H
#define PAGER_WORK_H

#include <stdint.h>

/*
 * ORDER_STRIDE: pages that are far from each other, no two of them in the same
 * block of swap metadata, until all blocks have had one; which is as bad as
 * can be.
 */
enum order { ORDER_RANDOM, ORDER_SEQUENTIAL, ORDER_STRIDE };

struct work {
	uint64_t	 pages;
	uint64_t	 seed;
	uint64_t	 rounds;	/* of `use` */
	enum order	 order;
	char		*window;	/* see paging_start */
};

void	 work_start(const struct work *w);

/*
 * The phases; each looks at every byte of every page it touches, and returns
 * how many that were.
 */
uint64_t work_fill(void);	/* write all */
uint64_t work_use(void);	/* read, and write every third time */
uint64_t work_cut(void);	/* take pages out of the map, one at a time */
uint64_t work_mend(void);	/* map them again: zeros */
uint64_t work_verify(void);	/* read all, in order */

#endif /* PAGER_WORK_H */
