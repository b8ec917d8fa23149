/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cram.c - see cram.h.  Owns the division of registered memory, which region.h
 * draws.  Must never touch the memory of an object, nor any byte of the range
 * before it is known to be nobody else's.
 */
#include "cram.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "region.h"
#include "rotate.h"
#include "share.h"
#include "slab.h"

struct layout {
	uintptr_t slabs;
	uintptr_t maps;			/* of slabs with many words */
	uintptr_t built;		/* of slabs with a constructor */
	uintptr_t objects;
	uintptr_t end;
	size_t	  nslabs;
	size_t	  words;		/* of each slab but the last */
};

static size_t
words_of(size_t nobj)
{
	return (nobj + WORD_OBJECTS - 1) >> WORD_SHIFT;
}

/* Where everything is if there are N objects. */
static void
lay_out(const struct zone *z, uintptr_t start, size_t n, struct layout *l)
{
	size_t words = n / z->nobj * words_of(z->nobj) + words_of(n % z->nobj);

	l->nslabs = (n + z->nobj - 1) / z->nobj;
	l->words = words_of(min_size(n, z->nobj));
	l->slabs = round_up(start, _Alignof(struct slab));
	l->maps = l->slabs + l->nslabs * sizeof (struct slab);
	l->built = l->maps;
	if (l->words > SLAB_INLINE_WORDS)
		l->built += words * sizeof (struct pair);
	l->objects = l->built;
	if (z->ctor != NULL)
		l->objects += words * sizeof (uint64_t);
	l->objects = round_up(l->objects, z->align);
	l->end = l->objects + n * z->stride;
}

/* The most objects for which there is room; their number is an int. */
static size_t
most_objects(const struct zone *z, uintptr_t start, uintptr_t end)
{
	size_t low = 0, high = min_size((end - start) / z->stride, INT_MAX);
	struct layout l;

	while (low < high) {
		size_t middle = low + (high - low + 1) / 2;

		lay_out(z, start, middle, &l);
		if (l.end <= end)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* Slab number I of NOBJ objects at BASE: all are free, on no list yet. */
static void
make_slab(struct zone *z, const struct layout *l, size_t i, uintptr_t base,
    size_t nobj)
{
	struct slab *d = (struct slab *)l->slabs + i;

	d->base = base;
	d->recip = slab_recip(z->stride);
	d->map = d->inline_map;
	if (l->words > SLAB_INLINE_WORDS)
		d->map = (struct pair *)l->maps + i * l->words;
	if (z->ctor != NULL)
		d->built = (_Atomic(uint64_t) *)l->built + i * l->words;
	d->stride = z->stride;
	d->slot = z->slot;
	d->nobj = (uint32_t)nobj;
	d->zone = z;
	d->fresh = true;
	list_init(&d->link);
	slab_fill(d);
	/* Pairs with the acquire in free.c. */
	store_release(&d->state, UNIT_SLAB);
}

static void
make_slabs(struct zone *z, const struct layout *l, size_t nobj)
{
	uintptr_t base = l->objects;

	memset((void *)l->slabs, 0, l->objects - l->slabs);
	for (size_t i = 0; i < l->nslabs; i++) {
		size_t n = min_size(nobj - i * z->nobj, z->nobj);

		make_slab(z, l, i, base, n);
		base += n * z->stride;
	}
}

/* The last one first: each goes to the front of its list. */
static void
enter_slabs(struct zone *z, const struct layout *l)
{
	struct slab *slabs = (struct slab *)l->slabs;

	lock_acquire(&z->lock);
	for (size_t i = l->nslabs; i-- > 0;)
		rotate_enter(z, &slabs[i], NULL);
	z->nfresh += l->nslabs;
	lock_release(&z->lock);
}

int
cram(struct zone *z, void *mem, size_t size, size_t *nobj)
{
	uintptr_t start = (uintptr_t)mem, end = start + size;
	struct layout l;
	struct region r;
	int error;

	if (mem == NULL || end < start)
		return EINVAL;
	*nobj = most_objects(z, start, end);
	if (*nobj == 0)
		return EINVAL;
	error = region_claim(start, end);
	if (error != 0)
		return error;
	lay_out(z, start, *nobj, &l);
	make_slabs(z, &l, *nobj);
	r = (struct region){ start, end, l.objects, *nobj, z->stride, z->nobj,
	    (struct slab *)l.slabs, z };
	/* From now on free finds the objects; only then are they handed out. */
	region_add(&r);
	enter_slabs(z, &l);
	return 0;
}
