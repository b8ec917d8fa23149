/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sizeclass.h - from the size of a request to the zone that serves it.
 *
 * Classes are numbered from 1 to SIZECLASS_COUNT.  Sizes go up in steps of 16
 * bytes to SIZECLASS_FINE, then in 8 steps per doubling to SIZECLASS_MAX.  A
 * stride's alignment is the largest power of two in it; and where a size is a
 * multiple of a power of two, so is its class: either the steps there are as
 * large, and all classes are, or they are smaller, and the size is a class.
 */
#ifndef ZOBJ_SIZECLASS_H
#define ZOBJ_SIZECLASS_H

#include "thread.h"

enum {
	SIZECLASS_QUANTUM = 16,
	SIZECLASS_FINE = 256,
	SIZECLASS_STEPS = 8,
	SIZECLASS_MAX = 32768,
	SIZECLASS_COUNT = SIZECLASS_FINE / SIZECLASS_QUANTUM +
	    7 * SIZECLASS_STEPS			/* 256 to 32768: 7 doublings */
};

/*
 * By size in quanta, rounded up: the slot of the class, or 0 where the fast
 * path must not go: before start-up, and for sizes that are routed elsewhere.
 */
extern internal size_t sizeclass_end;	/* SIZECLASS_MAX + 1; 0 before
				   start-up, when thread-local storage
				   may not work */
extern internal uint16_t sizeclass_slots[SIZECLASS_MAX / SIZECLASS_QUANTUM + 1];

/* Create the zones; 0 or an error number. */
int		 sizeclass_init(void);
/* From now on the fast path may go to every size that is routed to zones. */
void		 sizeclass_open(void);
/* The class of SIZE, at most SIZECLASS_MAX. */
unsigned	 sizeclass_of(size_t size);
/* The smallest class that also has alignment ALIGN; 0: none. */
unsigned	 sizeclass_aligned(size_t size, size_t align);
size_t		 sizeclass_stride(unsigned class);
struct zone	*sizeclass_zone(unsigned class);

/* The cache of SIZE's class, for fast_alloc; SIZE below sizeclass_end. */
hot_inline uint32_t
sizeclass_slot(size_t size)
{
	return sizeclass_slots[(size + SIZECLASS_QUANTUM - 1) /
	    SIZECLASS_QUANTUM];
}

#endif /* ZOBJ_SIZECLASS_H */
