/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * After a mistake was reported the handler of SIGABRT finds an allocator that
 * works: handlers that write a crash report allocate, fork and start threads.
 */
#include "victim.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

static char *volatile p;

static void *
work(void *arg)
{
	for (size_t size = 1; size < 400000; size += 1 + size / 9)
		free(realloc(malloc(size), size + 2000));
	return arg;
}

static void *
free_it(void *arg)
{
	free(arg);
	return NULL;
}

static void
in_thread(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, fn, arg) == 0);
	CHECK(pthread_join(t, NULL) == 0);
}

static void
handler(int number)
{
	int status;
	pid_t pid;

	(void)number;
	(void)work(NULL);
	pid = fork();
	if (pid == 0) {
		(void)work(NULL);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	in_thread(work, NULL);
	malloc_trim(0);
	_exit(42);
}

static void
twice_here(void)
{
	p = malloc(100);
	free(p);
	free(p);
}

static void
twice_there(void)
{
	p = malloc(100);
	in_thread(free_it, p);
	in_thread(free_it, p);
}

static void
large_twice(void)
{
	p = malloc(MIB);
	free(p);
	free(p);
}

static void
inside(void)
{
	free((char *)malloc(100) + 16);
}

static void
foreign(void)
{
	free((void *)&p);
}

static void
by_realloc(void)
{
	p = malloc(100);
	free(p);
	p = realloc(p, 50000);
}

int
main(void)
{
	static void (*const cases[])(void) = { twice_here, twice_there,
	    large_twice, inside, foreign, by_realloc };

	victim_start();
	if (victim_is_plain())
		return VICTIM_SKIP;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			alarm(30);
			signal(SIGABRT, handler);
			cases[i]();
			_exit(1);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	}
	return 0;
}
