/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk.h - every live object of a zone, while the program goes on.
 */
#ifndef ZOBJ_WALK_H
#define ZOBJ_WALK_H

#include "zdef.h"

/* zone_walk; outside the guard. */
int	walk_zone(struct zone *z, int (*fn)(void *obj, void *arg), void *arg);

#endif /* ZOBJ_WALK_H */
