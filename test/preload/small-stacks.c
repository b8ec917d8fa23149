/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads with the least stack there is take every path of the allocator. */
#include "victim.h"

#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>

static void *
run(void *arg)
{
	void *p[100];

	for (size_t size = 1; size < 300000; size += 1 + size / 3) {
		for (size_t i = 0; i < 100; i++)
			p[i] = malloc(size);
		for (size_t i = 0; i < 100; i++)
			free(p[i]);
		free(realloc(calloc(1, size), size * 3));
		free(memalign(4096, size));
	}
	malloc_trim(0);
	(void)mallinfo2();
	return arg;
}

int
main(void)
{
	pthread_attr_t attr;
	pthread_t t;

	victim_start();
	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setstacksize(&attr,
	    (size_t)sysconf(_SC_THREAD_STACK_MIN)) == 0);
	for (int i = 0; i < 20; i++) {
		CHECK(pthread_create(&t, &attr, run, NULL) == 0);
		CHECK(pthread_join(t, NULL) == 0);
	}
	return 0;
}
