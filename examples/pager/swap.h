/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swap.h - the swap file: slots of a page each, and which of them are taken.
 */
#ifndef PAGER_SWAP_H
#define PAGER_SWAP_H

#include <stddef.h>
#include <stdint.h>

/* Where a page is, and a sum of what was written there. */
struct swapped {
	uint64_t	 sum;
	uint32_t	 slot;
};

/* SLOTS slots of SIZE bytes; ends the program if there can be no such file. */
void		 swap_open(size_t slots, size_t size);

/*
 * Write a page to a free slot; read one back; say that nobody will.  A file
 * that refuses, or gives back something else, ends the program.
 */
struct swapped	 swap_write(const void *page);
void		 swap_read(const struct swapped *where, void *page);
void		 swap_free(uint32_t slot);

size_t		 swap_used(void);	/* slots */
uint64_t	 swap_reads(void);	/* so far */
uint64_t	 swap_writes(void);

#endif /* PAGER_SWAP_H */
