/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zone.h - zones are made, and handles of three kinds become zones: real ones,
 * those of ZONE_DEFINE, and stale ones.
 */
#ifndef ZOBJ_ZONE_H
#define ZOBJ_ZONE_H

#include "zdef.h"

/* Held while something is made that is made once: a static zone, the library. */
extern struct lock setup_lock;

/*
 * zone_create; OWN: one of the shim's, in its own part of the table.  NULL
 * with *ERROR.
 */
struct zone	*zone_make(const char *name, size_t size,
		    const struct zone_attr *attr, bool own, int *error);

/*
 * The zone behind a handle; a ZONE_DEFINE one is created.  A destroyed one is
 * reported under VERB: NULL with *ERROR.
 */
struct zone	*zone_resolve(struct zone *handle, const char *verb, int *error);

/* Default flags of its calls. */
unsigned	 zone_default_flags(const struct zone *handle);

/*
 * The handle's zone is being destroyed: if it is a ZONE_DEFINE one, its next
 * use finds none (EMPTY), or goes the slow path, which finds it dying.
 */
void		 zone_forget(struct zone *handle, bool empty);

/* The same without creating: NULL if the handle has no zone yet. */
struct zone	*zone_existing(struct zone *handle, const char *verb);

/* Is it one of ZONE_DEFINE that has no zone yet, or could not have one? */
bool		 zone_is_unmade(struct zone *handle);

#endif /* ZOBJ_ZONE_H */
