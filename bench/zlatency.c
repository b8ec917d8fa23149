/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zlatency.c - how long one allocation takes, at worst: every call of one
 * thread is timed while others keep the processors and the zone busy.  Prints
 * a histogram for bench/latency to read.
 *
 * Each thread replaces one of its LIVE objects, at random, again and again;
 * one replacement in PASSED frees what another thread allocated.  Only the
 * allocations of the first thread are timed, frees are not.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zobj.h>

enum {
	LIVE = 1000,
	PASSED = 8,
	SUB_BITS = 4,			/* 16 buckets per doubling: 6 % wide */
	BUCKETS = 64 << SUB_BITS,
	READY = 8			/* free slabs that NOWAIT finds, at least */
};

enum source { MALLOC, ZONE, NOWAIT };

struct random {
	uint64_t state;
};

static enum source source;
static size_t size = 64, calls = 10000000, others = 4;
static zone_t *zone;
static _Atomic(void *) passed[64];
static atomic_bool stop;

static uint64_t counts[BUCKETS];
static uint64_t most, refused;

static uint64_t
next(struct random *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return r->state;
}

/* Ticks of a clock that costs little to read. */
static inline uint64_t
ticks(void)
{
#if defined(__x86_64__)
	/* Neither what came before nor what comes behind may be timed. */
	__builtin_ia32_lfence();
	uint64_t t = __builtin_ia32_rdtsc();
	__builtin_ia32_lfence();
	return t;
#else
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
#endif
}

static double
seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static inline void *
take(enum source from)
{
	if (from == MALLOC)
		return malloc(size);
	return zone_alloc(zone, from == NOWAIT ? ZONE_NOWAIT : 0);
}

static void
put(void *p)
{
	if (source == MALLOC)
		free(p);
	else
		zone_free(zone, p);
}

static void *
must_take(void)
{
	void *p = take(source == NOWAIT ? ZONE : source);

	if (p == NULL) {
		perror("zlatency");
		exit(1);
	}
	return p;
}

/* What is freed in place of P: now and then what another thread has made. */
static void *
swap(struct random *r, void *p)
{
	if (next(r) % PASSED != 0)
		return p;
	return atomic_exchange(&passed[next(r) % 64], p);
}

static void *
keep_busy(void *arg)
{
	struct random r = { (uint64_t)(uintptr_t)arg * 0x9e3779b97f4a7c15 + 1 };
	void *live[LIVE] = { NULL };

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		size_t i = next(&r) % LIVE;

		put(swap(&r, live[i]));
		live[i] = must_take();
		memset(live[i], 1, size);
	}
	for (size_t i = 0; i < LIVE; i++)
		put(live[i]);
	return NULL;
}

/* The upper bits of N, and its magnitude: see SUB_BITS. */
static unsigned
bucket(uint64_t n)
{
	unsigned shift;

	if (n < 1 << SUB_BITS)
		return (unsigned)n;
	shift = 63 - (unsigned)__builtin_clzll(n) - SUB_BITS;
	return (shift << SUB_BITS) + (unsigned)(n >> shift);
}

/* The largest number in bucket B. */
static uint64_t
limit(unsigned b)
{
	unsigned shift = b >> SUB_BITS;

	if (shift == 0)
		return b;
	shift--;
	return ((uint64_t)(b - (shift << SUB_BITS)) + 1) * ((uint64_t)1 << shift)
	    - 1;
}

static void
measure(void)
{
	struct random r = { 42 };
	void *live[LIVE] = { NULL };

	for (size_t n = 0; n < calls; n++) {
		size_t i = next(&r) % LIVE;
		uint64_t before, took;
		void *p;

		put(swap(&r, live[i]));
		before = ticks();
		p = take(source);
		took = ticks() - before;
		counts[bucket(took)]++;
		most = took > most ? took : most;
		refused += p == NULL;
		live[i] = p != NULL ? p : must_take();
		memset(live[i], 1, size);
	}
	for (size_t i = 0; i < LIVE; i++)
		put(live[i]);
}

static void
print(double ns_per_tick)
{
	printf("calls %zu refused %" PRIu64 " most %.1f\n", calls, refused,
	    (double)most * ns_per_tick);
	for (unsigned b = 0; b < BUCKETS; b++)
		if (counts[b] != 0)
			printf("%.2f %" PRIu64 "\n",
			    (double)limit(b) * ns_per_tick, counts[b]);
}

static void
usage(void)
{
	fprintf(stderr, "usage: zlatency [-n calls] [-t threads] [-s bytes] "
	    "malloc|zone|nowait\n\n"
	    "Time each allocation of one thread while -t others (4) allocate "
	    "and free, too.\nPrints: nanoseconds, calls that took so long at "
	    "most and longer than the line before.\n");
	exit(2);
}

static size_t
number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end != '\0')
		usage();
	return n;
}

static void
parse(int argc, char **argv)
{
	static const char *const names[] = { "malloc", "zone", "nowait" };
	int c;

	while ((c = getopt(argc, argv, "n:s:t:")) != -1)
		switch (c) {
		case 'n':
			calls = number(optarg);
			break;
		case 's':
			size = number(optarg);
			break;
		case 't':
			others = number(optarg);
			break;
		default:
			usage();
		}
	if (argc - optind != 1 || calls == 0 || size == 0)
		usage();
	while (source <= NOWAIT && strcmp(argv[optind], names[source]) != 0)
		source++;
	if (source > NOWAIT)
		usage();
}

int
main(int argc, char **argv)
{
	struct zone_attr attr = { .attr_size = sizeof attr,
	    .min_free_slabs = READY };
	pthread_t t[64];
	uint64_t first;
	double from;

	parse(argc, argv);
	if (others > sizeof t / sizeof t[0])
		usage();
	zone = zone_create("latency", size, &attr);
	if (zone == NULL) {
		perror("zlatency: zone_create");
		return 1;
	}
	for (size_t i = 0; i < others; i++)
		if (pthread_create(&t[i], NULL, keep_busy,
		    (void *)(i + 1)) != 0) {
			fprintf(stderr, "zlatency: no thread\n");
			return 1;
		}
	first = ticks();
	from = seconds();
	measure();
	from = seconds() - from;
	first = ticks() - first;
	atomic_store(&stop, true);
	for (size_t i = 0; i < others; i++)
		pthread_join(t[i], NULL);
	print(from * 1e9 / (double)first);
	return 0;
}
