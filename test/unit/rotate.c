/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rotate.c - lists, places and owners: every arrow of the diagram in rotate.h.
 */
#include "unit.h"

enum { NOBJ = 128 };

static struct zone zone;
static struct slab slabs[8];
static struct tcache tc, other;

static void
reset(void)
{
	fake_zone(&zone, 16, NOBJ);
	memset(&tc, 0, sizeof tc);
	memset(&other, 0, sizeof other);
	tcache_init(&tc, &zone);
	tcache_init(&other, &zone);
}

/* A shared slab with N objects free. */
static struct slab *
shared(unsigned i, unsigned n)
{
	struct slab *d = &slabs[i];
	bool raw;

	fake_slab(d, &zone, i);
	while (slab_count_free(d) > n)
		(void)slab_take(d, &raw);
	rotate_enter(&zone, d, NULL);
	return d;
}

static struct slab *
owned(unsigned i)
{
	fake_owned_slab(&slabs[i], &zone, &tc, i);
	return &slabs[i];
}

static void
use_up(struct slab *d)
{
	bool raw;

	while (slab_take(d, &raw) >= 0)
		;
}

static size_t
length(struct list *head)
{
	size_t n = 0;

	LIST_FOREACH(l, head)
		n++;
	return n;
}

START_TEST(entering)
{
	reset();
	ck_assert_int_eq(shared(0, 0)->place, PLACE_BUSY);
	ck_assert_int_eq(shared(1, NOBJ)->place, PLACE_FREE);
	ck_assert_int_eq(shared(2, 1)->place, PLACE_PARTIAL);
	ck_assert_int_eq(owned(3)->place, PLACE_ACTIVE);
	ck_assert_ptr_eq(slab_owner(&slabs[3]), &tc);
	ck_assert_ptr_null(slab_owner(&slabs[0]));
	ck_assert_uint_eq(zone.nslabs, 4);
	ck_assert_uint_eq(zone.nfree, 1);
	ck_assert_uint_eq(length(&zone.all), 4);
	ck_assert_uint_eq(length(&zone.busy), 1);
	ck_assert_uint_eq(length(&zone.free), 1);
}
END_TEST

START_TEST(groups)
{
	reset();
	for (unsigned n = 1; n < NOBJ; n++) {
		struct slab *d = shared(0, n);

		ck_assert_int_eq(d->place, PLACE_PARTIAL);
		ck_assert_uint_eq(d->group, n * ZONE_GROUPS / NOBJ);
		ck_assert_uint_eq(length(&zone.groups[d->group]), 1);
		rotate_leave(&zone, d);
		ck_assert_uint_eq(zone.nslabs, 0);
	}
}
END_TEST

/* The fullest first, a free one last, a busy one never. */
START_TEST(search_order)
{
	reset();
	(void)shared(0, 0);
	(void)shared(1, NOBJ);
	(void)shared(2, NOBJ - 1);
	(void)shared(3, 1);
	(void)shared(4, NOBJ / 2);
	ck_assert_ptr_eq(rotate_first(&zone), &slabs[3]);
	ck_assert_ptr_eq(rotate_adopt(&zone, &tc), &slabs[3]);
	ck_assert_ptr_eq(rotate_adopt(&zone, &tc), &slabs[4]);
	ck_assert_ptr_eq(rotate_adopt(&zone, &tc), &slabs[2]);
	ck_assert_uint_eq(zone.nfree, 1);
	ck_assert_ptr_eq(rotate_adopt(&zone, &tc), &slabs[1]);
	ck_assert_uint_eq(zone.nfree, 0);
	ck_assert_ptr_null(rotate_adopt(&zone, &tc));
	ck_assert_ptr_null(rotate_first(&zone));
	for (int i = 1; i <= 4; i++) {
		ck_assert_ptr_eq(slab_owner(&slabs[i]), &tc);
		ck_assert_int_eq(slabs[i].place, PLACE_ACTIVE);
	}
	ck_assert_uint_eq(zone.nslabs, 5);
}
END_TEST

/* Somebody is about to push it onto a stack: it stays where it is. */
START_TEST(announced_slabs_keep_their_owner)
{
	struct slab *d, *mine;

	reset();
	d = shared(0, 5);
	(void)shared(1, 90);
	atomic_fetch_or(&d->owner, OWNER_ANNOUNCED);
	ck_assert_ptr_eq(rotate_adopt(&zone, &tc), &slabs[1]);
	ck_assert_ptr_null(rotate_adopt(&zone, &tc));
	mine = owned(2);
	atomic_fetch_or(&mine->owner, OWNER_ANNOUNCED);
	ck_assert(!rotate_share(&zone, &tc, mine));
	ck_assert_ptr_eq(slab_owner(mine), &tc);
	ck_assert_int_eq(mine->place, PLACE_ACTIVE);
	d = shared(3, NOBJ);
	atomic_fetch_or(&d->owner, OWNER_ANNOUNCED);
	ck_assert_ptr_null(rotate_leave_free(&zone));
	atomic_fetch_and(&d->owner, ~OWNER_ANNOUNCED);
	ck_assert_ptr_eq(rotate_leave_free(&zone), d);
}
END_TEST

START_TEST(sharing)
{
	reset();
	(void)owned(0);
	use_up(owned(1));
	rotate_retire(&tc, &slabs[1]);
	(void)owned(2);
	(void)slab_take(&slabs[2], &(bool){ false });
	rotate_retire(&tc, &slabs[2]);
	ck_assert(!rotate_share(&zone, &other, &slabs[0]));
	for (int i = 0; i < 3; i++) {
		ck_assert(rotate_share(&zone, &tc, &slabs[i]));
		ck_assert_ptr_null(slab_owner(&slabs[i]));
	}
	ck_assert_int_eq(slabs[0].place, PLACE_FREE);
	ck_assert_int_eq(slabs[1].place, PLACE_BUSY);
	ck_assert_int_eq(slabs[2].place, PLACE_PARTIAL);
	ck_assert(list_empty(&tc.ready) && list_empty(&tc.spent));
	ck_assert_uint_eq(zone.nslabs, 3);
}
END_TEST

START_TEST(retiring_and_reviving)
{
	struct slab *d, *e;

	reset();
	d = owned(0);
	rotate_retire(&tc, d);
	ck_assert_int_eq(d->place, PLACE_READY);
	rotate_revive(&tc, d);
	ck_assert_int_eq(d->place, PLACE_READY);
	ck_assert_uint_eq(length(&tc.ready), 1);
	e = owned(1);
	use_up(e);
	rotate_retire(&tc, e);
	ck_assert_int_eq(e->place, PLACE_SPENT);
	ck_assert(slab_put(e, 5));
	rotate_revive(&tc, e);
	ck_assert_int_eq(e->place, PLACE_READY);
	ck_assert(list_empty(&tc.spent));
	ck_assert_uint_eq(length(&tc.ready), 2);
	ck_assert_ptr_nonnull(rotate_next_ready(&tc));
	ck_assert_ptr_nonnull(rotate_next_ready(&tc));
	ck_assert_ptr_null(rotate_next_ready(&tc));
	ck_assert_int_eq(d->place, PLACE_ACTIVE);
	ck_assert_int_eq(e->place, PLACE_ACTIVE);
}
END_TEST

/* Ready by its summary only: found out, and put aside. */
START_TEST(ready_without_objects)
{
	struct slab *d;

	reset();
	d = owned(0);
	store_relaxed(&d->map[0].free, 0);
	store_relaxed(&d->map[1].free, 0);
	rotate_retire(&tc, d);
	ck_assert_int_eq(d->place, PLACE_READY);
	ck_assert_ptr_null(rotate_next_ready(&tc));
	ck_assert_int_eq(d->place, PLACE_SPENT);
	ck_assert_uint_eq(load_relaxed(&d->summary), 0);
	ck_assert(slab_put(d, 0));
	rotate_revive(&tc, d);
	ck_assert_ptr_eq(rotate_next_ready(&tc), d);
}
END_TEST

START_TEST(regrouping)
{
	struct slab *d;
	bool raw;

	reset();
	d = shared(0, NOBJ);
	ck_assert_uint_eq(zone.nfree, 1);
	(void)slab_take(d, &raw);
	rotate_regroup(&zone, d);
	ck_assert_int_eq(d->place, PLACE_PARTIAL);
	ck_assert_uint_eq(zone.nfree, 0);
	use_up(d);
	rotate_regroup(&zone, d);
	ck_assert_int_eq(d->place, PLACE_BUSY);
	for (unsigned i = 0; i < NOBJ; i++)
		(void)slab_put(d, i);
	rotate_regroup(&zone, d);
	ck_assert_int_eq(d->place, PLACE_FREE);
	ck_assert_uint_eq(zone.nfree, 1);
}
END_TEST

START_TEST(leaving)
{
	reset();
	for (unsigned i = 0; i < 4; i++)
		(void)shared(i, i % 2 == 0 ? NOBJ : 7);
	ck_assert_ptr_nonnull(rotate_leave_free(&zone));
	ck_assert_ptr_nonnull(rotate_leave_free(&zone));
	ck_assert_ptr_null(rotate_leave_free(&zone));
	ck_assert_uint_eq(zone.nslabs, 2);
	ck_assert_uint_eq(zone.nfree, 0);
	rotate_leave(&zone, &slabs[1]);
	rotate_leave(&zone, &slabs[3]);
	ck_assert_uint_eq(zone.nslabs, 0);
	ck_assert(list_empty(&zone.all));
	ck_assert_int_eq(slabs[1].place, PLACE_NONE);
}
END_TEST

RUN_TESTS("rotate", entering, groups, search_order,
    announced_slabs_keep_their_owner, sharing, retiring_and_reviving,
    ready_without_objects, regrouping, leaving)
