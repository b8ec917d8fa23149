/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reserve.c - objects laid by for ZONE_RESERVE: as many as were asked for, in
 * any thread, while the system refuses every byte; nobody else gets them; they
 * come back when they are freed, and are made anew when they do not.
 */
#include "api.h"
#include "famine.h"

#include <stdatomic.h>
#include <time.h>

enum { MOST = 20000, THREADS = 4 };

static void *objs[MOST], *dug[MOST];

START_TEST(is_there_from_the_start)
{
	static const size_t sizes[] = { 8, 100, 1000, 5000, 200000 };
	static const size_t counts[] = { 1, 7, 64, 65, 200 };

	for (size_t i = 0; i < LEN(sizes); i++)
		for (size_t k = 0; k < LEN(counts); k++) {
			zone_t *z = make("laid-by", sizes[i],
			    ATTR(.reserve = counts[k]));
			struct zone_stats st = stats_of(z);

			ck_assert_uint_eq(st.reserve, counts[k]);
			ck_assert_uint_eq(st.reserve_free, counts[k]);
			ck_assert_uint_eq(st.live, 0);
			ck_assert_uint_ge(st.bytes_resident,
			    counts[k] * sizes[i]);
			ck_assert_uint_eq(st.bytes_resident, st.bytes_live +
			    st.bytes_cached + st.bytes_shared +
			    st.bytes_held + st.bytes_slack);
			api_verify();
			zone_trim(NULL, ZONE_TRIM_CACHES);
			ck_assert_uint_eq(stats_of(z).reserve_free, counts[k]);
			ck_assert_uint_ge(stats_of(z).bytes_resident,
			    counts[k] * sizes[i]);
			ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
		}
}
END_TEST

/* While there is memory nobody needs it. */
START_TEST(is_not_used_without_need)
{
	zone_t *z = make("plenty", 100, ATTR(.reserve = 10));

	for (size_t i = 0; i < 5000; i++)
		objs[i] = zone_alloc(z, i % 2 == 0 ? ZONE_RESERVE : 0);
	ck_assert_uint_eq(stats_of(z).reserve_free, 10);
	ck_assert_uint_eq(stats_of(z).live, 5000);
	zone_free_n(z, objs, 5000);
	ck_assert_uint_eq(stats_of(z).live, 0);
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}
END_TEST

START_TEST(flag_without_a_reserve)
{
	zone_t *z = make("none", 100, ATTR(.flags = ZONE_RESERVE));
	void *p = zone_alloc(z, 0);

	ck_assert_ptr_nonnull(p);
	zone_free(z, p);
}
END_TEST

START_TEST(only_who_may)
{
	zone_t *z = make("few", 3000, ATTR(.reserve = 50));
	size_t n;

	famine_begin();
	n = use_up(z, objs, MOST);
	for (size_t i = 0; i < 50; i++) {
		ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOMEM);
		ASSERT_FAILS(zone_alloc(z, ZONE_ZERO), NULL, ENOMEM);
		ASSERT_FAILS(zone_alloc(z, ZONE_NOWAIT), NULL, ENOMEM);
		dug[i] = zone_alloc(z, i % 2 == 0 ? ZONE_RESERVE | ZONE_ZERO :
		    ZONE_RESERVE | ZONE_NOWAIT);
		ck_assert_ptr_nonnull(dug[i]);
		if (i % 2 == 0)
			ck_assert(is_zero(dug[i], 3000));
		memset(dug[i], 0xee, 3000);
		ck_assert_int_eq(zone_holds(z, dug[i]), 1);
		ck_assert_uint_eq(stats_of(z).reserve_free, 49 - i);
		ck_assert_uint_eq(stats_of(z).live, n + i + 1);
	}
	ASSERT_FAILS(zone_alloc(z, ZONE_RESERVE), NULL, ENOMEM);
	api_verify();

	/* Each comes back to where it was. */
	for (size_t i = 0; i < 50; i++) {
		zone_free(z, dug[i]);
		ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOMEM);
		ck_assert_uint_eq(stats_of(z).reserve_free, i + 1);
	}
	zone_free_n(z, objs, n);
	api_verify();
	ck_assert_uint_eq(stats_of(z).live, 0);
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}
END_TEST

/* A limit is one for all. */
START_TEST(with_a_limit)
{
	zone_t *z = make("limited", 3000, ATTR(.reserve = 5, .limit = 10));

	famine_begin();
	for (size_t i = 0; i < 10; i++)
		ck_assert_ptr_nonnull(dug[i] = zone_alloc(z, ZONE_RESERVE));
	ASSERT_FAILS(zone_alloc(z, ZONE_RESERVE), NULL, ENOSPC);
	zone_free_n(z, dug, 10);
	ck_assert_uint_eq(stats_of(z).live, 0);
	for (size_t i = 0; i < 10; i++)
		ck_assert_ptr_nonnull(dug[i] = zone_alloc(z, ZONE_RESERVE));
	ASSERT_FAILS(zone_alloc(z, ZONE_RESERVE), NULL, ENOSPC);
	zone_free_n(z, dug, 10);
}
END_TEST

static zone_t *shared;
static _Atomic(size_t) got;
static pthread_barrier_t barrier;

static void *
dig(void *arg)
{
	void **mine = arg;
	size_t n = 0;

	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	while ((mine[n] = zone_alloc(shared, ZONE_RESERVE)) != NULL) {
		memset(mine[n], (int)n, 500);
		n++;
	}
	atomic_fetch_add(&got, n);
	MUST(zone_alloc(shared, 0) == NULL && errno == ENOMEM);
	pthread_barrier_wait(&barrier);
	zone_free_n(shared, mine, n);
	return NULL;
}

/* Threads that never used the zone find all of it together, each its own. */
START_TEST(from_any_thread)
{
	pthread_t t[THREADS];
	size_t n;

	shared = make("shared", 500, ATTR(.reserve = 1000));
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (size_t i = 0; i < THREADS; i++)
		start(&t[i], dig, dug + i * 2000);
	pthread_barrier_wait(&barrier);
	famine_begin();
	n = use_up(shared, objs, MOST);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < THREADS; i++)
		(void)join(t[i]);
	ck_assert_uint_eq(got, 1000);
	api_verify();
	ck_assert_uint_eq(stats_of(shared).reserve_free, 1000);
	zone_free_n(shared, objs, n);
	ck_assert_uint_eq(stats_of(shared).live, 0);
}
END_TEST

static unsigned built;

static int
build(void *obj, void *arg)
{
	(void)arg;
	memset(obj, 0x42, 100);
	built++;
	return 0;
}

static void
unbuild(void *obj, void *arg)
{
	(void)arg;
	MUST(*(char *)obj == 0x42);
	built--;
}

static bool
is_built(const void *obj)
{
	const unsigned char *c = obj;

	return *c == 0x42 && memcmp(c, c + 1, 99) == 0;
}

START_TEST(with_a_constructor)
{
	zone_t *z = make("built", 100, ATTR(.reserve = 40, .ctor = build,
	    .dtor = unbuild));
	size_t n;

	ck_assert_uint_eq(built, 40);
	famine_begin();
	n = use_up(z, objs, MOST);
	ck_assert_uint_eq(built, n + 40);
	for (size_t i = 0; i < 40; i++) {
		dug[i] = zone_alloc(z, ZONE_RESERVE);
		ck_assert(dug[i] != NULL && is_built(dug[i]));
	}
	ASSERT_FAILS(zone_alloc(z, ZONE_RESERVE), NULL, ENOMEM);
	zone_free_n(z, dug, 40);
	zone_free_n(z, objs, n);
	api_verify();
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
	ck_assert_uint_eq(built, 0);
}
END_TEST

static int
refuse_third(void *obj, void *arg)
{
	(void)obj;
	(void)arg;
	return ++built == 3 ? EDOM : 0;
}

static void
count_down(void *obj, void *arg)
{
	(void)obj;
	(void)arg;
	built--;
}

START_TEST(what_cannot_be_had)
{
	ASSERT_FAILS(zone_create("much", 1 << 20, ATTR(.reserve =
	    SIZE_MAX / 2)), NULL, ENOMEM);
	ASSERT_FAILS(zone_create("beyond", 8, ATTR(.reserve = 11,
	    .limit = 10)), NULL, EINVAL);
	ASSERT_FAILS(zone_create("built", 100, ATTR(.reserve = 10,
	    .ctor = refuse_third, .dtor = count_down)), NULL, EDOM);
	/* The two that were made are gone, the third never was. */
	ck_assert_uint_eq(built, 1);
	famine_begin();
	ASSERT_FAILS(zone_create("late", 100000, ATTR(.reserve = 10000)), NULL,
	    ENOMEM);
}
END_TEST

/* A slow path of an ordinary caller, whatever the thread holds. */
static void *
take_slowly(zone_t *z)
{
	(void)zone_trim(z, ZONE_TRIM_CACHES);
	return take(z);
}

/* What was dug is made anew by who passes by, after his own object is safe. */
START_TEST(is_refilled)
{
	zone_t *z = make("refilled", 1000, ATTR(.reserve = 30));
	size_t n = 1;

	/* Nothing at hand, and no waiting: the reserve. */
	for (size_t i = 0; i < 30; i++) {
		dug[i] = zone_alloc(z, ZONE_NOWAIT | ZONE_RESERVE);
		ck_assert_ptr_nonnull(dug[i]);
		ck_assert_uint_eq(stats_of(z).reserve_free, 29 - i);
	}
	objs[0] = take_slowly(z);
	ck_assert_uint_eq(stats_of(z).reserve_free, 30);
	ck_assert_uint_eq(stats_of(z).live, 31);
	api_verify();

	/* In what there is room for: no slab for each. */
	for (size_t i = 30; i < 100; i++) {
		while (stats_of(z).reserve_free == 30)
			ck_assert_ptr_nonnull(objs[n++] = zone_alloc(z,
			    ZONE_NOWAIT | ZONE_RESERVE));
		dug[i] = objs[--n];
		objs[n++] = take_slowly(z);
		ck_assert_uint_eq(stats_of(z).reserve_free, 30);
	}
	zone_free_n(z, dug, 100);
	ck_assert_uint_eq(stats_of(z).reserve_free, 130);
	zone_free_n(z, objs, n);
	api_verify();
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}
END_TEST

/* What is there beyond it is for all who have nothing else. */
START_TEST(spare_is_for_all)
{
	zone_t *z = make("spare", 1000, ATTR(.reserve = 30));
	size_t n;

	for (size_t i = 0; i < 30; i++)
		ck_assert_ptr_nonnull(dug[i] = zone_alloc(z, ZONE_NOWAIT |
		    ZONE_RESERVE));
	objs[0] = take_slowly(z);
	zone_free_n(z, dug, 30);
	ck_assert_uint_eq(stats_of(z).reserve_free, 60);
	famine_begin();
	n = 1 + zone_alloc_n(z, objs + 1, MOST - 1, 0);
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_uint_eq(stats_of(z).reserve_free, 30);
	/* All that fits into any of its slabs is in somebody's hands. */
	ck_assert_uint_eq(stats_of(z).live + 30, stats_of(z).capacity);
	api_verify();
	zone_free_n(z, objs, n);
	ck_assert_uint_eq(stats_of(z).live, 0);
	api_verify();
}
END_TEST

struct part {
	void	*inner;
};

/* Any thread constructs. */
static _Atomic(unsigned) parts;

ZONE_DEFINE(inner, "inner", struct part);

static int
build_part(void *obj, void *arg)
{
	(void)arg;
	parts++;
	/* Makes that zone: no lock must be in the way. */
	((struct part *)obj)->inner = zone_alloc(inner, 0);
	return ((struct part *)obj)->inner == NULL ? ENOMEM : 0;
}

static void
end_part(void *obj, void *arg)
{
	(void)arg;
	parts--;
	zone_free(inner, ((struct part *)obj)->inner);
}

ZONE_DEFINE(outer, "outer", struct part, .reserve = 20, .ctor = build_part,
    .dtor = end_part);

static void *
use_outer(void *arg)
{
	void *p = zone_alloc(outer, ZONE_RESERVE);

	MUST(p != NULL && ((struct part *)p)->inner != NULL);
	zone_free(outer, p);
	return arg;
}

START_TEST(in_a_static_zone)
{
	pthread_t t[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		start(&t[i], use_outer, NULL);
	for (size_t i = 0; i < THREADS; i++)
		(void)join(t[i]);
	ck_assert_uint_eq(stats_of(outer).reserve_free, 20);
	/* Zones of those that came second are gone, with what they held. */
	ck_assert_uint_eq(stats_of(inner).live, parts);
	ck_assert_int_eq(zone_destroy(outer, ZONE_IF_EMPTY), 0);
	ck_assert_uint_eq(stats_of(inner).live, 0);
}
END_TEST

static int
count_object(void *obj, void *arg)
{
	size_t *n = arg;

	ck_assert_int_eq(*(char *)obj, 'x');
	(*n)++;
	return 0;
}

static size_t
dig_some(zone_t *z, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		dug[i] = zone_alloc(z, ZONE_NOWAIT | ZONE_RESERVE);
		ck_assert_ptr_nonnull(dug[i]);
		memset(dug[i], 'x', 60);
	}
	return n;
}

/* Objects of a reserve are objects, to whoever asks. */
START_TEST(objects_like_others)
{
	zone_t *z = make("others", 60, ATTR(.reserve = 10));
	size_t n = 0;

	(void)dig_some(z, 7);
	ck_assert_int_eq(zone_walk(z, count_object, &n), 0);
	ck_assert_uint_eq(n, 7);
	ck_assert_ptr_eq(zone_of(dug[3]), z);
	ck_assert_ptr_eq(zone_base((char *)dug[3] + 59), dug[3]);
	zone_free(NULL, dug[3]);
	ck_assert_int_eq(zone_holds(z, dug[3]), 0);
	free_elsewhere(z, dug, 3);
	zone_free_n(z, dug + 4, 3);
	ck_assert_uint_eq(stats_of(z).reserve_free, 10);
}
END_TEST

START_TEST(ends_with_its_zone)
{
	for (int round = 0; round < 20; round++) {
		zone_t *z = make("ends", 60, ATTR(.reserve = 2000));
		bool wait = round % 2 == 0;

		(void)dig_some(z, 1500);
		ck_assert_int_eq(zone_destroy(z, wait ? ZONE_WHEN_EMPTY :
		    ZONE_NOW), 0);
		if (wait) {
			free_elsewhere(z, dug, 700);
			zone_free_n(z, dug + 700, 800);
		}
		api_verify();
	}
}
END_TEST

START_TEST(in_a_child)
{
	zone_t *z = make("forked", 60, ATTR(.reserve = 50));
	int status;
	pid_t pid;

	(void)dig_some(z, 20);
	pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < 30; i++)
			MUST(zone_alloc(z, ZONE_NOWAIT | ZONE_RESERVE) !=
			    NULL);
		zone_free_n(z, dug, 20);
		MUST(stats_of(z).reserve_free == 20);
		MUST(take_slowly(z) != NULL);
		MUST(stats_of(z).reserve_free == 50);
		MUST(zone_check_all() == 0);
		_exit(0);
	}
	ck_assert(waitpid(pid, &status, 0) == pid && status == 0);
	ck_assert_uint_eq(stats_of(z).reserve_free, 30);
}
END_TEST

/*
 * Threads dig and free at random while there is nothing else: together they
 * have no more than there is, and each can have it.
 */
enum { DIGGERS = 4, EACH = 50 };

static _Atomic(unsigned) seeds;

static void *
dig_at_random(void *arg)
{
	struct rng r = { atomic_fetch_add(&seeds, 1) };
	_Atomic(uintptr_t) *mine[EACH];
	uintptr_t self = (uintptr_t)&r;
	size_t n = 0;

	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 20000; i++) {
		if (n < EACH && rng_one_in(&r, 2)) {
			/* As many as all want: it never fails. */
			mine[n] = zone_alloc(shared, ZONE_RESERVE |
			    (rng_one_in(&r, 2) ? ZONE_NOWAIT : 0));
			MUST(mine[n] != NULL);
			atomic_store(mine[n++], self);
		} else if (n > 0) {
			MUST(atomic_load(mine[--n]) == self);
			zone_free(shared, (void *)mine[n]);
		}
		if (rng_one_in(&r, 1000))
			MUST(zone_alloc(shared, ZONE_NOWAIT) == NULL);
	}
	while (n > 0)
		zone_free(shared, (void *)mine[--n]);
	return arg;
}

START_TEST(from_all_threads_at_random)
{
	pthread_t t[DIGGERS];
	size_t n;

	shared = make("shared", 500, ATTR(.reserve = DIGGERS * EACH));
	seeds = (unsigned)time(NULL);
	printf("seed %u\n", seeds);
	fflush(stdout);
	pthread_barrier_init(&barrier, NULL, DIGGERS + 1);
	for (size_t i = 0; i < DIGGERS; i++)
		start(&t[i], dig_at_random, NULL);
	pthread_barrier_wait(&barrier);
	famine_begin();
	n = use_up(shared, objs, MOST);
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < DIGGERS; i++)
		(void)join(t[i]);
	ck_assert_uint_eq(stats_of(shared).reserve_free, DIGGERS * EACH);
	ck_assert_uint_eq(stats_of(shared).live, n);
}
END_TEST

/*
 * No memory, and trials at random: how many objects there are never changes,
 * so what must succeed, and what must fail, is known each time.  LIVE: objects
 * in the program's hands; ALL: what there is.
 */
struct trials {
	zone_t	*z;
	size_t	 reserve, all, live;
	struct rng r;
};

static size_t
at_hand(const struct trials *t)
{
	return stats_of(t->z).reserve_free;
}

static void
take_any(struct trials *t, bool dig)
{
	size_t left = t->all - t->live, kept = 0;
	void *p;

	/* Of what is left so much is not for everybody. */
	if (!dig)
		kept = at_hand(t) < t->reserve ? at_hand(t) : t->reserve;
	p = zone_alloc(t->z, dig ? ZONE_RESERVE : 0);
	ck_assert_msg((p != NULL) == (left > kept), "dig %d: left %zu, kept %zu",
	    dig, left, kept);
	if (p == NULL) {
		ck_assert_int_eq(errno, ENOMEM);
		return;
	}
	memset(p, 0x5a, 300);
	objs[t->live++] = p;
}

static void
free_any(struct trials *t)
{
	size_t i = rng_below(&t->r, (uint32_t)t->live);

	zone_free(t->z, objs[i]);
	objs[i] = objs[--t->live];
}

static void
trial(struct trials *t)
{
	switch (rng_below(&t->r, 4)) {
	case 0:
		take_any(t, false);
		break;
	case 1:
		take_any(t, true);
		break;
	case 2:
		if (t->live > 0)
			free_any(t);
		break;
	case 3:
		for (uint32_t n = rng_below(&t->r, 40); n > 0; n--)
			if (rng_one_in(&t->r, 2))
				take_any(t, true);
			else if (t->live > 0)
				free_any(t);
		break;
	}
	ck_assert_uint_eq(stats_of(t->z).live, t->live);
}

START_TEST(trials)
{
	const char *asked = getenv("ZOBJ_TEST_LONG");
	long n = asked != NULL ? 1000000 : 5000;
	struct trials t = { .reserve = 100,
	    .r = { (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid() } };

	printf("seed %llu\n", (unsigned long long)t.r.state);
	fflush(stdout);
	t.z = make("trials", 300, ATTR(.reserve = t.reserve));
	famine_begin();
	t.live = use_up(t.z, objs, MOST);
	t.all = t.live + t.reserve;
	for (long i = 0; i < n; i++) {
		trial(&t);
		if (i % 1000 == 0)
			api_verify();
	}
	zone_free_n(t.z, objs, t.live);
	ck_assert_uint_ge(at_hand(&t), t.reserve);
}
END_TEST

int
main(void)
{
	const TTest *const anywhere[] = {
		is_there_from_the_start, is_not_used_without_need,
		flag_without_a_reserve, is_refilled, in_a_static_zone,
		objects_like_others, ends_with_its_zone, in_a_child
	};
	const TTest *const hungry[] = {
		only_who_may, with_a_limit, from_any_thread,
		with_a_constructor, what_cannot_be_had, spare_is_for_all,
		from_all_threads_at_random, trials
	};
	int failed = api_run("reserve", anywhere, LEN(anywhere));

	if (!famine_is_possible())
		printf("partly skipped: memory cannot be refused here\n");
	else
		failed |= api_run("reserve-in-famine", hungry, LEN(hungry));
	return failed;
}
