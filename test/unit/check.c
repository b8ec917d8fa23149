/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.c - the walker finds what is wrong.  Each test breaks one invariant
 * and has to end with an assertion.
 */
#include "unit.h"

#include "../../lib/arena.h"
#include "../../lib/check.h"
#include "../../lib/thread.h"

enum { OBJECTS = 300 };

static zone_t *z;
static void *objs[OBJECTS];
static struct slab *d;
static struct tcache *tc;

/* A slab of ours with live and free objects in several words. */
static void
set_up(const struct zone_attr *attr)
{
	z = make("check", 64, attr);
	take_all(z, objs, OBJECTS);
	d = arena_find(objs[1]);
	tc = slab_owner(d);
	/* It is to stay ours, however much of it is free. */
	if (tc != NULL)
		tc->bounce = OBJECTS;
	for (int i = 0; i < OBJECTS; i += 3)
		zone_free(z, objs[i]);
	ck_assert_int_eq(zone_check_all(), 0);
	close(STDERR_FILENO);
}

START_TEST(sound)
{
	set_up(NULL);
	ck_assert_uint_ge(check_all(), 2);
	set_up(ATTR(.limit = OBJECTS));
	ck_assert_uint_ge(check_all(), 3);
}
END_TEST

START_TEST(free_and_remote)
{
	set_up(NULL);
	atomic_fetch_or(&d->map[0].remote, free_bits(d, 0));
	(void)check_all();
}
END_TEST

START_TEST(held_and_free)
{
	set_up(NULL);
	for (unsigned w = 0; w < slab_words(d); w++)
		if (tcache_held(tc, d, w) != 0)
			atomic_fetch_or(&d->map[w].free,
			    tcache_held(tc, d, w));
	(void)check_all();
}
END_TEST

START_TEST(object_beyond_the_last)
{
	zone_t *few = make("few", 60000, NULL);

	set_up(NULL);
	d = arena_find(take(few));
	if (d->state == UNIT_PART)
		d = arena_next(d, -(ptrdiff_t)d->units);
	atomic_fetch_or(&d->map[0].free, (uint64_t)1 << 63);
	(void)check_all();
}
END_TEST

START_TEST(summary_misses_a_word)
{
	set_up(NULL);
	store_relaxed(&d->summary, 0);
	(void)check_all();
}
END_TEST

START_TEST(pending_misses_a_word)
{
	set_up(NULL);
	atomic_fetch_or(&d->map[0].remote, 2);
	(void)check_all();
}
END_TEST

START_TEST(pending_without_announcement)
{
	set_up(NULL);
	atomic_fetch_or(&d->map[0].remote, 2);
	atomic_fetch_or(&d->pending, 1);
	(void)check_all();
}
END_TEST

START_TEST(wrong_place)
{
	set_up(NULL);
	d->place = PLACE_BUSY;
	(void)check_all();
}
END_TEST

START_TEST(no_place)
{
	set_up(NULL);
	d->place = PLACE_NONE;
	(void)check_all();
}
END_TEST

START_TEST(wrong_zone)
{
	zone_t *other = make("other", 64, NULL);

	set_up(NULL);
	d->zone = other;
	(void)check_all();
}
END_TEST

START_TEST(wrong_stride)
{
	set_up(NULL);
	d->stride = 32;
	(void)check_all();
}
END_TEST

START_TEST(wrong_count_of_slabs)
{
	set_up(NULL);
	z->nslabs++;
	(void)check_all();
}
END_TEST

START_TEST(wrong_count_of_free_slabs)
{
	set_up(NULL);
	z->nfree++;
	(void)check_all();
}
END_TEST

START_TEST(more_live_than_counted)
{
	set_up(ATTR(.limit = OBJECTS));
	z->live = 1;
	(void)check_all();
}
END_TEST

START_TEST(more_live_than_the_limit)
{
	set_up(ATTR(.limit = OBJECTS));
	z->limit = 10;
	(void)check_all();
}
END_TEST

START_TEST(cache_with_a_foreign_slab)
{
	set_up(NULL);
	store_relaxed(&d->owner, 0);
	(void)check_all();
}
END_TEST

START_TEST(part_lost)
{
	zone_t *large = make("large", 60000, NULL);
	char *p;

	set_up(NULL);
	p = take(large);
	while (arena_find(p)->state != UNIT_PART)
		p += UNIT_SIZE;
	arena_find(p)->units++;
	(void)check_all();
}
END_TEST

START_TEST(run_without_end)
{
	zone_t *large = make("large", 60000, NULL);
	struct slab *run;
	void *p;

	set_up(NULL);
	p = take(large);
	run = arena_find(p);
	zone_free(large, p);
	zone_trim(large, ZONE_TRIM_CACHES);
	ck_assert_int_eq(run->state, UNIT_FREE);
	run->units--;
	(void)check_all();
}
END_TEST

/* What was given back, for real: nothing is wrong with that. */
START_TEST(holes_are_sound)
{
	set_up(ATTR(.limit = OBJECTS));
	memset((void *)d->base, 1, UNIT_SIZE);
	for (int i = 0; i < OBJECTS; i++)
		if (i % 3 != 0 && i > 10)
			zone_free(z, objs[i]);
	ck_assert_uint_gt(zone_trim(z, ZONE_TRIM_CACHES), 0);
	ck_assert_uint_ne(d->given, 0);
	(void)check_all();
	take_all(z, objs + 20, 100);
	(void)check_all();
}
END_TEST

START_TEST(given_in_an_owned_slab)
{
	zone_t *whole = make("whole", 4096, NULL);
	void *p = take(whole);

	set_up(NULL);
	zone_free(whole, p);
	d = arena_find(p);
	ck_assert_ptr_nonnull(slab_owner(d));
	d->given = 1;
	(void)check_all();
}
END_TEST

/* The same in a unit that is not the first. */
START_TEST(given_in_an_owned_part)
{
	zone_t *large = make("large", 60000, NULL);
	char *p;

	set_up(NULL);
	p = take(large);
	while (arena_find(p)->state != UNIT_PART)
		p += UNIT_SIZE;
	arena_find(p)->given = 2;
	(void)check_all();
}
END_TEST

START_TEST(given_and_live)
{
	set_up(ATTR(.limit = OBJECTS));
	d->given = 1;
	(void)check_all();
}
END_TEST

/* Live, but for one page that its first object only reaches into. */
START_TEST(given_and_partly_live)
{
	zone_t *odd = make("odd", 5000, ATTR(.limit = OBJECTS));

	set_up(NULL);
	take_all(odd, objs, 3);
	d = arena_find(objs[0]);
	ck_assert_ptr_eq(objs[0], (void *)d->base);
	zone_free(odd, objs[1]);
	zone_free(odd, objs[2]);
	d->given = 1 << 1;
	(void)check_all();
}
END_TEST

static int
construct(void *p, void *arg)
{
	(void)arg;
	memset(p, 1, 64);
	return 0;
}

START_TEST(given_and_constructed)
{
	set_up(ATTR(.limit = OBJECTS, .ctor = construct));
	for (int i = 0; i < OBJECTS; i++)
		if (i % 3 != 0 && i < 200)
			zone_free(z, objs[i]);
	ck_assert_ptr_nonnull(d->built);
	d->given = 1;
	(void)check_all();
}
END_TEST

START_TEST(ready_miscounted)
{
	set_up(NULL);
	tc->nready++;
	/* Or the sum below would be wrong too. */
	tc->nowned++;
	(void)check_all();
}
END_TEST

START_TEST(wrong_span)
{
	set_up(NULL);
	tc->span += 64;
	(void)check_all();
}
END_TEST

START_TEST(owned_miscounted)
{
	set_up(NULL);
	tc->nowned++;
	(void)check_all();
}
END_TEST

/* On no list of the cache, and not counted there. */
START_TEST(owned_and_forgotten)
{
	set_up(NULL);
	if (tc->active == d)
		tc->active = NULL;
	else if (tc->alternate == d)
		tc->alternate = NULL;
	else
		list_remove(&d->link);
	tc->nready -= d->place == PLACE_READY;
	tc->nowned--;
	(void)check_all();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { sound, holes_are_sound };
	const TTest *const deaths[] = {
		free_and_remote, held_and_free, object_beyond_the_last,
		summary_misses_a_word, pending_misses_a_word,
		pending_without_announcement, wrong_place, no_place,
		wrong_zone, wrong_stride, wrong_count_of_slabs,
		wrong_count_of_free_slabs, more_live_than_counted,
		more_live_than_the_limit, cache_with_a_foreign_slab,
		part_lost, run_without_end, given_in_an_owned_slab,
		given_in_an_owned_part, given_and_live, given_and_partly_live,
		given_and_constructed, ready_miscounted, owned_miscounted,
		owned_and_forgotten, wrong_span
	};

	return api_run("check", tests, LEN(tests)) |
	    api_run_deaths("check-finds", deaths, LEN(deaths));
}
