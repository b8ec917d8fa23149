/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model.c - a model of all objects, and threads that do everything at once.
 *
 *	model [--seconds N] [--seed S] [--threads T]
 *
 * Threads take objects, fill them, hand them to each other, verify and free
 * them; zones of many shapes come and go in all three ways; memory is trimmed,
 * zones are walked, reported and checked, threads end and start, the process
 * forks.  From time to time everybody waits, and the library's view is held
 * against the model: the same objects, with the same contents.
 *
 * The seed decides what each thread does, not how they interleave: to repeat a
 * failure may take several runs of the command it prints.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "world.h"

enum {
	CHECK_MS = 250,			/* at most, between comparisons */
	FORK_IN = 8,			/* comparisons */
	HANG_SECONDS = 120,
	ROUND_SECONDS = 60		/* at most, with a seed of its own */
};

struct worker workers[MAX_WORKERS];
unsigned worker_count = 4;
struct box boxes[BOXES];
_Atomic(struct age *) slots[SLOTS];
pthread_rwlock_t world;
_Atomic(bool) stopping;

static uint64_t seed;
static double seconds = 10;
static unsigned rounds = 1;
static char repeat[300];
static unsigned long threads_started, checks, forks;

_Noreturn void
fail(const char *what, const void *p, const struct age *age)
{
	fprintf(stderr, "stress: failed: %s\n\tobject %p", what, p);
	if (age != NULL)
		fprintf(stderr, ", zone %p, size %zu, state %d, %zu live",
		    (void *)age->z, age->shape->size, (int)age->state,
		    (size_t)age->live);
	fprintf(stderr, "\n");
	abort();
}

static void
on_signal(int sig)
{
	const char *text = sig == SIGALRM ? "stress: hangs; repeat with: " :
	    "stress: repeat with: ";

	(void)!write(2, text, strlen(text));
	(void)!write(2, repeat, strlen(repeat));
	(void)!write(2, "\n", 1);
	signal(SIGABRT, SIG_DFL);
	abort();
}

void
world_lock_init(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
#ifdef __GLIBC__
	pthread_rwlockattr_setkind_np(&attr,
	    PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
	pthread_rwlock_init(lock, &attr);
	pthread_rwlockattr_destroy(&attr);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void
start(struct worker *w)
{
	w->ended = false;
	MUST(pthread_create(&w->thread, NULL, worker_run, w) == 0, w, NULL);
	threads_started++;
}

/* The world stands still from here on. */

struct census {
	const struct age *age;
	size_t		  seen;
};

static int
see(void *obj, void *arg)
{
	struct census *c = arg;

	MUST(zone_holds(c->age->z, obj) == 1, obj, c->age);
	c->seen++;
	return 0;
}

static void
compare_age(struct age *age)
{
	struct zone_stats st = { .stats_size = sizeof st };
	struct census c = { age, 0 };

	if (age->state != AGE_LIVE)
		return;
	MUST(zone_stats(age->z, &st) == 0, NULL, age);
	MUST(st.live == age->live, (void *)st.live, age);
	MUST(st.live + st.cached <= st.capacity, (void *)st.cached, age);
	MUST(zone_walk(age->z, see, &c) == 0, NULL, age);
	MUST(c.seen == age->live, (void *)c.seen, age);
}

/* Verify what is held, and count it per age. */
static void
compare_held(const struct held *h)
{
	if (h->age == NULL || h->age->state == AGE_DEAD)
		return;
	MUST(zone_holds(NULL, h->p) == 1, h->p, h->age);
	object_verify(h);
}

static size_t
objects_of_boxes(void)
{
	size_t n = 0;

	for (unsigned b = 0; b < BOXES; b++)
		for (size_t i = 0; i < boxes[b].n; i++) {
			compare_held(&boxes[b].held[i]);
			n += boxes[b].held[i].age->state != AGE_DEAD;
		}
	return n;
}

static size_t
objects_of_workers(void)
{
	size_t n = 0;

	for (unsigned i = 0; i < worker_count; i++)
		for (unsigned k = 0; k < OWN; k++) {
			const struct held *h = &workers[i].own[k];

			compare_held(h);
			n += h->age != NULL && h->age->state != AGE_DEAD;
		}
	return n;
}

static void
compare(void)
{
	size_t held, live = 0;

	pthread_rwlock_wrlock(&world);
	for (struct age *age = age_last(); age != NULL; age = age->next)
		if (age->state != AGE_DEAD) {
			compare_age(age);
			live += age->live;
		}
	held = objects_of_boxes() + objects_of_workers();
	MUST(held == live, (void *)held, NULL);
	(void)zone_check_all();
	pthread_rwlock_unlock(&world);
	checks++;
}

static void *
use_a_zone(void *arg)
{
	void *objs[200];
	size_t n = zone_alloc_n(arg, objs, 200, 0);

	zone_free_n(arg, objs, n);
	return NULL;
}

/* The child has the zones, and nobody else in it. */
static bool
child_works(void)
{
	zone_t *z = zone_create("child", 40, NULL);
	pthread_t t;

	if (z == NULL)
		return false;
	(void)use_a_zone(z);
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
	if (pthread_create(&t, NULL, use_a_zone, z) != 0)
		return false;
	pthread_join(t, NULL);
#else
	(void)t;
#endif
	(void)zone_trim(NULL, ZONE_TRIM_CACHES);
	return zone_check_all() == 0 && zone_destroy(z, ZONE_IF_EMPTY) == 0;
}

static void
fork_while_busy(void)
{
	int status = 0;
	pid_t child = fork();

	MUST(child >= 0, NULL, NULL);
	if (child == 0) {
		alarm(HANG_SECONDS);
		_exit(child_works() ? 0 : 1);
	}
	MUST(waitpid(child, &status, 0) == child, NULL, NULL);
	MUST(status == 0, (void *)(intptr_t)status, NULL);
	forks++;
}

static void
run(void)
{
	struct rng r = { seed };
	double end = now() + seconds;

	for (unsigned i = 0; i < SLOTS; i++)
		age_begin(i, &r);
	for (unsigned i = 0; i < worker_count; i++) {
		workers[i].number = i + 1;
		workers[i].rng.state = rng_next(&r);
		start(&workers[i]);
	}
	while (now() < end) {
		usleep(1000 * rng_below(&r, CHECK_MS));
		alarm(HANG_SECONDS);
		for (unsigned i = 0; i < worker_count; i++)
			if (workers[i].ended) {
				pthread_join(workers[i].thread, NULL);
				start(&workers[i]);
			}
		compare();
		if (rng_one_in(&r, FORK_IN))
			fork_while_busy();
	}
	stopping = true;
	for (unsigned i = 0; i < worker_count; i++)
		pthread_join(workers[i].thread, NULL);
	stopping = false;
}

static void
free_held(struct held *h)
{
	if (h->age != NULL && h->age->state != AGE_DEAD)
		object_free(&workers[0], h);
	h->age = NULL;
}

/* Free everything that is left; every zone must be empty then. */
static void
finish(void)
{
	compare();
	for (unsigned b = 0; b < BOXES; b++)
		while (boxes[b].n > 0)
			free_held(&boxes[b].held[--boxes[b].n]);
	for (unsigned i = 0; i < worker_count; i++)
		for (unsigned k = 0; k < OWN; k++)
			free_held(&workers[i].own[k]);
	compare();
	for (struct age *age = age_last(); age != NULL; age = age->next) {
		if (age->state == AGE_LIVE)
			MUST(zone_destroy(age->z, ZONE_IF_EMPTY) == 0, NULL,
			    age);
		age->state = AGE_DEAD;
		MUST(age->built == age->ended, NULL, age);
	}
	(void)zone_check_all();
}

static void
usage(int status)
{
	printf("usage: model [--seconds N] [--seed S] [--threads T]\n");
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

	seed = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
	if (asked != NULL) {
		rounds = (unsigned)atoi(asked) / ROUND_SECONDS + 1;
		seconds = atof(asked) / rounds;
	}
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 's')
			seconds = atof(optarg);
		else if (c == 'r')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 't')
			worker_count = (unsigned)atoi(optarg);
		else
			usage(c == 'h' ? 0 : 2);
	}
	if (worker_count == 0 || worker_count > MAX_WORKERS || optind != argc)
		usage(2);
}

static void
run_round(const char *program)
{
	uint64_t steps = 0;

	snprintf(repeat, sizeof repeat, "%.200s --seconds %g --threads %u "
	    "--seed %llu", program, seconds, worker_count,
	    (unsigned long long)seed);
	printf("%s\n", repeat);
	fflush(stdout);
	run();
	finish();
	for (unsigned i = 0; i < worker_count; i++)
		steps += workers[i].steps;
	printf("%llu steps, %lu threads, %lu comparisons, %lu forks\n",
	    (unsigned long long)steps, threads_started, checks, forks);
}

int
main(int argc, char **argv)
{
	options(argc, argv);
	signal(SIGABRT, on_signal);
	signal(SIGSEGV, on_signal);
	signal(SIGALRM, on_signal);
	alarm(HANG_SECONDS);
	world_lock_init(&world);
	for (unsigned i = 0; i < BOXES; i++)
		pthread_mutex_init(&boxes[i].lock, NULL);
	for (; rounds > 0; rounds--) {
		run_round(argv[0]);
		seed++;
	}
	return 0;
}
