/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rotate.h - the only place where a slab changes its list, its place or its
 * owner.
 *
 *	                 adopt                       retire
 *	 groups, free ----------->  active/alternate -------> spent
 *	      ^   <-----------        ^      |                  |
 *	      |      share             \     | retire           | revive
 *	      |                    next_ready\  v               v
 *	    busy                           ----- ready <--------
 *
 *	 ready made ------> active, or among the groups: never comes back
 *	 reserve: never anything else
 *
 * Owned places (right) are changed by the owner alone; shared ones (left), and
 * every change between the two, under the zone's lock.  A slab's owner changes
 * only while OWNER_ANNOUNCED is clear, because somebody may otherwise be about
 * to push it onto the stack of the owner that he saw.
 */
#ifndef ZOBJ_ROTATE_H
#define ZOBJ_ROTATE_H

#include "slab.h"
#include "zdef.h"

/* Owner. */
void		 rotate_retire(struct tcache *tc, struct slab *d);
void		 rotate_revive(struct tcache *tc, struct slab *d);
/* D, active or alternate, is so no longer. */
void		 rotate_release(struct tcache *tc, struct slab *d);
struct slab	*rotate_next_ready(struct tcache *tc);	/* NULL: none */

/* Zone's lock held. */
void		 rotate_enter(struct zone *z, struct slab *d, struct tcache *tc);
struct slab	*rotate_adopt(struct zone *z, struct tcache *tc);
bool		 rotate_share(struct zone *z, struct tcache *tc, struct slab *d);
void		 rotate_regroup(struct zone *z, struct slab *d);
/* D, in no list and without live objects, joins the zone. */
void		 rotate_enter_ready(struct zone *z, struct slab *d);
void		 rotate_enter_reserve(struct zone *z, struct slab *d);
/* The last that joined so is a free slab like others; false: none is there. */
bool		 rotate_unready(struct zone *z);
struct slab	*rotate_first(struct zone *z);	/* shared, object free */
/* A shared slab without live objects leaves the zone; NULL: none. */
struct slab	*rotate_leave_free(struct zone *z);
/* Any shared slab leaves the zone (it is being destroyed). */
void		 rotate_leave(struct zone *z, struct slab *d);

#endif /* ZOBJ_ROTATE_H */
