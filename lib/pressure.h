/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure.h - functions of the program that free memory when there is none
 * to be had: zone_on_pressure(3).
 */
#ifndef ZOBJ_PRESSURE_H
#define ZOBJ_PRESSURE_H

#include "zdef.h"

enum { PRESSURE_MAX = 16 };

typedef size_t pressure_fn(zone_t *z, size_t bytes, void *arg);

/* 0 or ENOSPC. */
int	pressure_add(pressure_fn *fn, void *arg);
/*
 * Remove what was added with ARG; 0 or ENOENT.  None of it runs any more on
 * return, unless the caller is one of these functions.
 */
int	pressure_remove(void *arg);

/*
 * Z (NULL: none) wants BYTES, which the library has not got: call them all,
 * and give what they freed to the arena.  False: it is no use to try again.
 * Outside the guard, no lock held; keeps errno.
 */
bool	pressure_ask(struct zone *z, size_t bytes);

/* In the child of a fork: nobody else runs any. */
void	pressure_forget_others(void);

#endif /* ZOBJ_PRESSURE_H */
