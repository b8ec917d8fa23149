/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-short-threads.c - short-threads: ten thousand threads come and go, and
 * each leaves some objects to the main thread, which frees them much later.
 *
 * What is live is the same after half of the threads (steady) and after all
 * of them (peak): any growth between is what dead threads cost.
 */
#include <pthread.h>
#include <string.h>

#include "load.h"

#define THREADS		10000
#define AT_ONCE		8
#define LEAVES		32	/* objects that a thread leaves */
#define TEMPORARY	200	/* objects that it needs meanwhile */
#define KEPT		4000	/* threads whose objects are kept */

struct short_thread {
	pthread_t thread;
	struct rng rng;
	struct tally tally;
	object_t leaves[LEAVES];
};

/* The objects of the last KEPT threads, oldest overwritten first. */
struct kept {
	struct objects all;
	size_t max, next;
};

static void *
short_thread_main(void *arg)
{
	struct short_thread *t = arg;
	object_t temporary[TEMPORARY];

	for (unsigned i = 0; i < TEMPORARY; i++)
		temporary[i] = object_new(&t->tally,
		    mix_size(MIX_TEXT, &t->rng));
	for (unsigned i = 0; i < LEAVES; i++)
		t->leaves[i] = object_new(&t->tally,
		    mix_size(MIX_PROGRAM, &t->rng));
	for (unsigned i = 0; i < TEMPORARY; i++)
		object_free(&t->tally, temporary[i]);
	return (NULL);
}

/* Wait for the thread, and keep what it left in place of what is oldest. */
static void
inherit(struct kept *kept, struct short_thread *t)
{
	pthread_join(t->thread, NULL);
	for (unsigned i = 0; i < LEAVES; i++) {
		object_t *place = &kept->all.at[kept->next++ % kept->max];

		if (*place != 0)
			object_free(&t->tally, *place);
		*place = t->leaves[i];
	}
	tally_flush(&t->tally);
}

static void
run_threads(struct short_thread *threads, size_t n, struct kept *kept,
    struct rng *rng)
{
	for (size_t i = 0; i < n + AT_ONCE; i++) {
		struct short_thread *t = &threads[i % AT_ONCE];

		if (i >= AT_ONCE)
			inherit(kept, t);
		if (i >= n)
			continue;
		t->rng = rng_fork(rng, rng_next(rng));
		if (pthread_create(&t->thread, NULL, short_thread_main,
		    t) != 0)
			die("cannot start a thread");
	}
}

void
short_threads_run(struct load *load)
{
	struct short_thread *threads = own_map(AT_ONCE * sizeof (*threads));
	size_t half = scaled(load, THREADS / 2);
	struct kept kept = { .max = scaled(load, KEPT) * LEAVES };

	objects_make(&kept.all, kept.max);
	run_threads(threads, half, &kept, &load->rng);
	report_phase("steady");
	run_threads(threads, half, &kept, &load->rng);
	report_phase("peak");
	kept.all.count = kept.max;
	objects_drop(&kept.all, 95, &load->rng);
	report_phase("freed");
	report_idle(1);
}
