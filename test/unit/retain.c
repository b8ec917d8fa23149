/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * retain.c - how much may stay.  Time passes by setting the clock of the
 * struct back; a real second is never waited for.
 */
#include "unit.h"

#include "../../lib/os.h"
#include "../../lib/retain.h"

#define FLOOR	(512 * KIB)

static struct retention r;

static void
pass(uint64_t ms)
{
	r.gave_ms -= ms;
	r.widened_ms -= ms;
}

START_TEST(floor_and_share)
{
	ck_assert_uint_eq(retain_floor(0), FLOOR);
	ck_assert_uint_eq(retain_floor(MIB), FLOOR);
	ck_assert_uint_eq(retain_floor(16 * MIB), FLOOR);
	ck_assert_uint_eq(retain_floor(32 * MIB), MIB);
	ck_assert_uint_eq(retain_floor((size_t)1 << 40), (size_t)1 << 35);
	for (size_t used = 0; used < 64 * MIB; used += 777777)
		ck_assert_uint_eq(retain_bound(&r, used), retain_floor(used));
}
END_TEST

/* What came back widens, once, by what went and by no more. */
START_TEST(widened_by_what_came_back)
{
	retain_wanted(&r, MIB);
	ck_assert_uint_eq(retain_bound(&r, 0), FLOOR);
	retain_gave(&r, 3 * MIB);
	ck_assert_uint_eq(retain_bound(&r, 0), FLOOR);
	ck_assert_uint_eq(retain_wanted(&r, MIB), MIB);
	ck_assert_uint_eq(retain_bound(&r, 0), FLOOR + MIB);
	ck_assert_uint_eq(retain_wanted(&r, 10 * MIB), 2 * MIB);
	ck_assert_uint_eq(retain_bound(&r, 0), FLOOR + 3 * MIB);
	retain_wanted(&r, 10 * MIB);
	ck_assert_uint_eq(retain_bound(&r, 0), FLOOR + 3 * MIB);
	ck_assert_uint_eq(retain_bound(&r, 320 * MIB), 13 * MIB);
}
END_TEST

START_TEST(gifts_add_up)
{
	retain_gave(&r, MIB);
	retain_gave(&r, MIB);
	retain_wanted(&r, 5 * MIB);
	ck_assert_uint_eq(retain_bound(&r, 0), FLOOR + 2 * MIB);
}
END_TEST

/* Wanted too late: what went was not missed. */
START_TEST(late_demand_is_new_demand)
{
	retain_gave(&r, MIB);
	pass(RETAIN_MS + 200);
	retain_wanted(&r, MIB);
	ck_assert_uint_eq(retain_bound(&r, 0), FLOOR);
	/* It is forgotten, even if more goes at once. */
	retain_gave(&r, MIB);
	retain_wanted(&r, 2 * MIB);
	ck_assert_uint_eq(retain_bound(&r, 0), FLOOR + MIB);
}
END_TEST

START_TEST(old_gifts_do_not_add_up)
{
	retain_gave(&r, MIB);
	pass(RETAIN_MS + 200);
	retain_gave(&r, 2 * MIB);
	retain_wanted(&r, 10 * MIB);
	ck_assert_uint_eq(retain_bound(&r, 0), FLOOR + 2 * MIB);
}
END_TEST

/* Half with each RETAIN_MS in which nothing moves, down to nothing. */
START_TEST(halves)
{
	size_t bounce = 8 * MIB;

	retain_gave(&r, bounce);
	retain_wanted(&r, bounce);
	while (bounce != 0) {
		ck_assert_uint_eq(retain_bound(&r, 0), FLOOR + bounce);
		pass(RETAIN_MS + 200);
		bounce /= 2;
		ck_assert_uint_eq(retain_bound(&r, 0), FLOOR + bounce);
	}
	pass(RETAIN_MS + 200);
	ck_assert_uint_eq(retain_bound(&r, 0), FLOOR);
}
END_TEST

/* Giving alone does not keep it up. */
START_TEST(halves_while_giving)
{
	retain_gave(&r, 8 * MIB);
	retain_wanted(&r, 8 * MIB);
	for (int i = 0; i < 60; i++) {
		pass(RETAIN_MS / 2);
		retain_gave(&r, KIB);
		(void)retain_bound(&r, 0);
	}
	ck_assert_uint_lt(retain_bound(&r, 0), FLOOR + KIB);
}
END_TEST

/* A swing keeps it up: halved only when it has rested. */
START_TEST(swinging)
{
	retain_gave(&r, MIB);
	retain_wanted(&r, MIB);
	for (int i = 0; i < 20; i++) {
		pass(RETAIN_MS / 2);
		retain_gave(&r, KIB);
		ck_assert_uint_ge(retain_bound(&r, 0), FLOOR + MIB);
		retain_wanted(&r, KIB);
	}
	ck_assert_uint_eq(retain_bound(&r, 0), FLOOR + MIB + 20 * KIB);
}
END_TEST

/* Pages that come back slowly cost nothing; fast, they widen, and fade. */
START_TEST(churning)
{
	struct churn c = { .halved_ms = os_coarse_ms() };

	ck_assert_uint_eq(retain_churn(&c, 64 * MIB), 0);
	retain_came_back(&c, 16 * MIB);
	ck_assert_uint_eq(retain_churn(&c, 64 * MIB), 0);
	retain_came_back(&c, 3 * MIB);
	ck_assert_uint_eq(retain_churn(&c, 64 * MIB), 3 * MIB);
	retain_came_back(&c, 45 * MIB);
	ck_assert_uint_eq(retain_churn(&c, 64 * MIB), 8 * MIB);
	c.halved_ms -= CHURN_MS;
	ck_assert_uint_eq(retain_churn(&c, 64 * MIB), 8 * MIB);
	c.halved_ms -= CHURN_MS;
	ck_assert_uint_eq(retain_churn(&c, 64 * MIB), 0);
	ck_assert_uint_eq(retain_churn(&c, 32 * MIB), 4 * MIB);
	c.halved_ms -= 100 * (uint64_t)CHURN_MS;
	ck_assert_uint_eq(retain_churn(&c, MIB), 0);
	/* A storm widens by all that is above what is used. */
	retain_came_back(&c, 32 * MIB);
	ck_assert_uint_eq(retain_churn(&c, 32 * MIB), 4 * MIB);
	retain_came_back(&c, 10 * MIB);
	ck_assert_uint_eq(retain_churn(&c, 32 * MIB), 14 * MIB);
	c.halved_ms -= CHURN_MS;
	ck_assert_uint_eq(retain_churn(&c, 32 * MIB), 4 * MIB);
}
END_TEST

/* Losing an update is allowed, losing the bound is not. */
static void *
swing(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20000; i++) {
		retain_gave(&r, KIB);
		retain_wanted(&r, KIB);
		MUST(retain_bound(&r, 0) >= FLOOR);
	}
	return NULL;
}

START_TEST(by_many_threads)
{
	pthread_t t[4];

	for (size_t i = 0; i < LEN(t); i++)
		start(&t[i], swing, NULL);
	for (size_t i = 0; i < LEN(t); i++)
		(void)join(t[i]);
	ck_assert_uint_le(retain_bound(&r, 0), FLOOR + LEN(t) * 20000 * KIB);
	/* And then it all wears off. */
	for (int i = 0; i < 64; i++) {
		pass(RETAIN_MS + 200);
		(void)retain_bound(&r, 0);
	}
	ck_assert_uint_eq(retain_bound(&r, 0), FLOOR);
}
END_TEST

RUN_TESTS("retain", floor_and_share, widened_by_what_came_back, gifts_add_up,
    late_demand_is_new_demand, old_gifts_do_not_add_up, halves,
    halves_while_giving, swinging,
    churning, by_many_threads)
