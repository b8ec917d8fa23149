/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resident.h - the pages that are in memory: a page entry and a frame each.
 *
 * A frame is an object of page_size bytes.  A bank is a slab of them: if all
 * of its frames are free it can become a slab of another zone, and before that
 * none of it can.  So it is banks that have to be emptied when other zones are
 * to grow.
 */
#ifndef PAGER_RESIDENT_H
#define PAGER_RESIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tree.h"

enum { BANK_FRAMES = 16 };

struct page {
	struct node	 by_number;	/* key: its number */
	struct node	 by_frame;	/* key: the address of its frame */
	unsigned	 pins;		/* users who rely on its being here */
	bool		 dirty;		/* differs from what swap has */
	bool		 referenced;	/* since the hand passed by */
};

extern size_t page_size;		/* the system's, in bytes */

void		 resident_start(void);

struct page	*resident_find(uint64_t number);	/* NULL: it is not here */
/* Page NUMBER, which is not here, gets a frame of zeros; NULL: no memory. */
struct page	*resident_enter(uint64_t number);
void		 resident_leave(struct page *p);
void		*resident_frame(const struct page *p);

/*
 * The page of BANK with the lowest frame from address FROM on, NULL: none.
 * The first bank behind BANK with a page in it, around the end; 0: none.
 */
struct page	*resident_in_bank(uintptr_t bank, uintptr_t from);
uintptr_t	 resident_next_bank(uintptr_t bank);
size_t		 resident_bank_size(void);	/* bytes */
void		 resident_give_banks(void);	/* empty ones are anybody's */

size_t		 resident_count(void);

#endif /* PAGER_RESIDENT_H */
