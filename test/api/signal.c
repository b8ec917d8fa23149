/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.c - zones in signal handlers, whatever these interrupt.
 *
 * Where the processor can trap after each instruction, the handler runs after
 * each one of the calls in question; everywhere, a timer interrupts threads at
 * work.
 */
#include "api.h"

#include <setjmp.h>
#include <stdatomic.h>
#include <sys/time.h>

#include "../step.h"

enum { HELD = 24, BATCH = 71 };

/* One handler runs at a time in the tests that step. */
static struct held {
	zone_t	*z;
	void	*p;
} held[HELD];
static zone_t *zones[4];
static unsigned nzones;
static unsigned long traps, refused;
static bool may_refuse;

/* Each object says which zone it is of, at both ends. */
static void
stamp(zone_t *z, void *p)
{
	size_t size = zone_size(z);

	memcpy(p, &z, sizeof z);
	memcpy((char *)p + size - sizeof z, &z, sizeof z);
}

static void
verify(zone_t *z, const void *p)
{
	size_t size = zone_size(z);

	MUST(memcmp(p, &z, sizeof z) == 0);
	MUST(memcmp((const char *)p + size - sizeof z, &z, sizeof z) == 0);
}

static void
replace_one(int number)
{
	struct held *h = &held[traps++ % HELD];
	int saved = errno;

	(void)number;
	if (h->p != NULL) {
		verify(h->z, h->p);
		zone_free(h->z, h->p);
	}
	h->z = zones[traps / HELD % nzones];
	h->p = zone_alloc(h->z, 0);
	MUST(h->p != NULL || may_refuse);
	refused += h->p == NULL;
	if (h->p != NULL)
		stamp(h->z, h->p);
	errno = saved;
}

static void
give_held_back(void)
{
	for (struct held *h = held; h < held + HELD; h++) {
		if (h->p == NULL)
			continue;
		verify(h->z, h->p);
		zone_free(h->z, h->p);
		h->p = NULL;
	}
}

static void
step_through(zone_t *z)
{
	static void *objs[BATCH];

	step_begin();
	for (int i = 0; i < BATCH; i++)
		objs[i] = zone_alloc(z, 0);
	step_end();
	for (int i = 0; i < BATCH; i++)
		stamp(z, objs[i]);
	for (int i = 0; i < BATCH; i++)
		verify(z, objs[i]);
	step_begin();
	for (int i = 0; i < BATCH; i++)
		zone_free(z, objs[i * 7 % BATCH]);
	step_end();
}

static void
step_through_all(void)
{
	ck_assert_int_eq(step_install(replace_one), 0);
	for (unsigned i = 0; i < nzones; i++)
		step_through(zones[i]);
	give_held_back();
	ck_assert_uint_gt(traps, 10000);
	for (unsigned i = 0; i < nzones; i++) {
		ck_assert_uint_eq(stats_of(zones[i]).live, 0);
		ck_assert_int_eq(zone_destroy(zones[i], ZONE_IF_EMPTY), 0);
	}
}

static int
build(void *p, void *arg)
{
	(void)arg;
	memset(p, 0, 64);
	return 0;
}

/* A handler may be refused what its thread has locked, and that is all. */
START_TEST(zones_of_every_kind)
{
	zones[0] = make("small", 48, NULL);
	zones[1] = make("large", 20000, NULL);
	zones[2] = make("built", 64, ATTR(.ctor = build));
	zones[3] = make("limit", 300, ATTR(.limit = 1000));
	nzones = 4;
	may_refuse = true;
	step_through_all();
	ck_assert_uint_lt(refused, traps / 5);
}
END_TEST

/* None is refused as long as handlers hold no more than the reserve has. */
START_TEST(zones_for_handlers)
{
	const uint32_t safe = ZONE_SIGNALSAFE;

	zones[0] = make("small", 48, ATTR(.flags = safe));
	zones[1] = make("large", 20000, ATTR(.flags = safe, .reserve = HELD));
	zones[2] = make("built", 64, ATTR(.flags = safe, .ctor = build));
	zones[3] = make("limit", 300, ATTR(.flags = safe, .limit = 1000));
	nzones = 4;
	step_through_all();
	ck_assert_uint_eq(refused, 0);
}
END_TEST

/* A double free is found in a handler too, whatever it interrupts. */
static _Atomic(unsigned) mistakes;
static void *twice;

static void
count_mistake(enum zone_error e, zone_t *z, void *obj, void *arg)
{
	(void)z;
	(void)arg;
	MUST(e == ZONE_DOUBLE_FREE && obj == twice);
	mistakes++;
}

static void
free_twice(int number)
{
	(void)number;
	traps++;
	twice = zone_alloc(zones[0], 0);
	if (twice == NULL)
		return;
	zone_free(zones[0], twice);
	zone_free(zones[0], twice);
}

START_TEST(double_frees_are_found)
{
	zones[0] = make("twice", 100, NULL);
	zone_free(zones[0], take(zones[0]));
	on_error(count_mistake, NULL);
	ck_assert_int_eq(step_install(free_twice), 0);
	step_begin();
	zone_free(zones[0], zone_alloc(zones[0], 0));
	step_end();
	ck_assert_uint_gt(traps, 20);
	ck_assert_uint_ge(mistakes, traps / 2);
	ck_assert_uint_eq(stats_of(zones[0]).live, 0);
}
END_TEST

/* The last object of a zone that waits for it, freed at each instruction. */
static void *last;

static void
free_the_last(int number)
{
	(void)number;
	if (last == NULL || traps-- != 0)
		return;
	zone_free(NULL, last);
	last = NULL;
}

static int
count_one(zone_t *z, void *arg)
{
	(void)z;
	(void)arg;
	return 1;
}

START_TEST(the_last_object_of_a_zone)
{
	zone_t *other = make("other", 24, NULL);

	ck_assert_int_eq(step_install(free_the_last), 0);
	for (unsigned n = 0; n < 200; n++) {
		zone_t *z = make("dying", 32, NULL);

		last = take(z);
		ck_assert_int_eq(zone_destroy(z, ZONE_WHEN_EMPTY), 0);
		ck_assert_ptr_eq(zone_of(last), z);
		traps = n;
		step_begin();
		zone_free(other, zone_alloc(other, 0));
		step_end();
		if (last != NULL)
			break;
	}
	/* There were no more. */
	zone_free(NULL, last);
	ck_assert_int_eq(zone_destroy(other, ZONE_IF_EMPTY), 0);
	ck_assert_int_eq(zone_foreach(count_one, NULL), 0);
}
END_TEST

/*
 * A handler that does not return leaves its thread inside for ever.  It goes
 * on all the same, and the other threads do.
 */
static _Thread_local sigjmp_buf jump;
static _Thread_local unsigned long countdown;

static void
jump_out(int number)
{
	(void)number;
	if (countdown-- == 0)
		siglongjmp(jump, 1);
}

static void *
be_interrupted(void *arg)
{
	struct batch *b = arg;
	void *volatile p = take(b->z);

	zone_free(b->z, take(b->z));
	countdown = b->n;
	if (sigsetjmp(jump, 1) == 0) {
		step_begin();
		zone_free(b->z, zone_alloc(b->z, 0));
		step_end();
	}
	zone_free(b->z, p);
	take_all(b->z, b->objs, BATCH);
	zone_free_n(b->z, b->objs, BATCH);
	return NULL;
}

START_TEST(jumps_out_of_handlers)
{
	zone_t *z = make("jumps", 40, NULL);
	void *objs[BATCH];

	ck_assert_int_eq(step_install(jump_out), 0);
	for (size_t n = 0; n < 60; n++) {
		struct batch b = { z, objs, n };

		(void)in_thread(be_interrupted, &b);
		take_all(z, objs, BATCH);
		zone_free_n(z, objs, BATCH);
	}
	(void)zone_trim(NULL, ZONE_TRIM_CACHES);
	/* An object that was on its way to its caller is lost: at most one each. */
	ck_assert_uint_le(stats_of(z).live, 60);
}
END_TEST

/* Threads at work, and a timer that interrupts whichever it meets. */
enum { THREADS = 3, AT_ONCE = 200 };

static _Atomic(bool) over;
static _Thread_local bool working;
static _Thread_local void *mine[4];
static _Thread_local unsigned turn;
static _Atomic(unsigned) handled;

static void
work_in_handler(int number)
{
	int saved = errno;
	void **p = &mine[turn++ % 4];

	(void)number;
	if (!working)
		return;
	handled++;
	if (*p != NULL) {
		verify(zones[0], *p);
		zone_free(zones[0], *p);
	}
	*p = zone_alloc(zones[0], 0);
	if (*p != NULL)
		stamp(zones[0], *p);
	errno = saved;
}

static void *
work(void *arg)
{
	void *objs[AT_ONCE];

	working = true;
	while (!over) {
		take_all(zones[0], objs, AT_ONCE);
		for (int i = 0; i < AT_ONCE; i++)
			stamp(zones[0], objs[i]);
		for (int i = 0; i < AT_ONCE; i++)
			verify(zones[0], objs[i]);
		zone_free_n(zones[0], objs, AT_ONCE);
	}
	working = false;
	for (int i = 0; i < 4; i++)
		zone_free(zones[0], mine[i]);
	return arg;
}

START_TEST(a_timer)
{
	struct sigaction action = { .sa_handler = work_in_handler,
	    .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 },
	    { 0, 0 } };
	struct timespec moment = { 0, 1000000 };
	pthread_t t[THREADS];

	zones[0] = make("timer", 200, NULL);
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		start(&t[i], work, NULL);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (int n = 0; n < 500; n++) {
		ck_assert_int_eq(pthread_kill(t[n % THREADS], SIGALRM), 0);
		if (n % 50 == 0)
			(void)zone_trim(NULL, ZONE_TRIM_CACHES);
		nanosleep(&moment, NULL);
	}
	ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
	over = true;
	for (int i = 0; i < THREADS; i++)
		(void)join(t[i]);
	ck_assert_uint_gt(handled, 0);
	ck_assert_uint_eq(stats_of(zones[0]).live, 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { a_timer };
	const TTest *const stepping[] = {
		zones_of_every_kind, zones_for_handlers, double_frees_are_found,
		the_last_object_of_a_zone, jumps_out_of_handlers
	};
	int failed = api_run("signal", tests, LEN(tests));

	if (STEP_WORKS)
		failed |= api_run("signal-step", stepping, LEN(stepping));
	return failed;
}
