/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spare.h - a few units laid by for signal handlers that have interrupted their
 * thread while it held the arena's lock.
 *
 * Taken and put back without a lock, by anybody.  They count as used in the
 * arena, and nothing has been written to them since they came from there.
 */
#ifndef ZOBJ_SPARE_H
#define ZOBJ_SPARE_H

#include "desc.h"

enum { SPARE_UNITS = 8 };

/* From now on there are to be some. */
void		 spare_want(void);
/* Lay by what is missing, if any is wanted; no lock held.  Failure is no harm. */
void		 spare_fill(void);
/* NULL: none left. */
struct slab	*spare_take(void);

#endif /* ZOBJ_SPARE_H */
