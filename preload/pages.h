/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pages.h - an array in memory of its own, for those who cannot use malloc
 * because they watch it.
 */
#ifndef ZOBJ_PAGES_H
#define ZOBJ_PAGES_H

#include "base.h"

struct pages {
	void	*start;
	size_t	 size;		/* bytes, all of them usable; new ones are 0 */
};

/* Make room for COUNT things of SIZE bytes; false: no memory. */
bool	pages_reach(struct pages *p, size_t count, size_t size);
void	pages_free(struct pages *p);

#endif /* ZOBJ_PAGES_H */
