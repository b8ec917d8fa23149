/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctor.c - constructors and destructors: when they run, how often, and what
 * an object looks like in between.
 */
#include "api.h"

#include <semaphore.h>
#include <stdatomic.h>

enum { MANY = 3000, THREADS = 4 };

struct obj {
	struct obj *self;		/* the constructed state */
	uint64_t    uses;		/* kept from use to use */
	char	    rest[40];
};

struct count {
	_Atomic(size_t)	built, ended;
	_Atomic(int)	refuse;		/* what the constructor returns */
};

static struct obj *objs[MANY];

static int
construct(void *p, void *arg)
{
	struct count *c = arg;
	struct obj *o = p;
	int error = c->refuse;

	if (error != 0) {
		o->self = NULL;
		return error;
	}
	MUST(o->self != o || o->uses == UINT64_MAX);
	o->self = o;
	o->uses = 0;
	c->built++;
	return 0;
}

static void
destruct(void *p, void *arg)
{
	struct count *c = arg;
	struct obj *o = p;

	MUST(o->self == o);
	o->uses = UINT64_MAX;
	o->self = NULL;
	c->ended++;
}

static zone_t *
make_counting(struct count *c, size_t limit)
{
	return make("ctor", sizeof (struct obj), ATTR(.ctor = construct,
	    .dtor = destruct, .arg = c, .limit = limit));
}

static struct obj *
take_built(zone_t *z)
{
	struct obj *o = take(z);

	MUST(o->self == o);
	o->uses++;
	return o;
}

static void
free_all(zone_t *z, size_t n)
{
	zone_free_n(z, (void **)objs, n);
}

/* One object, one constructor; not a slab full of them. */
START_TEST(built_when_first_handed_out)
{
	for (size_t limit = 0; limit <= MANY; limit += MANY) {
		struct count c = { 0 };
		zone_t *z = make_counting(&c, limit);

		ck_assert_uint_eq(c.built, 0);
		for (size_t i = 0; i < MANY; i++) {
			objs[i] = take_built(z);
			ck_assert_uint_eq(c.built, i + 1);
		}
		ck_assert_uint_eq(c.ended, 0);
		ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
		ck_assert_uint_eq(c.ended, MANY);
	}
}
END_TEST

START_TEST(come_back_as_they_were)
{
	struct count c = { 0 };
	zone_t *z = make_counting(&c, 0);

	for (int round = 1; round <= 10; round++) {
		uint64_t uses = 0;

		for (int i = 0; i < 500; i++) {
			objs[i] = take_built(z);
			uses += objs[i]->uses;
		}
		ck_assert_uint_eq(uses, 500u * (unsigned)round);
		free_all(z, 500);
	}
	ck_assert_uint_eq(c.built, 500);
	ck_assert_uint_eq(c.ended, 0);
}
END_TEST

/* Taken one by one, a used object is preferred to building another. */
START_TEST(used_before_raw)
{
	struct count c = { 0 };
	zone_t *z = make_counting(&c, 0);

	for (int i = 0; i < 5000; i++)
		zone_free(z, take_built(z));
	ck_assert_uint_eq(c.built, 1);
}
END_TEST

/* A used object needs no constructor; any other fails with its error. */
static size_t
take_or_fail(zone_t *z, struct count *c, size_t n)
{
	bool used = c->built > n;

	if (c->refuse == 0 || used)
		objs[n++] = take_built(z);
	else
		ASSERT_FAILS(zone_alloc(z, 0), NULL, E2BIG);
	return n;
}

START_TEST(failing_constructor)
{
	for (size_t limit = 0; limit <= MANY; limit += MANY) {
		struct count c = { 0 };
		zone_t *z = make_counting(&c, limit);
		size_t n = 0;

		for (int i = 0; i < 1000; i++) {
			c.refuse = i % 3 == 0 ? E2BIG : 0;
			n = take_or_fail(z, &c, n);
			if (i % 7 == 0 && n > 0)
				zone_free(z, objs[--n]);
		}
		ck_assert_uint_eq(stats_of(z).live, n);
		ck_assert_uint_gt(stats_of(z).fails, 0);
		api_verify();
		ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
		ck_assert_uint_eq(c.built, c.ended);
	}
}
END_TEST

/* Where a constructor failed, the next one is tried on the same memory. */
START_TEST(failed_memory_is_raw_again)
{
	struct count c = { 0 };
	zone_t *z = make_counting(&c, 0);
	struct obj *first = take_built(z), *second;

	c.refuse = EPERM;
	for (int i = 0; i < 10000; i++)
		ASSERT_FAILS(zone_alloc(z, 0), NULL, EPERM);
	ck_assert_uint_eq(stats_of(z).slabs, 1);
	c.refuse = 0;
	second = take_built(z);
	ck_assert_uint_eq(c.built, 2);
	zone_free(z, first);
	zone_free(z, second);
}
END_TEST

START_TEST(zero_is_refused)
{
	struct count c = { 0 };
	zone_t *z = make_counting(&c, 0);

	ASSERT_FAILS(zone_alloc(z, ZONE_ZERO), NULL, EINVAL);
	ASSERT_FAILS(zone_alloc_n(z, (void **)objs, 3, ZONE_ZERO), 0, EINVAL);
	zone_free(z, take_built(z));
	ASSERT_FAILS(zone_alloc(z, ZONE_ZERO), NULL, EINVAL);
	ck_assert_uint_eq(c.built, 1);
}
END_TEST

/* Destructors run when the memory goes, and then constructors again. */
START_TEST(trim_ends_objects)
{
	struct count c = { 0 };
	zone_t *z = make_counting(&c, 0);

	for (int round = 1; round <= 3; round++) {
		for (int i = 0; i < MANY; i++)
			objs[i] = take_built(z);
		ck_assert_uint_eq(c.built, round * MANY);
		free_all(z, MANY);
		/* Few go before they must. */
		ck_assert_uint_ge(c.ended, (round - 1) * MANY);
		ck_assert_uint_lt(c.ended, round * MANY);
		zone_trim(z, ZONE_TRIM_CACHES);
		ck_assert_uint_eq(c.ended, round * MANY);
		ck_assert_uint_eq(stats_of(z).slabs, 0);
	}
}
END_TEST

/* A slab with one live object stays as it is. */
START_TEST(trim_keeps_what_is_live)
{
	struct count c = { 0 };
	zone_t *z = make_counting(&c, 0);

	for (int i = 0; i < MANY; i++)
		objs[i] = take_built(z);
	objs[0]->uses = 77;
	for (int i = 1; i < MANY; i++)
		zone_free(z, objs[i]);
	zone_trim(NULL, ZONE_TRIM_CACHES);
	ck_assert_uint_eq(stats_of(z).slabs, 1);
	ck_assert_uint_eq(objs[0]->uses, 77);
	ck_assert_uint_eq(c.ended, MANY - SLAB / sizeof (struct obj));
	zone_free(z, objs[0]);
}
END_TEST

static void
end_with(int how)
{
	struct count c = { 0 };
	zone_t *z = make_counting(&c, 0);

	for (int i = 0; i < MANY; i++)
		objs[i] = take_built(z);
	for (int i = how == ZONE_NOW ? 100 : 0; i < MANY; i++)
		zone_free(z, objs[i]);
	ck_assert_int_eq(zone_destroy(z, how), 0);
	ck_assert_uint_eq(c.built, MANY);
	ck_assert_uint_eq(c.ended, MANY);
}

START_TEST(destroy_ends_objects)
{
	end_with(ZONE_IF_EMPTY);
	end_with(ZONE_WHEN_EMPTY);
	end_with(ZONE_NOW);
}
END_TEST

START_TEST(last_free_ends_objects)
{
	struct count c = { 0 };
	zone_t *z = make_counting(&c, 0);

	for (int i = 0; i < MANY; i++)
		objs[i] = take_built(z);
	ck_assert_int_eq(zone_destroy(z, ZONE_WHEN_EMPTY), 0);
	for (int i = 0; i < MANY; i++) {
		/* Slabs go when all in them is free. */
		ck_assert_uint_le(c.ended, i);
		zone_free(z, objs[i]);
	}
	ck_assert_uint_eq(c.ended, MANY);
}
END_TEST

/* No lock is held: both may use other zones, and look at this one. */
static zone_t *inner;

static int
construct_nested(void *p, void *arg)
{
	(void)arg;
	*(void **)p = zone_alloc(inner, ZONE_ZERO);
	MUST(zone_check_all() == 0);
	return *(void **)p == NULL ? ENOMEM : 0;
}

static void
destruct_nested(void *p, void *arg)
{
	(void)arg;
	zone_free(inner, *(void **)p);
	MUST(zone_of(p) == NULL || zone_size(zone_of(p)) == 64);
	(void)stats_of(inner);
}

START_TEST(both_may_use_other_zones)
{
	zone_t *z;

	inner = make("inner", 32, NULL);
	z = make("outer", 64, ATTR(.ctor = construct_nested,
	    .dtor = destruct_nested));
	take_all(z, (void **)objs, MANY);
	ck_assert_uint_eq(stats_of(inner).live, MANY);
	free_all(z, MANY);
	ck_assert_uint_gt(stats_of(inner).live, 0);
	zone_trim(z, ZONE_TRIM_CACHES);
	ck_assert_uint_eq(stats_of(inner).live, 0);
	take_all(z, (void **)objs, 10);
	ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
	ck_assert_uint_eq(stats_of(inner).live, 0);
}
END_TEST

static void *
churn(void *arg)
{
	struct obj *mine[100] = { NULL };
	struct rng r = { (uintptr_t)mine };

	for (int i = 0; i < 20000; i++) {
		size_t k = rng_below(&r, LEN(mine));

		if (mine[k] != NULL) {
			MUST(mine[k]->self == mine[k]);
			zone_free(arg, mine[k]);
			mine[k] = NULL;
		} else {
			mine[k] = take_built(arg);
		}
	}
	zone_free_n(arg, (void **)mine, LEN(mine));
	return NULL;
}

/* Built and ended once each, whatever threads and trims do. */
START_TEST(many_threads)
{
	for (size_t limit = 0; limit <= MANY; limit += MANY) {
		struct count c = { 0 };
		zone_t *z = make_counting(&c, limit);
		pthread_t t[THREADS];

		for (int i = 0; i < THREADS; i++)
			start(&t[i], churn, z);
		for (int i = 0; i < 50; i++)
			zone_trim(z, ZONE_TRIM_CACHES);
		for (int i = 0; i < THREADS; i++)
			(void)join(t[i]);
		ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
		ck_assert_uint_gt(c.built, 0);
		ck_assert_uint_eq(c.built, c.ended);
	}
}
END_TEST

/* Destructors that run in another thread are over when the zone is. */
static sem_t in_destructor, go_on;
static _Atomic(bool) destroyed;

static void
destruct_slowly(void *p, void *arg)
{
	if (((struct count *)arg)->ended == 0) {
		sem_post(&in_destructor);
		sem_wait(&go_on);
	}
	destruct(p, arg);
}

static void *
trim_all(void *arg)
{
	(void)arg;
	zone_trim(NULL, ZONE_TRIM_FREE);
	return NULL;
}

static void *
destroy(void *arg)
{
	MUST(zone_destroy(arg, ZONE_NOW) == 0);
	destroyed = true;
	return NULL;
}

START_TEST(destroy_waits_for_destructors)
{
	struct count c = { 0 };
	zone_t *z = make("slow", sizeof (struct obj), ATTR(.ctor = construct,
	    .dtor = destruct_slowly, .arg = &c, .max_free_slabs = MANY));
	pthread_t trimmer, destroyer;

	sem_init(&in_destructor, 0, 0);
	sem_init(&go_on, 0, 0);
	take_elsewhere(z, (void **)objs, MANY);
	free_elsewhere(z, (void **)objs, MANY);
	start(&trimmer, trim_all, NULL);
	sem_wait(&in_destructor);
	start(&destroyer, destroy, z);
	/* Long enough to see it come back too early, if it does. */
	usleep(100000);
	ck_assert(!destroyed);
	sem_post(&go_on);
	(void)join(destroyer);
	ck_assert_uint_eq(c.ended, MANY);
	(void)join(trimmer);
}
END_TEST

/* A destructor without constructor has nothing to undo. */
START_TEST(destructor_alone)
{
	struct count c = { 0 };
	zone_t *z = make("dtor", 64, ATTR(.dtor = destruct, .arg = &c));

	take_all(z, (void **)objs, MANY);
	free_all(z, MANY);
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
	ck_assert_uint_eq(c.ended, 0);
}
END_TEST

RUN_TESTS("ctor", built_when_first_handed_out, come_back_as_they_were,
    used_before_raw, failing_constructor, failed_memory_is_raw_again,
    zero_is_refused, trim_ends_objects, trim_keeps_what_is_live,
    destroy_ends_objects, last_free_ends_objects, both_may_use_other_zones,
    many_threads, destroy_waits_for_destructors, destructor_alone)
