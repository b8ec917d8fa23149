/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * block.h - what malloc hands out, whether it is an object of a class, an
 * extent, or the next malloc's: the slow half of the malloc family.
 *
 * All of these keep errno unless they fail.
 */
#ifndef ZOBJ_BLOCK_H
#define ZOBJ_BLOCK_H

#include "base.h"

/* Start the shim if that has not happened. */
void	 block_init(void);
/* ALIGN: a power of two.  NULL with ENOMEM. */
void	*block_alloc(size_t size, size_t align, bool zero);
/* P not NULL; VERB: the program's call, for messages. */
void	 block_free(const char *verb, void *p);
/* Bytes the program may use; 0 after a report. */
size_t	 block_usable(const char *verb, void *p);
/* An object of OLD bytes stays for SIZE, unless that is less than half. */
static inline bool
block_fits(size_t old, size_t size)
{
	return size <= old && size > old / 2;
}

/* SIZE bytes elsewhere with the content of P, a live block of OLD bytes. */
void	*block_move(void *p, size_t old, size_t size);
/* realloc with P not NULL and SIZE not 0. */
void	*block_resize(void *p, size_t size);

#endif /* ZOBJ_BLOCK_H */
