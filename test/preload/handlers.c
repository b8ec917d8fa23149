/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As signals.c, but the handler does what POSIX does not allow it: it
 * allocates, and resizes and frees what other handlers have allocated.
 */
#include "victim.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

#define THREADS	3
#define ROUNDS	1500	/* at least */
#define CELLS	64

static volatile sig_atomic_t stop;
static _Atomic(unsigned) handled;
static int null;

/* Blocks that one handler makes and another ends; the size is in front. */
static _Atomic(size_t *) cells[CELLS];
static _Atomic(unsigned) served;

static void
seal(size_t *p, size_t size, size_t i)
{
	fill(p, 0, size, i);
	*p = size;
}

/* The pattern is whole again; how large it is. */
static size_t
unseal(size_t *p, size_t i)
{
	size_t size = *p;

	fill(p, 0, sizeof *p, i);
	CHECK(is_filled(p, size, i));
	return size;
}

/* A block of SIZE in place of P; P if that is refused. */
static size_t *
renew(size_t *p, size_t size, size_t i)
{
	size_t old = p != NULL ? unseal(p, i) : 0;
	size_t *q = size % 3 == 0 ? realloc(p, size) : malloc(size);

	if (q == NULL) {
		if (p != NULL)
			seal(p, old, i);
		return p;
	}
	if (size % 3 == 0)
		CHECK(is_filled(q, old < size ? old : size, i));
	else
		free(p);
	served++;
	seal(q, size, i);
	return q;
}

static void
handler(int number)
{
	static _Atomic(uint32_t) seeds = 1;
	uint32_t seed = seeds++ * 2654435761u, r = next_random(&seed);
	int saved = errno;
	size_t i = r % CELLS, size;

	(void)number;
	handled++;
	CHECK(write(null, "x", 1) == 1);
	r = next_random(&seed);
	size = sizeof (size_t) + (r % 64 == 0 ? r / 64 % 200000 :
	    r / 64 % 1000);
	free(atomic_exchange(&cells[i], renew(atomic_exchange(&cells[i], NULL),
	    size, i)));
	errno = saved;
}

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

int
main(void)
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
	/* What a handler is refused, it is refused rarely. */
	CHECK(served >= handled / 10 * 9);
	return 0;
}
