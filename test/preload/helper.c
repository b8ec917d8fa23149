/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * With ZOBJ_OPTIONS=helper=10 the memory of threads that are idle, in a process
 * in which nobody calls the allocator any more, goes back; in the child of a
 * fork too.
 */
#include "victim.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 12, OBJECTS = 700, STEP = 16 };

static pthread_barrier_t freed, over;

/* A bit of every size, so that each thread holds a slab of each. */
static void *
use(void *arg)
{
	static __thread void *objs[OBJECTS];

	for (size_t i = 0; i < OBJECTS; i++)
		objs[i] = memset(malloc((i + 1) * STEP), 1, (i + 1) * STEP);
	for (size_t i = 0; i < OBJECTS; i++)
		free(objs[i]);
	pthread_barrier_wait(&freed);
	pthread_barrier_wait(&over);
	return arg;
}

/* Only what calls nothing that allocates. */
static bool
falls_below(size_t kib)
{
	for (int i = 0; i < 3000; i++) {
		if (resident_kib() < kib)
			return true;
		usleep(10000);
	}
	return false;
}

static void
use_and_wait(void)
{
	pthread_t t[THREADS];
	size_t before = resident_kib();

	pthread_barrier_init(&freed, NULL, THREADS + 1);
	pthread_barrier_init(&over, NULL, THREADS + 1);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, use, NULL) == 0);
	pthread_barrier_wait(&freed);
	CHECK(falls_below(before + 6 * 1024));
	pthread_barrier_wait(&over);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
}

int
main(int argc, char **argv)
{
	int status;
	pid_t child;

	/* The option is read at the start of a process. */
	if (getenv("ZOBJ_OPTIONS") == NULL ||
	    strstr(getenv("ZOBJ_OPTIONS"), "helper") == NULL) {
		CHECK(setenv("ZOBJ_OPTIONS", "helper=10;check=1", 1) == 0);
		(void)argc;
		execv("/proc/self/exe", argv);
	}
	use_and_wait();
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		use_and_wait();
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		free(malloc(100000));
		/* The helper is no reason to stay. */
		pthread_exit(NULL);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	return 0;
}
