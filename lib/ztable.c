/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ztable.c - owns the table of zones and the memory of their structs, which
 * is a zone itself, so that a stale handle never points to anything else.
 */
#include "ztable.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "remote.h"
#include "share.h"
#include "thread.h"

struct lock ztable_lock = LOCK_INITIALIZER(RANK_ZONES);

static struct zone zone_zone;		/* of struct zone */
static _Atomic(struct zone *) table[ZTABLE_END];	/* ztable_lock */
static bool taken[ZTABLE_END];
static unsigned next_own, next_program = ZTABLE_OWN;
static _Atomic(unsigned) highest;	/* entries ever used */

_Static_assert((unsigned)ZTABLE_END <= (unsigned)ZONE_SLOTS,
    "a cache for each");

void
ztable_init(void)
{
	struct zone *z = &zone_zone;

	share_init_maps();
	z->kind = KIND_META | KIND_FOREVER;
	z->size = z->stride = (uint32_t)round_up(sizeof (struct zone), 64);
	z->nobj = (uint32_t)(UNIT_SIZE / z->stride);
	z->recip = ((uint64_t)1 << 32) / z->stride + 1;
	z->units = z->align_units = 1;
	memcpy(z->name, "zobj:zone", sizeof "zobj:zone");
	share_init(z, RANK_META_ZONE);
}

/* A free number, searched from where the last was found: reuse comes late. */
static int
find_free(unsigned low, unsigned high, unsigned *next)
{
	for (unsigned n = 0; n < high - low; n++) {
		unsigned i = low + (*next - low + n) % (high - low);

		if (!taken[i]) {
			*next = i + 1;
			return (int)i;
		}
	}
	return -1;
}

struct zone *
ztable_get(bool own, int *error)
{
	struct slab *slab;
	struct zone *z;
	uintptr_t twice;
	bool raw;
	int id;

	z = share_alloc(&zone_zone, SHARE_ALL, &slab, &raw, &twice);
	if (z == NULL) {
		*error = ENOMEM;
		return NULL;
	}
	lock_acquire(&ztable_lock);
	id = own ? find_free(0, ZTABLE_OWN, &next_own) :
	    find_free(ZTABLE_OWN, ZTABLE_END, &next_program);
	if (id >= 0) {
		taken[id] = true;
		if ((unsigned)id >= load_relaxed(&highest))
			store_relaxed(&highest, (unsigned)id + 1);
	}
	lock_release(&ztable_lock);
	if (id < 0) {
		*error = ENOSPC;
		ztable_put(z);
		return NULL;
	}
	z->slot = thread_slot((unsigned)id);
	return z;
}

void
ztable_publish(struct zone *z)
{
	lock_acquire(&ztable_lock);
	/* Pairs with the acquire in ztable_at. */
	store_release(&table[thread_slot_id(z->slot)], z);
	lock_release(&ztable_lock);
}

void
ztable_withdraw(struct zone *z)
{
	lock_acquire(&ztable_lock);
	store_relaxed(&table[thread_slot_id(z->slot)], NULL);
	lock_release(&ztable_lock);
}

void
ztable_put(struct zone *z)
{
	struct slab *d = arena_find(z);
	unsigned id = thread_slot_id(z->slot);

	if (z->slot != 0 && id < ZTABLE_END) {
		lock_acquire(&ztable_lock);
		taken[id] = false;
		lock_release(&ztable_lock);
	}
	z->slot = 0;
	(void)remote_free(d, ((uintptr_t)z - d->base) / d->stride,
	    NULL);
}

struct zone *
ztable_at(unsigned i)
{
	return load_acquire(&table[i]);
}

unsigned
ztable_end(void)
{
	return load_relaxed(&highest);
}

bool
ztable_is_own(unsigned i)
{
	return i < ZTABLE_OWN;
}

void
ztable_foreach(void (*fn)(struct zone *z, void *arg), void *arg)
{
	for (unsigned i = 0; i < ztable_end(); i++) {
		struct zone *z = ztable_at(i);

		if (z != NULL)
			fn(z, arg);
	}
}

void
ztable_foreach_meta(void (*fn)(struct zone *z, void *arg), void *arg)
{
	fn(&zone_zone, arg);
	for (unsigned i = 0; i < SHARE_MAP_ZONES; i++)
		fn(&share_map_zones[i], arg);
}

static void
lock_another(struct zone *z, void *arg)
{
	(void)arg;
	lock_acquire_another(&z->lock);
}

static void
unlock(struct zone *z, void *arg)
{
	(void)arg;
	lock_release(&z->lock);
}

/* ztable_lock stays held: no zone comes or goes meanwhile. */
void
ztable_lock_all(void)
{
	lock_acquire(&ztable_lock);
	ztable_foreach(lock_another, NULL);
	ztable_foreach_meta(lock_another, NULL);
}

void
ztable_unlock_all(void)
{
	ztable_foreach_meta(unlock, NULL);
	ztable_foreach(unlock, NULL);
	lock_release(&ztable_lock);
}
