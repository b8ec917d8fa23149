/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meta.h - swap metadata: where in the swap file a page is.
 *
 * In blocks of META_PAGES neighbouring pages each, which are in a tree, and
 * there only if one of their pages is in swap.  So the first of them to leave
 * needs a block: memory, at the one moment when there is none.
 */
#ifndef PAGER_META_H
#define PAGER_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "swap.h"

enum { META_PAGES = 32 };

/* RESERVE blocks are kept back for meta_prepare; 0: none. */
void		 meta_start(size_t reserve);

/* Make room for a note on PAGE, out of the reserve if need be. */
bool		 meta_prepare(uint64_t page);
/* PAGE, for which there is room, is there. */
void		 meta_set(uint64_t page, struct swapped where);
/* Where is PAGE?  NULL: not in swap. */
const struct swapped *meta_find(uint64_t page);
/* The copy of PAGE in swap is worth nothing any more, if there is one. */
void		 meta_clear(uint64_t page);

/* Blocks are missing in the reserve, and memory has come free: take it. */
void		 meta_replenish(void);

size_t		 meta_blocks(void);	/* live */
size_t		 meta_out(void);	/* out of the reserve by now */
size_t		 meta_worst(void);	/* the most that ever were */

#endif /* PAGER_META_H */
