/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handlers of pthread_atfork allocate, whoever registered first; two threads
 * fork at the same time; threads come and go meanwhile.
 */
#include "victim.h"

#include <pthread.h>
#include <sys/wait.h>

extern _Atomic(int) atfork_library_forks;

static _Atomic(int) stop;
static void *kept;

static void
allocate(void)
{
	free(__atomic_exchange_n(&kept, malloc(3000), __ATOMIC_ACQ_REL));
	free(malloc(500000));
}

static void *
moment(void *arg)
{
	for (size_t i = 0; i < 200; i++)
		free(malloc(i * 50));
	(void)arg;
	return malloc(100);
}

static void *
come_and_go(void *arg)
{
	pthread_t t;
	void *p;

	while (!stop) {
		CHECK(pthread_create(&t, NULL, moment, NULL) == 0);
		CHECK(pthread_join(t, &p) == 0);
		free(p);
	}
	return arg;
}

static void *
fork_often(void *arg)
{
	for (int i = 0; i < 40; i++) {
		int status;
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0) {
			alarm(30);
			stop = 1;
			(void)come_and_go(NULL);
			free(moment(NULL));
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	return arg;
}

int
main(void)
{
	pthread_t t[3];

	alarm(120);
	victim_start();
	CHECK(pthread_atfork(allocate, allocate, allocate) == 0);
	CHECK(pthread_create(&t[0], NULL, come_and_go, NULL) == 0);
	CHECK(pthread_create(&t[1], NULL, come_and_go, NULL) == 0);
	CHECK(pthread_create(&t[2], NULL, fork_often, NULL) == 0);
	fork_often(NULL);
	CHECK(pthread_join(t[2], NULL) == 0);
	stop = 1;
	CHECK(pthread_join(t[0], NULL) == 0);
	CHECK(pthread_join(t[1], NULL) == 0);
	CHECK(atfork_library_forks >= 160);
	return 0;
}
