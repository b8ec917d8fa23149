/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small RLIMIT_AS and RLIMIT_DATA, set before the program starts and while it
 * runs: malloc gives what is there, then fails with ENOMEM, and works again
 * when memory was freed.
 */
#include "victim.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Blocks of SIZE onto a chain, as many as there are, or MOST bytes. */
static size_t
exhaust(size_t size, size_t most, void **chain)
{
	size_t n = 0;
	void **p;

	while (n * size < most) {
		errno = 0;
		p = malloc(size);
		if (p == NULL) {
			CHECK(errno == ENOMEM);
			break;
		}
		*p = *chain;
		((char *)p)[size - 1] = 1;
		*chain = p;
		n++;
	}
	return n;
}

static void
release(void **chain)
{
	void *next;

	for (; *chain != NULL; *chain = next) {
		next = *(void **)*chain;
		free(*chain);
	}
}

static void *
nothing(void *arg)
{
	free(malloc(100));
	return arg;
}

/* LIMIT 0: not a limit that this process could reach. */
static void
use_up(size_t limit)
{
	static const size_t sizes[] = { 64, 1000, 40000, MIB };
	size_t most = limit == 0 ? 100 * MIB : limit;
	void *chain = NULL;
	size_t threads = limit / (64 * MIB);
	pthread_t t[4];

	/* What we keep for ourselves must leave room for stacks. */
	for (size_t i = 0; i < threads; i++)
		CHECK(pthread_create(&t[i], NULL, nothing, NULL) == 0);
	for (size_t i = 0; i < threads; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < 4; i++) {
			size_t n = exhaust(sizes[i], most, &chain);
			size_t bytes = n * sizes[i];

			dprintf(1, "%7zu bytes: %3zu MiB\n", sizes[i],
			    bytes / MIB);
			CHECK(limit == 0 || bytes < limit);
			CHECK(bytes > most / 4);
			release(&chain);
			free(malloc(16));
		}
}

/* Allocated before and after the limit comes down. */
static void
at_run_time(int what)
{
	struct rlimit rl = { 64 * MIB, RLIM_INFINITY };
	void *chain = NULL, *p = malloc(10 * MIB);
	size_t n;

	CHECK(p != NULL);
	CHECK(setrlimit(what, &rl) == 0);
	memset(p, 1, 10 * MIB);
	n = exhaust(1000, 200 * MIB, &chain);
	dprintf(1, "limited at run time: %zu MiB\n", n * 1000 / MIB);
	release(&chain);
	CHECK(n > 10000);
	CHECK(exhaust(50000, 20 * MIB, &chain) > 200);
	release(&chain);
	free(p);
}

/* SELF once more in a process of its own, under RLIMIT. */
static void
start(char *self, int what, size_t limit, const char *argument)
{
	struct rlimit rl = { limit, limit };
	char text[32];
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		snprintf(text, sizeof text, "%zu", limit);
		if (limit != 0)
			CHECK(setrlimit(what, &rl) == 0);
		execl(self, self, argument != NULL ? argument : text,
		    (char *)NULL);
		_exit(99);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (status != 0)
		dprintf(2, "limit %d of %zu: status %#x\n", what, limit,
		    status);
	CHECK(status == 0);
}

int
main(int argc, char **argv)
{
	(void)argc;
	victim_start();
	if (argv[1] == NULL) {
		start(argv[0], RLIMIT_AS, 64 * MIB, NULL);
		start(argv[0], RLIMIT_AS, 256 * MIB, NULL);
		start(argv[0], RLIMIT_DATA, 64 * MIB, NULL);
		start(argv[0], RLIMIT_DATA, 256 * MIB, NULL);
		start(argv[0], 0, 0, "AS");
		start(argv[0], 0, 0, "DATA");
	} else if (argv[1][0] == 'A') {
		at_run_time(RLIMIT_AS);
	} else if (argv[1][0] == 'D') {
		at_run_time(RLIMIT_DATA);
	} else {
		use_up(strtoul(argv[1], NULL, 10));
	}
	return 0;
}
