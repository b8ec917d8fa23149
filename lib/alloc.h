/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * alloc.h - taking objects, beyond the word that the thread holds.
 */
#ifndef ZOBJ_ALLOC_H
#define ZOBJ_ALLOC_H

#include "zdef.h"

/*
 * An object of Z, which is live and real; outside the guard.  NULL with errno.
 */
void	*alloc_slow(struct zone *z, unsigned flags);

#endif /* ZOBJ_ALLOC_H */
