/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ready.c - see ready.h.  Must never fail an allocation.
 */
#include "ready.h"

#include <errno.h>

#include "os.h"
#include "reserve.h"
#include "rotate.h"
#include "share.h"

enum { RETRY_MS = 20 };		/* after a failure, which costs system calls */

static int
make_one(struct zone *z)
{
	struct slab *d = share_get(z);
	bool ok;

	if (d == NULL)
		return ENOMEM;
	ok = os_populate((void *)d->base, (size_t)d->units << UNIT_SHIFT) == 0;
	share_put(z, d, ok ? rotate_enter_ready : NULL);
	return ok ? 0 : ENOMEM;
}

int
ready_make(struct zone *z, size_t slabs)
{
	size_t have = load_relaxed(&z->nready_made);
	int error = 0;

	if (slabs > os_memory_size() / ((size_t)z->units << UNIT_SHIFT))
		return ENOMEM;
	for (; have < slabs && error == 0; have++)
		error = make_one(z);
	return error;
}

/* Who fills waits for who tends: he may be doing just this. */
static int
make_whole(struct zone *z)
{
	int error = 0;

	while (reserve_is_short(z)) {
		/* As in ready_tend. */
		if (atomic_exchange_explicit(&z->tended, true,
		    memory_order_acquire)) {
			os_yield();
			continue;
		}
		error = reserve_refill(z);
		store_release(&z->tended, false);
		break;
	}
	return error;
}

int
ready_fill(struct zone *z, size_t slabs)
{
	int error = make_whole(z);

	return error != 0 ? error : ready_make(z, slabs);
}

void
ready_give_up(struct zone *z)
{
	if (load_relaxed(&z->nready_made) <= z->min_ready)
		return;
	lock_acquire(&z->lock);
	if (zone_is_there(z))
		while (load_relaxed(&z->nready_made) > z->min_ready &&
		    rotate_unready(z))
			continue;
	lock_release(&z->lock);
}

bool
ready_is_due(struct zone *z)
{
	return load_relaxed(&z->nready_made) < z->min_ready ||
	    reserve_is_short(z);
}

static int
lay_by(struct zone *z)
{
	int error = 0;

	if (reserve_is_short(z))
		error = reserve_refill(z);
	if (error == 0 && load_relaxed(&z->nready_made) < z->min_ready)
		error = make_one(z);
	return error;
}

void
ready_tend(struct zone *z)
{
	int saved = errno;
	uint64_t refused = load_relaxed(&z->refused_ms);

	if (refused != 0 && os_coarse_ms() - refused < RETRY_MS)
		return;
	/* Acquire and release: the next one sees what we made. */
	if (atomic_exchange_explicit(&z->tended, true, memory_order_acquire))
		return;
	store_relaxed(&z->refused_ms, lay_by(z) != 0 ? os_coarse_ms() : 0);
	store_release(&z->tended, false);
	errno = saved;
}
