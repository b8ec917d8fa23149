/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * free.h - giving objects back, whatever the address turns out to be.
 */
#ifndef ZOBJ_FREE_H
#define ZOBJ_FREE_H

#include "locate.h"

/*
 * Free the object at P, which must be of Z (NULL: of any zone).  VERB names
 * the program's call in messages.  Outside the guard.
 */
void	free_slow(const char *verb, struct zone *z, uintptr_t p);

/* The same when P has been located: an object of the slab, at the index. */
void	free_located(const char *verb, const struct location *at);

#endif /* ZOBJ_FREE_H */
