/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork in a signal handler that interrupts malloc and free wherever they are:
 * a program of one thread may do that with the C library's malloc.  Every other
 * child returns to what was interrupted, and goes on with it; but not under the
 * recorder, which zrun(1) does not promise.
 */
#include "victim.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/time.h>
#include <sys/wait.h>

#define HELD	300

enum { STEPS = 300 };			/* of a child */

static volatile sig_atomic_t forks, steps_left = -1;
static bool goes_on;

static void
handler(int number)
{
	int saved = errno, status;
	pid_t pid;

	(void)number;
	free(malloc((size_t)forks * 50));
	pid = fork();
	if (pid == 0 && (!goes_on || forks % 2 == 0))
		_exit(0);
	if (pid == 0) {
		steps_left = STEPS;
		errno = saved;
		return;
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	forks++;
	errno = saved;
}

int
main(void)
{
	struct sigaction action = { .sa_handler = handler };
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	struct { void *p; size_t size; } held[HELD] = { { NULL, 0 } };
	uint32_t seed = 1;

	alarm(60);
	victim_start();
	goes_on = getenv("ZOBJ_RECORD") == NULL;
	CHECK(sigaction(SIGVTALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_VIRTUAL, &often, NULL) == 0);
	while (forks < 200 && steps_left != 0) {
		size_t i = next_random(&seed) % HELD;

		CHECK(is_filled(held[i].p, held[i].size % 50, i));
		free(held[i].p);
		held[i].size = next_random(&seed) % 60000;
		held[i].p = malloc(held[i].size);
		fill(held[i].p, 0, held[i].size % 50, i);
		/* A child's handler may have set it since it was read. */
		if (steps_left > 0)
			steps_left--;
	}
	return 0;
}
