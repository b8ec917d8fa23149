/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging.h - pages come into memory when they are used and leave it when
 * something else needs the room.
 */
#ifndef PAGER_PAGING_H
#define PAGER_PAGING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * From now on memory that cannot be had is made by eviction.  WINDOW, if not
 * NULL: where the user sees page 0, the others behind it, and gets them by
 * touching; see window.h.
 */
void	 paging_start(char *window);

/*
 * The contents of PAGE, which stay where they are until paging_unpin; WRITE:
 * they will be changed.  NULL: no memory, and paging_give_up says why.
 */
void	*paging_pin(uint64_t page, bool write);
void	 paging_unpin(uint64_t page);

/* Forget the pages [FIRST, END), wherever they are. */
void	 paging_drop(uint64_t first, uint64_t end);

/* There was no memory: say why, with the figures, and end the program. */
_Noreturn void paging_give_up(void);

#endif /* PAGER_PAGING_H */
