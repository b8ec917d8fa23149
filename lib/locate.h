/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * locate.h - from an address to an object, for the slow paths: every way in
 * which an address can be wrong is told apart.
 */
#ifndef ZOBJ_LOCATE_H
#define ZOBJ_LOCATE_H

#include "slab.h"
#include "zdef.h"

enum located {
	LOCATED_OBJECT,		/* slab, index; free or not */
	LOCATED_INSIDE,		/* slab, index, base: inside an object */
	LOCATED_BEHIND,		/* slab: behind its last object */
	LOCATED_BEFORE,		/* in registered memory, before its objects */
	LOCATED_EXTENT,		/* slab: the first byte of an extent */
	LOCATED_IN_EXTENT,	/* slab: later in an extent */
	LOCATED_NOTHING,	/* in an arena, but in no slab or extent */
	LOCATED_FOREIGN
};

struct location {
	struct slab *slab;
	struct zone *zone;	/* of a slab */
	size_t	     index;
	uintptr_t    base;
	bool	     seed;		/* slab lies in registered memory */
};

enum located	locate(uintptr_t p, struct location *at);

/*
 * Is object INDEX of D free in the word that its owner holds?  What is read
 * while another thread works there may be a mixture of two words, so a yes is
 * asked for again with that thread stopped; if it cannot be, the answer is no,
 * and who collects what was freed finds the mistake.  A no is final: the bit of
 * a live object is set nowhere.  Outside the guard.
 */
bool		locate_is_held(struct slab *d, size_t index);

/*
 * Is the object that was located at AT live?  Its zone may come to its end
 * meanwhile, and registered memory be the program's again: then it is not.
 */
bool		locate_is_live(const struct location *at);

/* Report what is wrong with P; outside the guard.  Not for LOCATED_OBJECT. */
void		locate_report(const char *verb, uintptr_t p, enum located what,
		    const struct location *at);

#endif /* ZOBJ_LOCATE_H */
