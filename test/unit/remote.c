/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * remote.c - the announce protocol, one step after the other, and then with
 * threads: what is freed is found once, whoever owns the slab.
 */
#include "unit.h"

#include "../../lib/remote.h"

enum { NOBJ = 256 };

static struct zone zone;
static struct slab slabs[4];
static line_aligned struct tcache tc;

static void
reset(void)
{
	fake_zone(&zone, 16, NOBJ);
	memset(&tc, 0, sizeof tc);
	tcache_init(&tc, &zone);
}

static void
use_up(struct slab *d)
{
	bool raw;

	while (slab_take(d, &raw) >= 0)
		;
}

/* A slab whose objects are all in the program's hands. */
static struct slab *
busy(unsigned i, struct tcache *owner)
{
	struct slab *d = &slabs[i];

	fake_slab(d, &zone, i);
	use_up(d);
	rotate_enter(&zone, d, owner);
	if (owner != NULL)
		rotate_retire(owner, d);
	return d;
}

static bool
is_announced(struct slab *d)
{
	return (load_relaxed(&d->owner) & OWNER_ANNOUNCED) != 0;
}

START_TEST(first_free_announces)
{
	struct slab *d;

	reset();
	d = busy(0, &tc);
	ck_assert(!is_announced(d));
	ck_assert(remote_free(d, 70, NULL));
	ck_assert(is_announced(d));
	ck_assert_ptr_eq(slab_owner(d), &tc);
	ck_assert_ptr_eq(load_relaxed(&tc.announced), d);
	ck_assert_ptr_null(load_relaxed(&zone.announced));
	ck_assert_uint_eq(load_relaxed(&d->pending), 2);
	ck_assert_uint_eq(remote_bits(d, 1), 1u << 6);
	ck_assert_uint_eq(free_bits(d, 1), 0);
}
END_TEST

/* Later ones add bits; the slab stands on the stack once. */
START_TEST(later_frees_do_not)
{
	struct slab *d;

	reset();
	d = busy(0, &tc);
	for (size_t i = 0; i < NOBJ; i++)
		ck_assert(remote_free(d, i, NULL));
	ck_assert_ptr_eq(load_relaxed(&tc.announced), d);
	ck_assert_ptr_null(d->next_announced);
	ck_assert_uint_eq(load_relaxed(&d->pending), 0xf);
	ck_assert_uint_eq(remote_drain_cache(&tc), 0);
	ck_assert_ptr_null(load_relaxed(&tc.announced));
	ck_assert(!is_announced(d));
	ck_assert_uint_eq(load_relaxed(&d->pending), 0);
	ck_assert_uint_eq(slab_count_free(d), NOBJ);
	ck_assert_int_eq(d->place, PLACE_READY);
	ck_assert_ptr_eq(slab_owner(d), &tc);
}
END_TEST

START_TEST(shared_slabs_go_to_the_zone)
{
	struct slab *d;

	reset();
	d = busy(0, NULL);
	ck_assert(remote_free(d, 3, NULL));
	ck_assert_ptr_eq(load_relaxed(&zone.announced), d);
	ck_assert_int_eq(d->place, PLACE_BUSY);
	ck_assert_uint_eq(remote_drain_zone(&zone), 0);
	ck_assert_ptr_null(load_relaxed(&zone.announced));
	ck_assert_int_eq(d->place, PLACE_PARTIAL);
	ck_assert_uint_eq(slab_count_free(d), 1);
	for (size_t i = 0; i < NOBJ; i++)
		if (i != 3)
			ck_assert(remote_free(d, i, NULL));
	ck_assert_uint_eq(remote_drain_zone(&zone), 0);
	ck_assert_int_eq(d->place, PLACE_FREE);
	ck_assert_uint_eq(zone.nfree, 1);
}
END_TEST

START_TEST(several_slabs)
{
	reset();
	for (unsigned i = 0; i < 4; i++)
		(void)busy(i, i % 2 == 0 ? &tc : NULL);
	for (size_t k = 0; k < NOBJ; k += 3)
		for (unsigned i = 0; i < 4; i++)
			ck_assert(remote_free(&slabs[i], k, NULL));
	ck_assert_uint_eq(remote_drain_cache(&tc), 0);
	ck_assert_uint_eq(slab_count_free(&slabs[0]), 86);
	ck_assert_uint_eq(slab_count_free(&slabs[1]), 0);
	ck_assert_uint_eq(remote_drain_zone(&zone), 0);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(slab_count_free(&slabs[i]), 86);
		ck_assert(!is_announced(&slabs[i]));
	}
}
END_TEST

START_TEST(draining_nothing)
{
	reset();
	(void)busy(0, &tc);
	(void)busy(1, NULL);
	ck_assert_uint_eq(remote_drain_cache(&tc), 0);
	ck_assert_uint_eq(remote_drain_zone(&zone), 0);
}
END_TEST

START_TEST(freed_twice)
{
	struct slab *d;

	reset();
	d = busy(0, &tc);
	ck_assert(remote_free(d, 9, NULL));
	ck_assert(!remote_free(d, 9, NULL));
	ck_assert_uint_eq(remote_drain_cache(&tc), 0);
	ck_assert(!remote_free(d, 9, NULL));
	ck_assert(!is_announced(d));
	ck_assert_uint_eq(slab_count_free(d), 1);
	ck_assert(remote_free(d, 10, NULL));
}
END_TEST

/* The owner freed it at the same time: the collector finds out. */
START_TEST(freed_twice_at_once)
{
	struct slab *d;

	reset();
	d = busy(0, &tc);
	ck_assert(remote_free(d, 100, NULL));
	(void)slab_put(d, 100);
	ck_assert_uint_eq(remote_drain_cache(&tc), slab_object(d, 100));
	ck_assert_uint_eq(slab_count_free(d), 1);
	d = busy(1, NULL);
	ck_assert(remote_free(d, 7, NULL));
	(void)slab_put(d, 7);
	ck_assert_uint_eq(remote_drain_zone(&zone), slab_object(d, 7));
	ck_assert_uint_eq(slab_count_free(d), 1);
}
END_TEST

/* Announced slabs do not change hands; drained, they may. */
START_TEST(with_changes_of_owner)
{
	struct slab *d;

	reset();
	d = busy(0, &tc);
	ck_assert(remote_free(d, 1, NULL));
	ck_assert(!rotate_share(&zone, &tc, d));
	(void)remote_drain_cache(&tc);
	ck_assert(rotate_share(&zone, &tc, d));
	ck_assert(remote_free(d, 2, NULL));
	ck_assert_ptr_eq(load_relaxed(&zone.announced), d);
	ck_assert_ptr_null(rotate_adopt(&zone, &tc));
	(void)remote_drain_zone(&zone);
	ck_assert_ptr_eq(rotate_adopt(&zone, &tc), d);
	ck_assert(remote_free(d, 3, NULL));
	ck_assert_ptr_eq(load_relaxed(&tc.announced), d);
}
END_TEST

/*
 * Threads free all objects while this one collects, hands the slab back and
 * forth between cache and zone, and takes what it finds: each once.
 */
enum { THREADS = 3, ROUNDS = 200 };

static pthread_barrier_t barrier;

static void *
free_share(void *arg)
{
	uintptr_t self = (uintptr_t)arg;

	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&barrier);
		for (size_t i = self; i < NOBJ; i += THREADS)
			MUST(remote_free(&slabs[0], i, NULL));
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

/* Collect, and take what is free; how many. */
static size_t
gather(struct slab *d, bool *owned)
{
	size_t n = 0;
	bool raw;

	if (*owned) {
		ck_assert_uint_eq(remote_drain_cache(&tc), 0);
		if (rotate_share(&zone, &tc, d))
			*owned = false;
	} else {
		ck_assert_uint_eq(remote_drain_zone(&zone), 0);
		if (rotate_adopt(&zone, &tc) != NULL) {
			rotate_retire(&tc, d);
			*owned = true;
		}
	}
	while (slab_take(d, &raw) >= 0)
		n++;
	if (*owned && d->place == PLACE_READY)
		(void)rotate_next_ready(&tc);
	else if (!*owned)
		rotate_regroup(&zone, d);
	return n;
}

START_TEST(threads)
{
	pthread_t t[THREADS];
	bool owned = true;
	struct slab *d;

	reset();
	d = busy(0, &tc);
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (uintptr_t i = 0; i < THREADS; i++)
		start(&t[i], free_share, (void *)i);
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 0;

		pthread_barrier_wait(&barrier);
		while (n < NOBJ)
			n += gather(d, &owned);
		pthread_barrier_wait(&barrier);
		ck_assert_uint_eq(n + gather(d, &owned), NOBJ);
		/* A late announcement without news. */
		(void)gather(d, &owned);
		ck_assert(!is_announced(d));
	}
	for (int i = 0; i < THREADS; i++)
		(void)join(t[i]);
}
END_TEST

RUN_TESTS("remote", first_free_announces, later_frees_do_not,
    shared_slabs_go_to_the_zone, several_slabs, draining_nothing,
    freed_twice, freed_twice_at_once, with_changes_of_owner, threads)
