/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-objects.c - objects, and tables of them.
 *
 * Every page of an object is written, and its first and last byte are
 * compared when it is freed: an allocator that is small because it hands out
 * the same memory twice is found out.
 */
#include "load.h"

#define SMALLEST_PAGE	4096

/* Sizes are 1 to 1 MiB, addresses multiples of 16: 20 and 44 bits. */
#define SIZE_BITS	20
#define ALIGN_BITS	4

/* Changes of what is live are told in steps of this many bytes. */
#define TALLY_STEP	(256 << 10)

static inline object_t
pack(const void *p, size_t size)
{
	return ((uint64_t)(uintptr_t)p >> ALIGN_BITS << SIZE_BITS |
	    (size - 1));
}

static inline unsigned char *
address(object_t o)
{
	return ((unsigned char *)(uintptr_t)
	    (o >> SIZE_BITS << ALIGN_BITS));
}

static inline size_t
size_of(object_t o)
{
	return ((o & ((1 << SIZE_BITS) - 1)) + 1);
}

static inline unsigned char
mark(size_t size)
{
	return (size * 167 >> 4 | 1);
}

static inline void
tally_add(struct tally *t, int64_t bytes)
{
	t->pending += bytes;
	if (t->pending >= TALLY_STEP || t->pending <= -TALLY_STEP)
		tally_flush(t);
}

void
tally_flush(struct tally *t)
{
	report_live(t->pending);
	t->pending = 0;
}

object_t
object_new(struct tally *tally, size_t size)
{
	unsigned char *p = malloc(size);

	if (p == NULL)
		die("malloc(%zu) failed", size);
	if (address(pack(p, size)) != p)
		die("malloc(%zu) gave %p: not aligned", size, (void *)p);
	for (size_t i = 0; i < size; i += SMALLEST_PAGE)
		p[i] = mark(size);
	p[size - 1] = mark(size);
	tally_add(tally, size);
	return (pack(p, size));
}

void
object_free(struct tally *tally, object_t o)
{
	unsigned char *p = address(o);
	size_t size = size_of(o);

	if (p[0] != mark(size) || p[size - 1] != mark(size))
		die("object %p of %zu bytes was overwritten", (void *)p, size);
	free(p);
	tally_add(tally, -(int64_t)size);
}

/* ---- tables ---- */

void
objects_make(struct objects *t, size_t max)
{
	*t = (struct objects){ .at = own_map(max * sizeof (*t->at)),
	    .max = max };
}

void
objects_make_for(struct objects *t, enum mix mix, size_t bytes)
{
	/* Means of so many random sizes are closer than a sixteenth. */
	objects_make(t, bytes / mix_mean(mix) * 17 / 16 + 4096);
}

void
objects_add(struct objects *t, size_t size)
{
	if (t->count == t->max)
		die("table of %zu objects is full", t->max);
	t->at[t->count++] = object_new(&t->tally, size);
	t->live += size;
}

void
objects_fill(struct objects *t, enum mix mix, size_t bytes, struct rng *rng)
{
	while (t->live < bytes && t->count < t->max)
		objects_add(t, mix_size(mix, rng));
	tally_flush(&t->tally);
}

void
objects_shuffle(struct objects *t, struct rng *rng)
{
	for (size_t i = t->count; i > 1; i--) {
		size_t j = rng_below(rng, i);
		object_t o = t->at[j];

		t->at[j] = t->at[i - 1];
		t->at[i - 1] = o;
	}
}

void
objects_shrink(struct objects *t, size_t count)
{
	while (t->count > count) {
		object_t o = t->at[--t->count];

		t->live -= size_of(o);
		object_free(&t->tally, o);
	}
	tally_flush(&t->tally);
}

void
objects_drop(struct objects *t, unsigned percent, struct rng *rng)
{
	objects_shuffle(t, rng);
	objects_shrink(t, t->count - t->count * percent / 100);
}
