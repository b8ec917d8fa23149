/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk.c - zone_walk and zone_foreach.
 */
#include "api.h"

enum { MANY = 20000, STABLE = 3000 };

static void *objs[MANY];

struct node {
	unsigned number;
	unsigned seen;
	char	 rest[40];
};

struct tally {
	zone_t	*z;
	size_t	 seen;
	size_t	 stop_after;
};

static int
mark(void *obj, void *arg)
{
	struct tally *t = arg;
	struct node *n = obj;

	n->seen++;
	t->seen++;
	return t->seen == t->stop_after ? 42 : 0;
}

static zone_t *
make_nodes(size_t n, const struct zone_attr *attr)
{
	zone_t *z = make("node", sizeof (struct node), attr);

	for (size_t i = 0; i < n; i++) {
		objs[i] = zone_alloc(z, ZONE_ZERO);
		ck_assert_ptr_nonnull(objs[i]);
		((struct node *)objs[i])->number = (unsigned)i;
	}
	return z;
}

START_TEST(every_live_object_once)
{
	zone_t *z = make_nodes(MANY, NULL);
	struct tally t = { .z = z };
	struct rng r = { 5 };
	size_t live = MANY;

	for (int round = 1; round <= 5; round++) {
		ck_assert_int_eq(zone_walk(z, mark, &t), 0);
		ck_assert_uint_eq(t.seen, live);
		for (size_t i = 0; i < MANY; i++)
			if (objs[i] != NULL)
				ck_assert_uint_eq(((struct node *)objs[i])->
				    seen, round);
		for (size_t i = 0; i < MANY; i++)
			if (objs[i] != NULL && rng_one_in(&r, 3)) {
				zone_free(z, objs[i]);
				objs[i] = NULL;
				live--;
			}
		t.seen = 0;
	}
}
END_TEST

START_TEST(other_shapes)
{
	static const struct { size_t size, limit; } shapes[] = {
		{ 48, 1000 }, { 1, 0 }, { 1000, 0 }, { 70000, 0 },
		{ 70000, 300 }
	};

	for (size_t i = 0; i < LEN(shapes); i++) {
		zone_t *z = make("shape", shapes[i].size < 48 ? 48 :
		    shapes[i].size, ATTR(.limit = shapes[i].limit));
		struct tally t = { .z = z };

		take_all(z, objs, 300);
		free_elsewhere(z, objs, 100);
		ck_assert_int_eq(zone_walk(z, mark, &t), 0);
		ck_assert_uint_eq(t.seen, 200);
	}
}
END_TEST

START_TEST(empty)
{
	zone_t *z = make("empty", 48, NULL);
	struct tally t = { .z = z };

	ck_assert_int_eq(zone_walk(z, mark, &t), 0);
	zone_free(z, take(z));
	ck_assert_int_eq(zone_walk(z, mark, &t), 0);
	ck_assert_uint_eq(t.seen, 0);
}
END_TEST

START_TEST(stops_when_told)
{
	zone_t *z = make_nodes(MANY, NULL);
	struct tally t = { .z = z };

	for (size_t n = 1; n < MANY; n = n * 3 + 1) {
		t.seen = 0;
		t.stop_after = n;
		ck_assert_int_eq(zone_walk(z, mark, &t), 42);
		ck_assert_uint_eq(t.seen, n);
	}
}
END_TEST

static int
free_it(void *obj, void *arg)
{
	struct tally *t = arg;

	t->seen++;
	zone_free(t->z, obj);
	return 0;
}

START_TEST(may_free_what_it_sees)
{
	zone_t *z = make_nodes(MANY, NULL);
	struct tally t = { .z = z };

	ck_assert_int_eq(zone_walk(z, free_it, &t), 0);
	ck_assert_uint_eq(t.seen, MANY);
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

/* Frees all that is left, and gives the memory back under the walk. */
static int
free_everything(void *obj, void *arg)
{
	struct tally *t = arg;

	(void)obj;
	t->seen++;
	for (size_t i = 0; i < MANY; i++)
		if (objs[i] != NULL) {
			zone_free(t->z, objs[i]);
			objs[i] = NULL;
		}
	zone_trim(t->z, ZONE_TRIM_CACHES);
	return 0;
}

START_TEST(may_free_everything)
{
	zone_t *z = make_nodes(MANY, NULL);
	struct tally t = { .z = z };

	ck_assert_int_eq(zone_walk(z, free_everything, &t), 0);
	/* The rest of one word may have been on the way. */
	ck_assert_uint_le(t.seen, 64);
	ck_assert_uint_eq(stats_of(z).slabs, 0);
}
END_TEST

static int
take_another(void *obj, void *arg)
{
	struct tally *t = arg;

	if (((struct node *)obj)->number != 0 && t->seen < MANY) {
		struct node *n = zone_alloc(t->z, ZONE_ZERO);

		MUST(n != NULL);
		t->seen++;
	}
	return 0;
}

START_TEST(may_allocate)
{
	zone_t *z = make_nodes(MANY / 2, NULL);
	struct tally t = { .z = z };

	ck_assert_int_eq(zone_walk(z, take_another, &t), 0);
	ck_assert_uint_eq(stats_of(z).live, MANY / 2 + t.seen);
}
END_TEST

/* What is live all the time is seen each time, whatever others do. */
static _Atomic(bool) stop;

static void *
churn(void *arg)
{
	void *mine[700];

	while (!stop) {
		for (size_t i = 0; i < LEN(mine); i++) {
			mine[i] = zone_alloc(arg, ZONE_ZERO);
			MUST(mine[i] != NULL);
		}
		zone_free_n(arg, mine, LEN(mine));
	}
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	uintptr_t p = *(const uintptr_t *)a, q = *(const uintptr_t *)b;

	return p < q ? -1 : p > q;
}

/* Looks at the address only: others write to their objects. */
static int
count_stable(void *obj, void *arg)
{
	if (bsearch(&obj, objs, STABLE, sizeof obj, compare) != NULL) {
		((struct node *)obj)->seen++;
		++*(size_t *)arg;
	}
	return 0;
}

START_TEST(while_others_work)
{
	zone_t *z = make_nodes(STABLE, NULL);
	pthread_t t[2];

	qsort(objs, STABLE, sizeof objs[0], compare);
	for (size_t i = 0; i < LEN(t); i++)
		start(&t[i], churn, z);
	for (unsigned round = 1; round <= 100; round++) {
		size_t seen = 0;

		ck_assert_int_eq(zone_walk(z, count_stable, &seen), 0);
		ck_assert_uint_eq(seen, STABLE);
		for (size_t i = 0; i < STABLE; i++)
			ck_assert_uint_eq(((struct node *)objs[i])->seen,
			    round);
		zone_trim(NULL, ZONE_TRIM_CACHES);
	}
	stop = true;
	for (size_t i = 0; i < LEN(t); i++)
		(void)join(t[i]);
}
END_TEST

/* Objects whose constructor has not run are no objects yet. */
static int
construct(void *obj, void *arg)
{
	((struct node *)obj)->number = 77;
	return *(int *)arg;
}

static int
check_constructed(void *obj, void *arg)
{
	MUST(((struct node *)obj)->number == 77);
	++*(size_t *)arg;
	return 0;
}

START_TEST(constructed_objects)
{
	int error = 0;
	zone_t *z = make("ctor", sizeof (struct node), ATTR(.ctor = construct,
	    .arg = &error));
	size_t seen = 0;

	take_all(z, objs, 1000);
	error = EPERM;
	ASSERT_FAILS(zone_alloc(z, 0), NULL, EPERM);
	ck_assert_int_eq(zone_walk(z, check_constructed, &seen), 0);
	ck_assert_uint_eq(seen, 1000);
}
END_TEST

static int
count_zone(zone_t *z, void *arg)
{
	struct tally *t = arg;

	MUST(strncmp(zone_name(z), "zone", 4) == 0);
	t->seen++;
	return t->seen == t->stop_after ? 42 : 0;
}

START_TEST(foreach_zone)
{
	zone_t *zones[100];
	struct tally t = { NULL, 0, 0 };

	ck_assert_int_eq(zone_foreach(count_zone, &t), 0);
	ck_assert_uint_eq(t.seen, 0);
	for (size_t i = 0; i < LEN(zones); i++) {
		zones[i] = make("zone", 4, NULL);
		(void)take(zones[i]);
	}
	ck_assert_int_eq(zone_foreach(count_zone, &t), 0);
	ck_assert_uint_eq(t.seen, LEN(zones));
	t.seen = 0;
	t.stop_after = 7;
	ck_assert_int_eq(zone_foreach(count_zone, &t), 42);
	ck_assert_uint_eq(t.seen, 7);
}
END_TEST

static int
replace_zone(zone_t *z, void *arg)
{
	++*(size_t *)arg;
	if (*(size_t *)arg <= 50) {
		MUST(zone_destroy(z, ZONE_NOW) == 0);
		(void)make("zone", 4, NULL);
	}
	return 0;
}

START_TEST(foreach_may_make_and_end_zones)
{
	struct tally t = { NULL, 0, 0 };
	size_t seen = 0;

	for (size_t i = 0; i < 50; i++)
		(void)make("zone", 4, NULL);
	ck_assert_int_eq(zone_foreach(replace_zone, &seen), 0);
	ck_assert_int_eq(zone_foreach(count_zone, &t), 0);
	ck_assert_uint_eq(t.seen, 50);
}
END_TEST

RUN_TESTS("walk", every_live_object_once, other_shapes, empty,
    stops_when_told, may_free_what_it_sees, may_free_everything,
    may_allocate, while_others_work, constructed_objects, foreach_zone,
    foreach_may_make_and_end_zones)
