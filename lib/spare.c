/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spare.c - see spare.h.  An array of places, not a list: who takes one need
 * not know which will be next.
 */
#include "spare.h"

#include "arena.h"

static _Atomic(struct slab *) units[SPARE_UNITS];
static _Atomic(int) missing;		/* as far as is known */

void
spare_want(void)
{
	static _Atomic(bool) wanted;

	if (!atomic_exchange_explicit(&wanted, true, memory_order_relaxed))
		atomic_fetch_add_explicit(&missing, SPARE_UNITS,
		    memory_order_relaxed);
}

/* Put D where there is room; false: nowhere. */
static bool
put(struct slab *d)
{
	for (unsigned i = 0; i < SPARE_UNITS; i++) {
		struct slab *none = NULL;

		/* Release: pairs with the acquire in spare_take. */
		if (atomic_compare_exchange_strong_explicit(&units[i], &none, d,
		    memory_order_release, memory_order_relaxed))
			return true;
	}
	return false;
}

void
spare_fill(void)
{
	struct slab *d;

	while (unlikely(load_relaxed(&missing) > 0)) {
		d = arena_alloc_sparse(1);
		if (d == NULL)
			return;
		atomic_fetch_sub_explicit(&missing, 1, memory_order_relaxed);
		if (!put(d))
			arena_free(d, 1, false);
	}
}

struct slab *
spare_take(void)
{
	for (unsigned i = 0; i < SPARE_UNITS; i++) {
		struct slab *d = atomic_exchange_explicit(&units[i], NULL,
		    memory_order_acquire);

		if (d == NULL)
			continue;
		atomic_fetch_add_explicit(&missing, 1, memory_order_relaxed);
		return d;
	}
	return NULL;
}
