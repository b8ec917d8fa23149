/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ztable.h - the zones there are: slots, structs, and names to find them by.
 */
#ifndef ZOBJ_ZTABLE_H
#define ZOBJ_ZTABLE_H

#include "zdef.h"

enum {
	ZTABLE_OWN = 128,		/* the first numbers: zones of the shim */
	ZTABLE_PROGRAM = 4096,		/* those behind: zones of the program */
	ZTABLE_END = ZTABLE_OWN + ZTABLE_PROGRAM
};

extern struct lock ztable_lock;

void		 ztable_init(void);
/* Memory for a struct zone with a slot of its own; NULL with *ERROR. */
struct zone	*ztable_get(bool own, int *error);
/* A zone whose lists are set up can be found from now on. */
void		 ztable_publish(struct zone *z);
/* It cannot; then, when nobody can use it any more, its memory goes back. */
void		 ztable_withdraw(struct zone *z);
void		 ztable_put(struct zone *z);

/*
 * The zone number I, NULL: none; I runs to ztable_end().  Without a lock: the
 * zone may be destroyed any time, but its struct remains readable.
 */
unsigned	 ztable_end(void);
struct zone	*ztable_at(unsigned i);
bool		 ztable_is_own(unsigned i);	/* the shim's */

/* Call FN for each of them; for those of our own records, in no table. */
void		 ztable_foreach(void (*fn)(struct zone *z, void *arg), void *arg);
void		 ztable_foreach_meta(void (*fn)(struct zone *z, void *arg),
		    void *arg);
/* fork.c: every zone's lock, in one order. */
void		 ztable_lock_all(void);
void		 ztable_unlock_all(void);

#endif /* ZOBJ_ZTABLE_H */
