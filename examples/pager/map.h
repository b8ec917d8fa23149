/* SPDX-License-Identifier: BSD-2-Clause */
/* map.h - which pages there are: ranges, as mmap and munmap make them. */
#ifndef PAGER_MAP_H
#define PAGER_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void	 map_start(void);

/* Add the pages [FIRST, END), none of which is there; false: no memory. */
bool	 map_add(uint64_t first, uint64_t end);

/*
 * Take away [FIRST, END), which is inside of one range.  Two ranges are left
 * where one was: taking away needs memory.  False: there is none.
 */
bool	 map_cut(uint64_t first, uint64_t end);

bool	 map_has(uint64_t page);
size_t	 map_count(void);		/* of ranges */

#endif /* PAGER_MAP_H */
