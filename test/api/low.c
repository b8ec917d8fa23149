/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * low.c - little memory: what is made ready for it, who is asked to free when
 * it has come, and who waits until it is over.
 */
#include "api.h"
#include "famine.h"

#include <sched.h>
#include <stdatomic.h>

enum { MOST = 100000 };

static void *objs[MOST], *more[MOST];

START_TEST(fill)
{
	static const size_t sizes[] = { 16, 100, 1000, 70000 };

	for (size_t i = 0; i < LEN(sizes); i++) {
		zone_t *z = make("fill", sizes[i], NULL);
		size_t n = MIB / sizes[i], slabs;

		ck_assert_int_eq(zone_fill(z, 0), 0);
		ck_assert_uint_eq(stats_of(z).slabs, 0);
		ck_assert_int_eq(zone_fill(z, n), 0);
		slabs = stats_of(z).slabs;
		ck_assert_uint_ge(stats_of(z).capacity, n);
		ck_assert_uint_eq(stats_of(z).slabs_free, slabs);
		ck_assert_uint_eq(stats_of(z).bytes_untouched, 0);
		/* Ready already. */
		ck_assert_int_eq(zone_fill(z, n), 0);
		ck_assert_uint_eq(stats_of(z).slabs, slabs);
		/* They stay, whatever passes by ... */
		(void)zone_trim(NULL, ZONE_TRIM_EXCESS);
		zone_free(z, take(z));
		ck_assert_uint_eq(stats_of(z).slabs, slabs);
		api_verify();
		/* ... until they are used. */
		take_all(z, objs, n);
		ck_assert_uint_eq(stats_of(z).slabs, slabs);
		zone_free_n(z, objs, n);
		ck_assert_uint_eq(stats_of(z).live, 0);
		(void)zone_trim(z, ZONE_TRIM_CACHES);
		ck_assert_uint_eq(stats_of(z).slabs, 0);

		/* Or until they are trimmed. */
		ck_assert_int_eq(zone_fill(z, n), 0);
		(void)zone_trim(z, ZONE_TRIM_FREE);
		ck_assert_uint_eq(stats_of(z).slabs, 0);
		ck_assert_int_eq(zone_fill(z, n), 0);
		api_verify();
		ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
	}
}
END_TEST

START_TEST(fill_refused)
{
	zone_t *z = make("limited", 100, ATTR(.limit = 50));

	ASSERT_FAILS(zone_fill(z, 51), -1, ENOSPC);
	ASSERT_FAILS(zone_fill(NULL, 1), -1, EINVAL);
	ck_assert_int_eq(zone_fill(z, 50), 0);
	z = make("huge", MIB, NULL);
	ASSERT_FAILS(zone_fill(z, SIZE_MAX), -1, ENOMEM);
	ASSERT_FAILS(zone_fill(z, (size_t)1 << 40), -1, ENOMEM);
	ck_assert_uint_eq(stats_of(z).slabs, 0);
}
END_TEST

/* Taken one by one under the zone's lock, they stay as well. */
START_TEST(fill_with_a_limit)
{
	zone_t *z = make("limited", 1000, ATTR(.limit = 500));

	ck_assert_int_eq(zone_fill(z, 500), 0);
	for (size_t n = 1; n <= 500; n += 37) {
		take_all(z, objs, n);
		api_verify();
		zone_free_n(z, objs, n);
		api_verify();
	}
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}
END_TEST

ZONE_DEFINE(filled, "filled", char[48]);

START_TEST(fill_makes_a_static_zone)
{
	ck_assert_int_eq(zone_fill(filled, 100), 0);
	ck_assert_uint_eq(stats_of(filled).slabs_free, 1);
}
END_TEST

/* What was filled needs nothing of the system. */
START_TEST(fill_for_famine)
{
	zone_t *z = make("fill", 500, NULL);

	ck_assert_int_eq(zone_fill(z, 5000), 0);
	famine_begin();
	for (size_t i = 0; i < 5000; i++) {
		objs[i] = zone_alloc(z, i % 2 == 0 ? 0 : ZONE_NOWAIT);
		ck_assert_ptr_nonnull(objs[i]);
		memset(objs[i], 1, 500);
	}
	ASSERT_FAILS(zone_fill(z, 100000), -1, ENOMEM);
}
END_TEST

/* The slabs that are ready, as many as were asked for after a while. */
static void
take_until_ready(zone_t *z, size_t *n, size_t slabs)
{
	size_t most = *n + 50;

	while (stats_of(z).slabs_free < slabs) {
		ck_assert_uint_lt(*n, most);
		/* The slow path, however much the thread holds. */
		(void)zone_trim(z, ZONE_TRIM_CACHES);
		objs[(*n)++] = take(z);
	}
}

START_TEST(min_free_slabs)
{
	zone_t *z = make("ready", 1000, ATTR(.min_free_slabs = 3));
	size_t n = 0;

	for (int round = 0; round < 10; round++) {
		take_until_ready(z, &n, 3);
		api_verify();
		(void)zone_trim(z, ZONE_TRIM_FREE);
		(void)zone_trim(NULL, ZONE_TRIM_CACHES);
		ck_assert_uint_ge(stats_of(z).slabs_free, 3);
		take_all(z, objs + n, 300);
		n += 300;
	}
	zone_free_n(z, objs, n);
	(void)zone_trim(z, ZONE_TRIM_CACHES);
	ck_assert_uint_eq(stats_of(z).slabs_free, stats_of(z).slabs);
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}
END_TEST

/* They are there without a call to the system, and in memory. */
START_TEST(min_free_slabs_in_famine)
{
	zone_t *z = make("ready", 1000, ATTR(.min_free_slabs = 4));
	size_t n = 0, most;

	take_until_ready(z, &n, 4);
	ck_assert_uint_le(stats_of(z).bytes_untouched, SLAB);
	famine_begin();
	for (most = n + 4 * 64; n < most; n++) {
		objs[n] = zone_alloc(z, ZONE_NOWAIT);
		ck_assert_ptr_nonnull(objs[n]);
	}
	(void)use_up(z, objs, MOST);
	api_verify();
}
END_TEST

struct hoard {
	zone_t	*z;
	size_t	 n, calls, bytes;
	bool	 inside;
};

/* Frees an eighth of what it has, and something of its own meanwhile. */
static size_t
let_go(zone_t *z, size_t bytes, void *arg)
{
	struct hoard *h = arg;
	size_t some = h->n / 8 + (h->n != 0);
	void *p;

	ck_assert(!h->inside);
	h->inside = true;
	h->calls++;
	h->bytes = bytes;
	/* Memory is short: this one asks nobody again. */
	p = zone_alloc(z, ZONE_RESERVE);
	if (p != NULL)
		zone_free(z, p);
	for (size_t i = 0; i < some; i++)
		zone_free(h->z, more[--h->n]);
	h->inside = false;
	errno = EDOM;
	return some * 1000;
}

START_TEST(callbacks)
{
	struct hoard h = { make("hoard", 1000, NULL), 3000, 0, 0, false };
	zone_t *z = make("wants", 200, ATTR(.reserve = 10));
	size_t n;

	take_all(h.z, more, h.n);
	famine_begin();
	n = use_up(z, objs, MOST);
	ck_assert_int_eq(zone_on_pressure(let_go, &h), 0);
	objs[n] = zone_alloc(z, 0);
	ck_assert_ptr_nonnull(objs[n]);
	ck_assert_uint_ge(h.calls, 1);
	ck_assert_uint_ge(h.bytes, 200);
	ck_assert_uint_eq(stats_of(z).reserve_free, 10);
	api_verify();

	/* Until what it frees, with little left, is too little to be of use. */
	for (n++; (objs[n] = zone_alloc(z, 0)) != NULL;)
		n++;
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_uint_lt(h.n, 65);
	ck_assert_uint_le(stats_of(h.z).slabs, 2);

	ck_assert_int_eq(zone_on_pressure(NULL, &h), 0);
	h.calls = 0;
	ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOMEM);
	ck_assert_uint_eq(h.calls, 0);
}
END_TEST

static size_t
remove_self(zone_t *z, size_t bytes, void *arg)
{
	struct hoard *h = arg;

	(void)z;
	(void)bytes;
	h->calls++;
	ck_assert_int_eq(zone_on_pressure(NULL, arg), 0);
	return 0;
}

START_TEST(callback_removes_itself)
{
	zone_t *z = make("wants", 200, NULL);
	struct hoard h = { .calls = 0 };

	ck_assert_int_eq(zone_on_pressure(remove_self, &h), 0);
	famine_begin();
	(void)use_up(z, objs, MOST);
	ck_assert_uint_eq(h.calls, 1);
	ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOMEM);
	ck_assert_uint_eq(h.calls, 1);
	ASSERT_FAILS(zone_on_pressure(NULL, &h), -1, ENOENT);
}
END_TEST

START_TEST(as_many_callbacks_as_there_is_room_for)
{
	static struct hoard h[17];

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 16; i++)
			ck_assert_int_eq(zone_on_pressure(let_go, &h[i]), 0);
		ASSERT_FAILS(zone_on_pressure(let_go, &h[16]), -1, ENOSPC);
		for (size_t i = 0; i < 16; i++)
			ck_assert_int_eq(zone_on_pressure(NULL, &h[i]), 0);
		ASSERT_FAILS(zone_on_pressure(NULL, &h[3]), -1, ENOENT);
	}
	/* Those of one argument go together. */
	ck_assert_int_eq(zone_on_pressure(let_go, &h[0]), 0);
	ck_assert_int_eq(zone_on_pressure(remove_self, &h[0]), 0);
	ck_assert_int_eq(zone_on_pressure(NULL, &h[0]), 0);
	ASSERT_FAILS(zone_on_pressure(NULL, &h[0]), -1, ENOENT);
}
END_TEST

static zone_t *wanted;
static _Atomic(bool) hungry, done;

/* A word to see that ends when the argument does. */
static size_t
read_arg(zone_t *z, size_t bytes, void *arg)
{
	_Atomic(int) *alive = arg;

	(void)z;
	(void)bytes;
	for (int i = 0; i < 10; i++) {
		MUST(atomic_load(alive) == 1);
		sched_yield();
	}
	return 0;
}

static void *
starve(void *arg)
{
	while (!hungry)
		sched_yield();
	while (!done)
		MUST(zone_alloc(wanted, 0) == NULL);
	return arg;
}

/* When it has been removed it is not running any more, anywhere. */
START_TEST(removed_is_over)
{
	static _Atomic(int) alive[3];
	pthread_t t[2];

	wanted = make("wanted", 100, NULL);
	hungry = done = false;
	for (size_t i = 0; i < LEN(t); i++)
		start(&t[i], starve, NULL);
	famine_begin();
	(void)use_up(wanted, objs, MOST);
	hungry = true;
	for (int i = 0; i < 300; i++) {
		size_t k = (size_t)i % LEN(alive);

		atomic_store(&alive[k], 1);
		MUST(zone_on_pressure(read_arg, &alive[k]) == 0);
		sched_yield();
		MUST(zone_on_pressure(NULL, &alive[k]) == 0);
		atomic_store(&alive[k], 0);
	}
	done = true;
	for (size_t i = 0; i < LEN(t); i++)
		(void)join(t[i]);
}
END_TEST

/* Waits at the limit, in turn with others, and never fails. */
static void *
take_turns(void *arg)
{
	for (int i = 0; i < 200; i++) {
		void *p = zone_alloc(arg, ZONE_NOFAIL | ZONE_ZERO);

		MUST(p != NULL && is_zero(p, 40));
		memset(p, 7, 40);
		sched_yield();
		zone_free(arg, p);
	}
	return NULL;
}

START_TEST(nofail_at_a_limit)
{
	zone_t *z = make("turns", 40, ATTR(.limit = 2));
	pthread_t t[4];

	for (size_t i = 0; i < LEN(t); i++)
		start(&t[i], take_turns, z);
	for (size_t i = 0; i < LEN(t); i++)
		(void)join(t[i]);
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

static size_t held;

static void *
free_when_asked(void *arg)
{
	while (!done)
		sched_yield();
	zone_free_n(arg, more, held);
	return NULL;
}

/* Who waits asks the callbacks too: this one has another thread free. */
static size_t
ask_other(zone_t *z, size_t bytes, void *arg)
{
	(void)z;
	(void)bytes;
	(void)arg;
	done = true;
	return 0;
}

START_TEST(nofail_until_another_frees)
{
	zone_t *other = make("other", 1000, NULL);
	zone_t *z = make("nofail", 200, ATTR(.flags = ZONE_NOFAIL));
	zone_t *same = make("fails", 200, NULL);
	pthread_t t;

	held = 2000;
	take_all(other, more, held);
	done = false;
	start(&t, free_when_asked, other);
	famine_begin();
	(void)use_up(same, objs, MOST);
	ck_assert_int_eq(zone_on_pressure(ask_other, NULL), 0);
	objs[0] = zone_alloc(z, 0);
	ck_assert_ptr_nonnull(objs[0]);
	(void)join(t);
}
END_TEST

START_TEST(nofail_with_nowait)
{
	zone_t *z = make("both", 8, ATTR(.flags = ZONE_NOWAIT));

	ASSERT_FAILS(zone_alloc(z, ZONE_NOFAIL), NULL, EINVAL);
	z = make("nofail", 8, ATTR(.flags = ZONE_NOFAIL));
	ASSERT_FAILS(zone_alloc(z, ZONE_NOWAIT), NULL, EINVAL);
	zone_free(z, take(z));
	ASSERT_FAILS(zone_create("both", 8, ATTR(.flags = ZONE_NOFAIL |
	    ZONE_NOWAIT)), NULL, EINVAL);
}
END_TEST

int
main(void)
{
	const TTest *const anywhere[] = {
		fill, fill_refused, fill_with_a_limit, fill_makes_a_static_zone,
		min_free_slabs,
		as_many_callbacks_as_there_is_room_for, nofail_at_a_limit,
		nofail_with_nowait
	};
	const TTest *const in_famine[] = {
		fill_for_famine, min_free_slabs_in_famine, callbacks,
		callback_removes_itself, removed_is_over,
		nofail_until_another_frees
	};
	int failed = api_run("low", anywhere, LEN(anywhere));

	if (!famine_is_possible())
		printf("partly skipped: memory cannot be refused here\n");
	else
		failed |= api_run("low-in-famine", in_famine,
		    LEN(in_famine));
	return failed;
}
