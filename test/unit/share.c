/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * share.c - a zone without thread caches: carving, taking, shedding.
 */
#include "unit.h"

#include "../../lib/arena.h"
#include "../../lib/depot.h"
#include "../../lib/init.h"
#include "../../lib/remote.h"
#include "../../lib/zone.h"

enum { MANY = 5000 };

static uintptr_t objs[MANY];

static struct zone *
new_zone(size_t size, const struct zone_attr *attr)
{
	struct zone *z;
	int error;

	init();
	z = zone_make("share", size, attr, false, &error);
	ck_assert_ptr_nonnull(z);
	return z;
}

static uintptr_t
take_shared(struct zone *z, unsigned how)
{
	struct slab *d = NULL;
	uintptr_t twice, p;
	bool raw = true;

	p = (uintptr_t)share_alloc(z, how, &d, &raw, &twice);
	ck_assert_uint_eq(twice, 0);
	if (p == 0)
		return 0;
	ck_assert_ptr_eq(d->zone, z);
	ck_assert_uint_eq((p - d->base) % d->stride, 0);
	ck_assert(!raw);
	return p;
}

static void
give_back(uintptr_t p)
{
	struct slab *d = arena_find((void *)p);

	if (d->state == UNIT_PART)
		d = arena_next(d, -(ptrdiff_t)d->units);
	ck_assert(remote_free(d, (p - d->base) / d->stride, NULL));
}

START_TEST(grows_only_if_it_may)
{
	struct zone *z = new_zone(64, NULL);

	ck_assert_uint_eq(take_shared(z, 0), 0);
	ck_assert_uint_eq(z->nslabs, 0);
	ck_assert_uint_ne(take_shared(z, SHARE_ALL), 0);
	ck_assert_uint_eq(z->nslabs, 1);
	for (int i = 1; i < 1024; i++)
		ck_assert_uint_ne(take_shared(z, 0), 0);
	ck_assert_uint_eq(take_shared(z, 0), 0);
}
END_TEST

/* Somebody has the lock: who may not wait goes without. */
START_TEST(does_not_wait_if_it_must_not)
{
	struct zone *z = new_zone(64, NULL);

	give_back(take_shared(z, SHARE_ALL));
	lock_acquire(&z->lock);
	ck_assert_uint_eq(take_shared(z, 0), 0);
	lock_release(&z->lock);
	ck_assert_uint_ne(take_shared(z, 0), 0);
}
END_TEST

START_TEST(slabs_of_every_shape)
{
	static const size_t sizes[] = { 1, 48, 100, 1000, 40000, 200000 };

	for (size_t s = 0; s < LEN(sizes); s++) {
		struct zone *z = new_zone(sizes[s], NULL);
		uintptr_t p = take_shared(z, SHARE_ALL);
		struct slab *d = arena_find((void *)p);

		ck_assert_int_eq(d->state, UNIT_SLAB);
		ck_assert_uint_eq(d->units, z->units);
		ck_assert_uint_eq(d->nobj, z->nobj);
		ck_assert_int_eq(d->map == d->inline_map,
		    z->nobj <= SLAB_INLINE_WORDS * WORD_OBJECTS);
		ck_assert_uint_ge(share_meta_bytes(z), sizeof (struct slab));
		for (uint32_t i = 1; i < d->units; i++) {
			ck_assert_int_eq(arena_next(d, i)->state, UNIT_PART);
			ck_assert_uint_eq(arena_next(d, i)->units, i);
		}
		ck_assert_uint_eq(share_count_live(z), 1);
		give_back(p);
		ck_assert_uint_eq(share_count_live(z), 0);
		ck_assert_uint_eq(share_shed(z, 0), 1);
		ck_assert_int_ne(d->state, UNIT_SLAB);
	}
}
END_TEST

START_TEST(shedding_keeps)
{
	struct zone *z = new_zone(64, NULL);

	for (int i = 0; i < MANY; i++)
		objs[i] = take_shared(z, SHARE_ALL);
	ck_assert_uint_eq(z->nslabs, 5);
	ck_assert_uint_eq(share_shed(z, 0), 0);
	for (int i = 0; i < MANY; i++)
		give_back(objs[i]);
	ck_assert_uint_eq(share_shed(z, 5), 0);
	ck_assert_uint_eq(share_shed(z, 3), 2);
	ck_assert_uint_eq(share_shed(z, 3), 0);
	ck_assert_uint_eq(share_shed(z, 0), 3);
	ck_assert_uint_eq(z->nslabs, 0);
}
END_TEST

/* One unit goes by way of the depot, several straight to the arena. */
START_TEST(where_slabs_go)
{
	struct zone *small = new_zone(64, NULL), *large = new_zone(30000, NULL);
	struct arena_usage before, after;

	give_back(take_shared(large, SHARE_ALL));
	give_back(take_shared(small, SHARE_ALL));
	arena_usage(&before);
	ck_assert_uint_eq(share_shed(large, 0), 1);
	arena_usage(&after);
	ck_assert_uint_eq(before.used - after.used, large->units);
	ck_assert_uint_eq(depot_units(), 0);
	ck_assert_uint_eq(share_shed(small, 0), 1);
	ck_assert_uint_eq(depot_units(), 1);
	ck_assert_uint_ne(take_shared(small, SHARE_ALL), 0);
}
END_TEST

START_TEST(adopting)
{
	struct zone *z = new_zone(64, NULL);
	uintptr_t twice;
	line_aligned struct tcache tc;
	struct slab *d;

	memset(&tc, 0, sizeof tc);
	tcache_init(&tc, z);
	ck_assert_ptr_null(share_adopt(z, &tc, 0, &twice));
	d = share_adopt(z, &tc, SHARE_ALL, &twice);
	ck_assert_ptr_nonnull(d);
	ck_assert_ptr_eq(slab_owner(d), &tc);
	ck_assert_uint_eq(twice, 0);
	ck_assert_int_eq(d->place, PLACE_ACTIVE);
	ck_assert_ptr_null(share_adopt(z, &tc, 0, &twice));
	lock_acquire(&z->lock);
	ck_assert(rotate_share(z, &tc, d));
	lock_release(&z->lock);
	ck_assert_ptr_eq(share_adopt(z, &tc, 0, &twice), d);
	lock_acquire(&z->lock);
	ck_assert(rotate_share(z, &tc, d));
	lock_release(&z->lock);
}
END_TEST

START_TEST(freed_twice_is_told)
{
	struct zone *z = new_zone(64, NULL);
	uintptr_t p = take_shared(z, SHARE_ALL), twice;
	struct slab *d = arena_find((void *)p);
	bool raw;

	give_back(p);
	(void)slab_put(d, (p - d->base) / d->stride);
	ck_assert_ptr_nonnull(share_alloc(z, 0, &d, &raw, &twice));
	ck_assert_uint_eq(twice, p);
}
END_TEST

START_TEST(peak_is_sampled)
{
	struct zone *z = new_zone(8192, NULL);

	for (int i = 0; i < 1000; i++)
		objs[i] = take_shared(z, SHARE_ALL);
	ck_assert_uint_ge(z->peak, 900);
	for (int i = 0; i < 1000; i++)
		give_back(objs[i]);
	lock_acquire(&z->lock);
	share_sample_peak(z);
	lock_release(&z->lock);
	ck_assert_uint_ge(z->peak, 900);
	ck_assert_uint_le(z->peak, 1000);
}
END_TEST

/* Maps of slabs come from zones of our own, and go back to them. */
static size_t
live_maps(void)
{
	size_t n = 0;

	for (int i = 0; i < SHARE_MAP_ZONES; i++)
		n += share_count_live(&share_map_zones[i]);
	return n;
}

START_TEST(maps)
{
	struct zone *z = new_zone(16, NULL);

	for (int i = 0; i < MANY; i++)
		objs[i] = take_shared(z, SHARE_ALL);
	ck_assert_uint_eq(live_maps(), z->nslabs);
	for (int i = 0; i < MANY; i++)
		give_back(objs[i]);
	(void)share_shed(z, 0);
	ck_assert_uint_eq(live_maps(), 0);
}
END_TEST

RUN_TESTS("share", grows_only_if_it_may, does_not_wait_if_it_must_not,
    slabs_of_every_shape, shedding_keeps, where_slabs_go, adopting,
    freed_twice_is_told, peak_is_sampled, maps)
