/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit.h - what the tests of internals have in common: zones and slabs made by
 * hand, whose objects lie at addresses that nobody touches.
 */
#ifndef UNIT_H
#define UNIT_H

#include "../api/api.h"

#include "../../lib/rotate.h"
#include "../../lib/share.h"
#include "../../lib/slab.h"
#include "../../lib/tcache.h"
#include "../../lib/zdef.h"

#define FAKE_BASE	((uintptr_t)0x10000000)

/* A zone of objects of STRIDE bytes, NOBJ to a slab. */
static inline void
fake_zone(struct zone *z, uint32_t stride, uint32_t nobj)
{
	memset(z, 0, sizeof *z);
	z->size = z->stride = stride;
	z->nobj = nobj;
	z->units = z->align_units = 1;
	z->recip = (((uint64_t)1 << 32) + stride - 1) / stride;
	strcpy(z->name, "fake");
	share_init(z, RANK_ZONE);
}

/* Slab number N of the zone, all objects free, in no list. */
static inline void
fake_slab(struct slab *d, struct zone *z, unsigned n)
{
	static struct pair maps[16][SLAB_MAX_OBJECTS / WORD_OBJECTS];

	memset(d, 0, sizeof *d);
	d->base = FAKE_BASE + n * UNIT_SIZE;
	d->recip = z->recip;
	d->stride = z->stride;
	d->nobj = z->nobj;
	d->zone = z;
	d->units = z->units;
	d->state = UNIT_SLAB;
	d->map = slab_words(d) > SLAB_INLINE_WORDS ? maps[n] : d->inline_map;
	list_init(&d->link);
	slab_fill(d);
}

/* The same, owned by TC, which takes it as its active slab. */
static inline void
fake_owned_slab(struct slab *d, struct zone *z, struct tcache *tc, unsigned n)
{
	fake_slab(d, z, n);
	rotate_enter(z, d, tc);
}

static inline uint64_t
free_bits(struct slab *d, unsigned w)
{
	return load_relaxed(&d->map[w].free);
}

static inline uint64_t
remote_bits(struct slab *d, unsigned w)
{
	return load_relaxed(&d->map[w].remote);
}

#endif /* UNIT_H */
