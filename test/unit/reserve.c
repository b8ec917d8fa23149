/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reserve.c - the words of a reserve, one step after the other, and with
 * threads that take and free: each object is in one hand only, and none is
 * lost.
 */
#include "unit.h"

#include <stdatomic.h>

#include "../../lib/arena.h"
#include "../../lib/ready.h"
#include "../../lib/remote.h"
#include "../../lib/reserve.h"
#include "../../lib/ztable.h"

enum { SIZE = 48, THREADS = 4, ROUNDS = 20000 };

static struct zone zone;

static void
reset(size_t reserve)
{
	static bool started;

	/* Records of our own, which slabs of so many objects need. */
	if (!started)
		ztable_init();
	started = true;
	fake_zone(&zone, SIZE, (uint32_t)(UNIT_SIZE / SIZE));
	zone.reserve = reserve;
	ck_assert_int_eq(reserve_refill(&zone), 0);
	ck_assert_uint_eq(reserve_count(&zone), reserve);
}

static void
give(void *p)
{
	struct slab *d = arena_find(p);

	MUST(remote_free(d, ((uintptr_t)p - d->base) / SIZE, NULL));
}

static size_t
slabs_of(struct zone *z)
{
	size_t n = 0;

	for (struct slab *d = z->reserves; d != NULL; d = d->next_announced) {
		ck_assert_int_eq(d->place, PLACE_RESERVE);
		ck_assert_ptr_null(slab_owner(d));
		n++;
	}
	return n;
}

START_TEST(take_and_give)
{
	static const size_t counts[] = { 1, 63, 64, 65, 1365, 1366, 5000 };
	static void *objs[5000];

	for (size_t i = 0; i < LEN(counts); i++) {
		reset(counts[i]);
		ck_assert_uint_eq(slabs_of(&zone), (counts[i] + 1364) / 1365);
		ck_assert(!reserve_is_short(&zone));
		for (size_t k = 0; k < counts[i]; k++) {
			objs[k] = reserve_take(&zone);
			ck_assert_ptr_nonnull(objs[k]);
			memset(objs[k], (int)k, SIZE);
		}
		ck_assert(reserve_is_short(&zone));
		ck_assert_ptr_null(reserve_take(&zone));
		for (size_t k = 0; k < counts[i]; k++) {
			give(objs[k]);
			ck_assert_uint_eq(reserve_count(&zone), k + 1);
		}
		/* Nothing was announced: nobody is to collect it. */
		ck_assert_ptr_null(load_relaxed(&zone.announced));
	}
}
END_TEST

START_TEST(refill_uses_the_room_there_is)
{
	void *p[100];

	reset(100);
	for (size_t i = 0; i < 100; i++)
		p[i] = reserve_take(&zone);
	ck_assert_int_eq(reserve_refill(&zone), 0);
	ck_assert_uint_eq(reserve_count(&zone), 100);
	ck_assert_uint_eq(slabs_of(&zone), 1);
	for (size_t i = 0; i < 100; i++)
		give(p[i]);
	ck_assert_uint_eq(reserve_count(&zone), 200);
	ck_assert_int_eq(reserve_refill(&zone), 0);
	ck_assert_uint_eq(reserve_count(&zone), 200);
}
END_TEST

/* First what had to be made, then what there is room for. */
START_TEST(spare)
{
	struct slab *d;
	size_t n = 0;
	void *p;
	bool raw;

	reset(100);
	p = reserve_take(&zone);
	ck_assert_int_eq(reserve_refill(&zone), 0);
	give(p);
	ck_assert_ptr_nonnull(reserve_take_spare(&zone, false, &d, &raw));
	ck_assert_uint_eq(reserve_count(&zone), 100);
	while ((p = reserve_take_spare(&zone, true, &d, &raw)) != NULL) {
		ck_assert(!raw);
		ck_assert_uint_eq(reserve_count(&zone), 100);
		n++;
	}
	ck_assert_uint_eq(n, 1365 - 101);
	/* One that digs and frees does not make it spare. */
	give(reserve_take(&zone));
	ck_assert_ptr_null(reserve_take_spare(&zone, true, &d, &raw));
}
END_TEST

START_TEST(spare_does_not_wait)
{
	struct slab *d;
	bool raw;

	reset(10);
	lock_acquire(&zone.lock);
	ck_assert_ptr_null(reserve_take_spare(&zone, false, &d, &raw));
	ck_assert_ptr_nonnull(reserve_take(&zone));
	lock_release(&zone.lock);
}
END_TEST

START_TEST(ready_made)
{
	reset(0);
	ck_assert_int_eq(ready_make(&zone, 3), 0);
	ck_assert_uint_eq(zone.nready_made, 3);
	ck_assert_uint_eq(zone.nfree, 0);
	ck_assert_int_eq(ready_make(&zone, 2), 0);
	ck_assert_uint_eq(zone.nready_made, 3);
	ck_assert_uint_eq(share_shed(&zone, 0), 0);
	zone.min_ready = 1;
	ready_give_up(&zone);
	ck_assert_uint_eq(zone.nready_made, 1);
	ck_assert_uint_eq(zone.nfree, 2);
	ck_assert_uint_eq(share_shed(&zone, 0), 2);
	ck_assert(!ready_is_due(&zone));
	zone.min_ready = 3;
	ck_assert(ready_is_due(&zone));
	ready_tend(&zone);
	ck_assert_uint_eq(zone.nready_made, 2);
	/* Somebody is at it already. */
	store_relaxed(&zone.tended, true);
	ready_tend(&zone);
	ck_assert_uint_eq(zone.nready_made, 2);
	store_relaxed(&zone.tended, false);
	ready_tend(&zone);
	ck_assert_uint_eq(zone.nready_made, 3);
	ck_assert(!ready_is_due(&zone));
}
END_TEST

static _Atomic(uint32_t) seed;
static _Atomic(bool) done;

/* Mark what is in hand: nobody else may have it. */
static void *
take_and_mark(uint32_t self)
{
	_Atomic(uint32_t) *p = reserve_take(&zone);

	if (p != NULL)
		MUST(atomic_exchange(p, self) == 0);
	return p;
}

static void *
churn(void *arg)
{
	uint32_t self = atomic_fetch_add(&seed, 1) + 1;
	struct rng r = { self };
	void *mine[16] = { NULL };

	for (int i = 0; i < ROUNDS; i++) {
		void **at = &mine[rng_below(&r, LEN(mine))];

		if (*at != NULL) {
			MUST(atomic_exchange((_Atomic(uint32_t) *)*at, 0) ==
			    self);
			give(*at);
			*at = NULL;
		} else {
			*at = take_and_mark(self);
		}
	}
	for (size_t i = 0; i < LEN(mine); i++)
		if (mine[i] != NULL) {
			atomic_store((_Atomic(uint32_t) *)mine[i], 0);
			give(mine[i]);
		}
	return arg;
}

static void *
refill_all_the_time(void *arg)
{
	while (!done)
		ready_tend(&zone);
	return arg;
}

START_TEST(threads)
{
	pthread_t t[THREADS], tender;
	size_t n = 0;

	/* Fewer than they want, so that they fight for the last. */
	reset(THREADS * 8);
	start(&tender, refill_all_the_time, NULL);
	for (size_t i = 0; i < THREADS; i++)
		start(&t[i], churn, NULL);
	for (size_t i = 0; i < THREADS; i++)
		(void)join(t[i]);
	done = true;
	(void)join(tender);
	ck_assert_int_eq(reserve_refill(&zone), 0);
	ck_assert_uint_ge(reserve_count(&zone), zone.reserve);
	n = reserve_count(&zone);
	for (size_t i = 0; i < n; i++)
		ck_assert_ptr_nonnull(reserve_take(&zone));
	ck_assert_ptr_null(reserve_take(&zone));
	ck_assert_uint_eq(slabs_of(&zone), 1);
}
END_TEST

RUN_TESTS("reserve", take_and_give, refill_uses_the_room_there_is, spare,
    spare_does_not_wait, ready_made, threads)
