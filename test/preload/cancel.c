/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads are cancelled: at cancellation points, with clean-up handlers that
 * free; and at any instruction of code that does not allocate.
 */
#include "victim.h"

#include <pthread.h>
#include <time.h>

static volatile unsigned long sink;

static void
clean(void *p)
{
	CHECK(is_filled(p, 500, 3));
	free(p);
	free(malloc(70000));
}

static void *
deferred(void *arg)
{
	struct timespec moment = { 0, 10000 };

	for (;;) {
		void *p = malloc(500);

		fill(p, 0, 500, 3);
		pthread_cleanup_push(clean, p);
		for (int i = 0; i < 10; i++) {
			free(malloc(100));
			pthread_testcancel();
		}
		nanosleep(&moment, NULL);
		pthread_cleanup_pop(1);
	}
	return arg;
}

/* Deferred again before the next call that allocates. */
static void *
at_any_time(void *arg)
{
	int old;

	for (;;) {
		void *p = malloc(500);

		fill(p, 0, 500, 3);
		pthread_cleanup_push(clean, p);
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
		for (unsigned long i = 0; i < 5000; i++)
			sink += i;
		pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old);
		pthread_testcancel();
		pthread_cleanup_pop(1);
	}
	return arg;
}

int
main(void)
{
	struct timespec moment = { 0, 100000 };
	pthread_t t[4];
	void *result;

	victim_start();
	for (int n = 0; n < 200; n++) {
		for (int i = 0; i < 4; i++)
			CHECK(pthread_create(&t[i], NULL, i % 2 == 0 ?
			    deferred : at_any_time, NULL) == 0);
		nanosleep(&moment, NULL);
		for (int i = 0; i < 4; i++)
			CHECK(pthread_cancel(t[i]) == 0);
		for (int i = 0; i < 4; i++) {
			CHECK(pthread_join(t[i], &result) == 0);
			CHECK(result == PTHREAD_CANCELED);
		}
	}
	return 0;
}
