/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * depot.c - owns the shards.  Units in a shard count as used in the arena;
 * their state is UNIT_NONE.
 */
#include "depot.h"

#include "arena.h"
#include "lock.h"
#include "os.h"

struct shard {
	line_aligned
	struct lock lock;
	_Atomic(unsigned) count;	/* under the lock; read without */
	struct slab *units[DEPOT_KEEP];
};

static struct shard shards[DEPOT_SHARDS] = {
	[0 ... DEPOT_SHARDS - 1] = { .lock = LOCK_INITIALIZER(RANK_DEPOT) }
};

unsigned
depot_shard(void)
{
	return os_cpu() % DEPOT_SHARDS;
}

/* A unit of S, whose lock is held and goes. */
static struct slab *
take(struct shard *s)
{
	unsigned n = load_relaxed(&s->count);
	struct slab *d = NULL;

	if (n > 0) {
		d = s->units[n - 1];
		store_relaxed(&s->count, n - 1);
		d->shard = (uint8_t)(s - shards);
	}
	lock_release(&s->lock);
	return d;
}

struct slab *
depot_get(void)
{
	struct shard *s = &shards[depot_shard()];

	if (load_relaxed(&s->count) == 0 || !lock_acquire_if_safe(&s->lock))
		return NULL;
	return take(s);
}

struct slab *
depot_get_quickly(void)
{
	struct slab *d = NULL;

	for (unsigned i = 0; d == NULL && i < DEPOT_SHARDS; i++)
		if (load_relaxed(&shards[i].count) != 0 &&
		    lock_try_briefly(&shards[i].lock))
			d = take(&shards[i]);
	return d;
}

void
depot_put(struct slab *d)
{
	struct shard *s = &shards[d->shard % DEPOT_SHARDS];
	unsigned n;
	bool kept;

	lock_acquire(&s->lock);
	n = load_relaxed(&s->count);
	kept = n < DEPOT_KEEP;
	if (kept) {
		store_relaxed(&d->state, UNIT_NONE);
		s->units[n] = d;
		store_relaxed(&s->count, n + 1);
	}
	lock_release(&s->lock);
	if (!kept)
		arena_free(d, 1, true);
}

void
depot_drain(void)
{
	for (unsigned i = 0; i < DEPOT_SHARDS; i++) {
		struct shard *s = &shards[i];
		struct slab *units[DEPOT_KEEP];
		unsigned n;

		lock_acquire(&s->lock);
		n = load_relaxed(&s->count);
		for (unsigned k = 0; k < n; k++)
			units[k] = s->units[k];
		store_relaxed(&s->count, 0);
		lock_release(&s->lock);
		for (unsigned k = 0; k < n; k++)
			arena_free(units[k], 1, true);
	}
}

size_t
depot_units(void)
{
	size_t n = 0;

	for (unsigned i = 0; i < DEPOT_SHARDS; i++)
		n += load_relaxed(&shards[i].count);
	return n;
}

void
depot_lock_all(void)
{
	/* One rank, one after the other: nobody else holds two of them. */
	for (unsigned i = 0; i < DEPOT_SHARDS; i++)
		lock_acquire_another(&shards[i].lock);
}

void
depot_unlock_all(void)
{
	for (unsigned i = DEPOT_SHARDS; i-- > 0;)
		lock_release(&shards[i].lock);
}
