/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * destroy.h - the end of a zone, whatever the caches of other threads hold.
 */
#ifndef ZOBJ_DESTROY_H
#define ZOBJ_DESTROY_H

#include "zdef.h"

/* zone_destroy of a real zone; outside the guard.  0 or an error number. */
int	destroy(struct zone *z, int how);

/* An object came back to a zone that is to go when it is empty. */
void	destroy_count_down(struct zone *z);
/* Zones that a signal handler has emptied so; outside the guard, no lock held. */
void	destroy_finish_late(void);

#endif /* ZOBJ_DESTROY_H */
