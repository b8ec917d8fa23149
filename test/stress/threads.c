/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * threads.c - many threads do everything at once, for some seconds.
 *
 * Each object is filled with a pattern that only its address and zone give,
 * and verified before it is freed, by whichever thread that is: objects wander
 * through a table of cells that all threads exchange atomically.  Threads end
 * and start, zones come and go, memory is trimmed, zones are walked, and the
 * walker stops everybody in between.  At the end nothing may be live.
 *
 *	threads [--seconds N] [--seed N] [--threads N]
 */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zobj.h>

enum {
	ZONES = 8,		/* that all threads use */
	CELLS = 4096,		/* objects on their way between threads */
	OWN = 512,		/* objects a thread keeps to itself */
	OPS = 20000,		/* in the life of a thread */
	MAX_THREADS = 64,
	TEMP_OBJECTS = 3000	/* in a zone that comes and goes */
};

struct held {
	void	*p;
	unsigned zone;
};

static const size_t sizes[ZONES] = { 8, 24, 64, 64, 200, 1000, 9000, 48 };
enum { BUILT_ZONE = 3, LIMITED_ZONE = 7, LIMIT = 2000 };
static const uint64_t built_mark = 0x636f6e7374727563u;

static zone_t *zones[ZONES];
static _Atomic(uint64_t) cells[CELLS];	/* zone << 56 | address */
static _Atomic(uint64_t) operations;
static atomic_bool stopping;
static uint64_t seed;
static unsigned threads = 4;
static double seconds = 10;
static char repeat[128];

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

struct rng {
	uint64_t state;
};

static uint64_t
next(struct rng *r)
{
	return mix(r->state += 0x9e3779b97f4a7c15u);
}

static void
fail(const char *what, const void *p, unsigned zone)
{
	fprintf(stderr, "stress: %s: object %p, zone %u\nrepeat: %s\n", what, p,
	    zone, repeat);
	abort();
}

static void
on_abort(int sig)
{
	static const char text[] = "stress: aborted; repeat: ";

	(void)sig;
	(void)!write(2, text, sizeof text - 1);
	(void)!write(2, repeat, strlen(repeat));
	(void)!write(2, "\n", 1);
}

/* The first 8 bytes of a constructed object are its constructor's. */
static size_t
pattern_start(unsigned zone)
{
	return zone == BUILT_ZONE ? sizeof built_mark : 0;
}

static void
fill(void *p, unsigned zone, size_t size)
{
	uint64_t v = mix((uintptr_t)p ^ zone);

	for (size_t i = pattern_start(zone); i + 8 <= size; i += 8)
		memcpy((char *)p + i, &v, 8);
}

static void
verify(void *p, unsigned zone, size_t size)
{
	uint64_t v = mix((uintptr_t)p ^ zone), found;

	for (size_t i = pattern_start(zone); i + 8 <= size; i += 8) {
		memcpy(&found, (char *)p + i, 8);
		if (found != v)
			fail("content changed", p, zone);
	}
}

static int
construct(void *p, void *arg)
{
	(void)arg;
	memcpy(p, &built_mark, sizeof built_mark);
	return 0;
}

static void
check_built(void *p)
{
	if (memcmp(p, &built_mark, sizeof built_mark) != 0)
		fail("not constructed", p, BUILT_ZONE);
}

static void
destruct(void *p, void *arg)
{
	(void)arg;
	check_built(p);
}

static void *
take(unsigned zone)
{
	void *p = zone_alloc(zones[zone], 0);

	if (p == NULL) {
		if (zone != LIMITED_ZONE)
			fail("no memory", p, zone);
		return NULL;
	}
	if (zone == BUILT_ZONE)
		check_built(p);
	fill(p, zone, sizes[zone]);
	return p;
}

static void
give(struct held *h, struct rng *r)
{
	if (h->p == NULL)
		return;
	verify(h->p, h->zone, sizes[h->zone]);
	zone_free(next(r) % 4 == 0 ? NULL : zones[h->zone], h->p);
	h->p = NULL;
}

static void
replace(struct held *h, struct rng *r)
{
	give(h, r);
	h->zone = (unsigned)(next(r) % ZONES);
	h->p = take(h->zone);
}

/* Swap what we hold for what lies in a cell. */
static void
hand_over(struct held *h, struct rng *r)
{
	uint64_t mine = 0, got;

	if (h->p != NULL)
		mine = (uint64_t)(h->zone + 1) << 56 | (uintptr_t)h->p;
	got = atomic_exchange_explicit(&cells[next(r) % CELLS], mine,
	    memory_order_acq_rel);
	h->p = NULL;
	if (got != 0) {
		h->zone = (unsigned)(got >> 56) - 1;
		h->p = (void *)(uintptr_t)(got & (((uint64_t)1 << 56) - 1));
		verify(h->p, h->zone, sizes[h->zone]);
	}
}

/* A burst: words run out, slabs go busy, and all comes back. */
static void
burst(struct rng *r)
{
	unsigned zone = (unsigned)(next(r) % (ZONES - 2));
	void *objs[300];
	size_t n = zone_alloc_n(zones[zone], objs, next(r) % 300, 0);

	for (size_t i = 0; i < n; i++)
		fill(objs[i], zone, sizes[zone]);
	for (size_t i = 0; i < n; i++)
		verify(objs[i], zone, sizes[zone]);
	zone_free_n(zones[zone], objs, n);
}

static void *
free_half(void *arg)
{
	void **objs = arg;

	for (int i = 0; i < TEMP_OBJECTS; i += 2)
		zone_free(NULL, objs[i]);
	return NULL;
}

/* A zone of our own, whose objects another thread frees in part. */
static void
temporary_zone(struct rng *r)
{
	static const int hows[] = { ZONE_NOW, ZONE_WHEN_EMPTY, ZONE_IF_EMPTY };
	int how = hows[next(r) % 3];
	size_t size = 16 + next(r) % 400;
	zone_t *z = zone_create("temporary", size, NULL);
	void **objs = malloc(TEMP_OBJECTS * sizeof *objs);
	pthread_t other;

	if (z == NULL || objs == NULL ||
	    zone_alloc_n(z, objs, TEMP_OBJECTS, 0) != TEMP_OBJECTS)
		fail("temporary zone", z, 0);
	if (how == ZONE_WHEN_EMPTY && zone_destroy(z, how) != 0)
		fail("destroy", z, 0);
	if (pthread_create(&other, NULL, free_half, objs) != 0)
		fail("pthread_create", z, 0);
	for (int i = 1; i < TEMP_OBJECTS && how != ZONE_NOW; i += 2)
		zone_free(how == ZONE_IF_EMPTY ? z : NULL, objs[i]);
	pthread_join(other, NULL);
	if (how != ZONE_WHEN_EMPTY && zone_destroy(z, how) != 0)
		fail("destroy", z, 0);
	free(objs);
}

static int
count_object(void *p, void *arg)
{
	(void)p;
	++*(size_t *)arg;
	return 0;
}

static void
maintain(struct rng *r)
{
	unsigned zone = (unsigned)(next(r) % ZONES);
	struct zone_stats st = { .stats_size = sizeof st };
	size_t n = 0;

	switch (next(r) % 6) {
	case 0:
		(void)zone_trim(next(r) % 2 ? zones[zone] : NULL,
		    (int)(next(r) % 3));
		break;
	case 1:
		if (zone_stats(zones[zone], &st) != 0 || st.slabs !=
		    st.slabs_owned + st.slabs_busy + st.slabs_partial +
		    st.slabs_free)
			fail("statistics", zones[zone], zone);
		break;
	case 2:
		(void)zone_walk(zones[zone], count_object, &n);
		break;
	case 3:
		(void)zone_check_all();
		break;
	default:
		temporary_zone(r);
	}
}

static void *
live(void *arg)
{
	struct rng r = { mix(seed ^ (uintptr_t)arg) };
	struct held own[OWN] = { { NULL, 0 } };
	size_t ops = 0;

	for (; ops < OPS && !atomic_load_explicit(&stopping,
	    memory_order_relaxed); ops++) {
		struct held *h = &own[next(&r) % OWN];
		uint64_t what = next(&r) % 1024;

		if (what == 0)
			maintain(&r);
		else if (what < 8)
			burst(&r);
		else if (what < 300)
			hand_over(h, &r);
		else
			replace(h, &r);
	}
	for (size_t i = 0; i < OWN; i++)
		give(&own[i], &r);
	atomic_fetch_add_explicit(&operations, ops, memory_order_relaxed);
	return NULL;
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void
make_zones(void)
{
	for (unsigned i = 0; i < ZONES; i++) {
		struct zone_attr attr = { .attr_size = sizeof attr };
		char name[16];

		if (i == BUILT_ZONE) {
			attr.ctor = construct;
			attr.dtor = destruct;
		}
		attr.limit = i == LIMITED_ZONE ? LIMIT : 0;
		snprintf(name, sizeof name, "stress-%u", i);
		zones[i] = zone_create(name, sizes[i], &attr);
		if (zones[i] == NULL)
			fail("zone_create", NULL, i);
	}
}

/* Threads end after OPS and are followed by others until time is up. */
static unsigned long
run(void)
{
	pthread_t ids[MAX_THREADS];
	unsigned long started = 0;
	double end = now() + seconds;

	for (unsigned i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, live, (void *)++started);
	while (now() < end) {
		unsigned i = (unsigned)(started % threads);

		pthread_join(ids[i], NULL);
		pthread_create(&ids[i], NULL, live, (void *)++started);
		if (started % 8 == 0)
			(void)zone_check_all();
	}
	atomic_store_explicit(&stopping, true, memory_order_relaxed);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return started;
}

/* Nothing may be live, and everything must go. */
static void
finish(void)
{
	struct rng r = { 0 };

	for (unsigned i = 0; i < CELLS; i++) {
		uint64_t got = atomic_load_explicit(&cells[i],
		    memory_order_relaxed);
		struct held h = {
			(void *)(uintptr_t)(got & (((uint64_t)1 << 56) - 1)),
			(unsigned)(got >> 56) - 1
		};

		if (got != 0)
			give(&h, &r);
	}
	(void)zone_check_all();
	for (unsigned i = 0; i < ZONES; i++) {
		struct zone_stats st = { .stats_size = sizeof st };

		if (zone_stats(zones[i], &st) != 0 || st.live != 0)
			fail("objects left", NULL, i);
		if (zone_destroy(zones[i], ZONE_IF_EMPTY) != 0)
			fail("not empty", NULL, i);
	}
	(void)zone_check_all();
}

static void
usage(int status)
{
	printf("usage: threads [--seconds N] [--seed N] [--threads N]\n");
	exit(status);
}

static void
options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{ "threads", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	const char *asked = getenv("ZOBJ_TEST_LONG");
	int c;

	seed = (uint64_t)time(NULL) ^ (uint64_t)getpid() << 20;
	if (asked != NULL)
		seconds = atof(asked);
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 's')
			seconds = atof(optarg);
		else if (c == 'r')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 't')
			threads = (unsigned)atoi(optarg);
		else
			usage(c == 'h' ? 0 : 2);
	}
	if (threads == 0 || threads > MAX_THREADS)
		usage(2);
	snprintf(repeat, sizeof repeat,
	    "%s --seconds %g --threads %u --seed %llu", argv[0], seconds,
	    threads, (unsigned long long)seed);
}

int
main(int argc, char **argv)
{
	unsigned long started;

	options(argc, argv);
	signal(SIGABRT, on_abort);
	printf("%s\n", repeat);
	fflush(stdout);
	make_zones();
	started = run();
	finish();
	printf("%llu operations, %lu threads: all objects intact, none left\n",
	    (unsigned long long)operations, started);
	return 0;
}
