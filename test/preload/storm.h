/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm.h - signals in the middle of malloc and free, thousands a second, while
 * threads verify what they hold and somebody trims.  What the handler does is
 * the victim's.
 */
#ifndef STORM_H
#define STORM_H

#include "victim.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

#define THREADS	3
#define ROUNDS	1500	/* at least */

static volatile sig_atomic_t stop;
static _Atomic(unsigned) handled;	/* the handler counts */
static int null;			/* /dev/null */

static void *
work(void *arg)
{
	uint32_t seed = (uint32_t)(size_t)arg;
	struct { void *p; size_t size; } held[100] = { { NULL, 0 } };

	while (!stop) {
		uint32_t r = next_random(&seed);
		size_t i = r % 100;

		errno = 77;
		CHECK(is_filled(held[i].p, held[i].size, i));
		free(held[i].p);
		CHECK(errno == 77);
		held[i].size = r % 5000 == 0 ? 500000 : r % 1000;
		held[i].p = malloc(held[i].size);
		fill(held[i].p, 0, held[i].size, i);
	}
	for (size_t i = 0; i < 100; i++)
		free(held[i].p);
	return NULL;
}

static int
run_storm(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler,
	    .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 500 }, { 0, 500 } };
	struct timespec moment = { 0, 200000 };
	unsigned n;
	pthread_t t[THREADS];

	victim_start();
	null = open("/dev/null", O_WRONLY);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, work, (void *)(i + 1)) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	for (n = 0; victim_goes_on(n, ROUNDS); n++) {
		CHECK(pthread_kill(t[n % THREADS], SIGUSR1) == 0);
		if (n % 50 == 0)
			malloc_trim(0);
		nanosleep(&moment, NULL);
	}
	stop = 1;
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(handled >= n / 2);
	return 0;
}

#endif /* STORM_H */
