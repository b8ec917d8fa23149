/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extent.h - large allocations: runs of units with a size of their own.
 */
#ifndef ZOBJ_EXTENT_H
#define ZOBJ_EXTENT_H

#include "desc.h"

/* SIZE bytes at a multiple of ALIGN (a power of two); NULL: no memory. */
void	*extent_alloc(size_t size, size_t align, bool zero);
/* P is the first byte of D, an extent; false: not any more. */
bool	 extent_free(struct slab *d);
/*
 * The same content in SIZE bytes, here or elsewhere; NULL: no memory, nothing
 * changed.  Large ones move by their pages, not their bytes.
 */
void	*extent_resize(struct slab *d, size_t size);
/* Bytes the program may use: the size asked for, up to the end of its page. */
size_t	 extent_usable(const struct slab *d);

struct extent_stats {
	size_t live;			/* extents */
	size_t bytes;			/* asked for */
	size_t peak;			/* most bytes at a time */
};
void	 extent_stats(struct extent_stats *st);

#endif /* ZOBJ_EXTENT_H */
