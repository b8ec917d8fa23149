/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * define.c - ZONE_DEFINE: zones that exist before main.
 */
#include "api.h"

enum { THREADS = 8 };

struct node {
	struct node *next;
	char	     text[20];
};

ZONE_DEFINE(nodes, "node", struct node);
ZONE_DEFINE(lines, "line", char[64], .align = 256, .flags = ZONE_ZERO);
ZONE_DEFINE(few, "few", int, .limit = 3);
ZONE_DEFINE(broken, "broken", int, .align = 3);
ZONE_DEFINE(unused, "unused", int);

static void *before_main;

__attribute__((__constructor__)) static void
construct(void)
{
	before_main = zone_alloc(lines, 0);
}

static int
count_name(zone_t *z, void *arg)
{
	const char *name = *(const char **)arg;

	return strcmp(zone_name(z), name) == 0;
}

static bool
exists(const char *name)
{
	return zone_foreach(count_name, &name) != 0;
}

START_TEST(works_before_main)
{
	ck_assert_ptr_nonnull(before_main);
	ck_assert_uint_eq((uintptr_t)before_main % 256, 0);
	ck_assert(is_zero(before_main, 64));
	ck_assert_int_eq(zone_holds(lines, before_main), 1);
	zone_free(lines, before_main);
	ck_assert_uint_eq(stats_of(lines).live, 0);
}
END_TEST

START_TEST(created_when_first_used)
{
	struct node *n;

	ck_assert(!exists("node"));
	ck_assert_str_eq(zone_name(nodes), "node");
	ck_assert_uint_eq(zone_size(nodes), sizeof (struct node));
	ck_assert_int_eq(zone_holds(nodes, &n), 0);
	ck_assert(!exists("node"));
	n = take(nodes);
	ck_assert(exists("node"));
	ck_assert_int_eq(zone_holds(nodes, n), 1);
	ck_assert_str_eq(zone_name(zone_of(n)), "node");
	ck_assert_uint_eq(zone_size(zone_of(n)), sizeof (struct node));
	zone_free(nodes, n);
}
END_TEST

static int
never(void *obj, void *arg)
{
	(void)obj;
	(void)arg;
	ck_abort_msg("called");
	return 1;
}

/* What needs no zone makes none. */
START_TEST(questions_about_an_unused_one)
{
	ck_assert_int_eq(zone_walk(unused, never, NULL), 0);
	ck_assert_uint_eq(zone_trim(unused, ZONE_TRIM_CACHES), 0);
	zone_free(unused, NULL);
	ck_assert(!exists("unused"));
	ck_assert_uint_eq(stats_of(unused).live, 0);
	ck_assert_uint_eq(stats_of(unused).size, sizeof (int));
}
END_TEST

START_TEST(both_names_of_a_zone)
{
	struct node *n = take(nodes);
	zone_t *real = zone_of(n);

	ck_assert_int_eq(zone_holds(real, n), 1);
	ck_assert_uint_eq(stats_of(real).live, 1);
	zone_free(real, n);
	zone_free(nodes, take(real));
	ck_assert_uint_eq(stats_of(nodes).live, 0);
}
END_TEST

START_TEST(attributes_count)
{
	void *p[3];

	take_all(few, p, 3);
	ASSERT_FAILS(zone_alloc(few, 0), NULL, ENOSPC);
	zone_free_n(few, p, 3);
	ck_assert_uint_eq((uintptr_t)take(lines) % 256, 0);
}
END_TEST

START_TEST(one_that_cannot_be_made)
{
	struct zone_stats st = { .stats_size = sizeof st };
	void *p;

	for (int i = 0; i < 3; i++) {
		ASSERT_FAILS(zone_alloc(broken, 0), NULL, EINVAL);
		ASSERT_FAILS(zone_alloc_n(broken, &p, 1, 0), 0, EINVAL);
		ASSERT_FAILS(zone_stats(broken, &st), -1, EINVAL);
	}
	ck_assert(!exists("broken"));
}
END_TEST

/* Too many zones: this call fails, a later one need not. */
START_TEST(later_when_there_is_room)
{
	static zone_t *zones[4096];
	size_t n = 0;

	while ((zones[n] = zone_create("filler", 8, NULL)) != NULL)
		n++;
	ck_assert_int_eq(errno, ENOSPC);
	ASSERT_FAILS(zone_alloc(nodes, 0), NULL, ENOSPC);
	ASSERT_FAILS(zone_alloc(nodes, ZONE_ZERO), NULL, ENOSPC);
	ck_assert_int_eq(zone_destroy(zones[n / 2], ZONE_NOW), 0);
	zone_free(nodes, take(nodes));
}
END_TEST

struct race {
	pthread_barrier_t barrier;
	void		 *p[THREADS];
};

struct racer {
	struct race *race;
	int	     number;
};

static void *
use_first(void *arg)
{
	struct racer *r = arg;
	void *p;

	pthread_barrier_wait(&r->race->barrier);
	r->race->p[r->number] = take(nodes);
	/* There are more threads than it may have objects. */
	p = zone_alloc(few, 0);
	MUST(p != NULL || errno == ENOSPC);
	zone_free(few, p);
	return NULL;
}

/* However many threads use it first, there is one zone. */
START_TEST(concurrent_first_use)
{
	struct race race;
	struct racer racers[THREADS];
	pthread_t t[THREADS];

	pthread_barrier_init(&race.barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){ &race, i };
		start(&t[i], use_first, &racers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		(void)join(t[i]);
	for (int i = 1; i < THREADS; i++)
		ck_assert_ptr_eq(zone_of(race.p[i]), zone_of(race.p[0]));
	ck_assert_uint_eq(stats_of(nodes).live, THREADS);
	zone_free_n(nodes, race.p, THREADS);
}
END_TEST

static unsigned errors;
static enum zone_error last_error;

static void
note(enum zone_error e, zone_t *z, void *obj, void *arg)
{
	(void)z;
	(void)obj;
	(void)arg;
	errors++;
	last_error = e;
}

START_TEST(freed_into_an_unused_one)
{
	struct node *n = take(nodes);

	on_error(note, NULL);
	zone_free(unused, n);
	ck_assert_uint_eq(errors, 1);
	ck_assert_int_eq(last_error, ZONE_WRONG_ZONE);
	ck_assert_int_eq(zone_holds(nodes, n), 1);
	zone_free(unused, &errors);
	ck_assert_uint_eq(errors, 2);
	ck_assert_int_eq(last_error, ZONE_FOREIGN);
	zone_free(broken, n);
	ck_assert_uint_eq(errors, 3);
	zone_free(nodes, n);
}
END_TEST

START_TEST(destroyed)
{
	void *p[2];

	take_all(nodes, p, 2);
	on_error(note, NULL);
	ASSERT_FAILS(zone_destroy(nodes, ZONE_IF_EMPTY), -1, EBUSY);
	ck_assert_uint_eq(errors, 2);
	ck_assert_int_eq(last_error, ZONE_LIVE_OBJECT);
	ck_assert_int_eq(zone_destroy(nodes, ZONE_NOW), 0);
	ck_assert(!exists("node"));
	zone_free(nodes, p[0]);
	ck_assert_uint_eq(errors, 3);
	ck_assert_int_eq(last_error, ZONE_STALE);
}
END_TEST

START_TEST(destroyed_when_empty)
{
	void *p[2];

	take_all(nodes, p, 2);
	ck_assert_int_eq(zone_destroy(nodes, ZONE_WHEN_EMPTY), 0);
	zone_free(nodes, p[1]);
	ck_assert(exists("node"));
	zone_free(nodes, p[0]);
	ck_assert(!exists("node"));
}
END_TEST

RUN_TESTS("define", works_before_main, created_when_first_used,
    questions_about_an_unused_one, both_names_of_a_zone, attributes_count,
    one_that_cannot_be_made, later_when_there_is_room, concurrent_first_use,
    freed_into_an_unused_one, destroyed, destroyed_when_empty)
