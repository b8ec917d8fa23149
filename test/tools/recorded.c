/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recorded.c - a program whose calls of malloc are known: see record.py, which
 * looks for them in a trace.  Between two calls of malloc(MARK) there are no
 * others.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK	77777
#define SMALL	333
#define MANY	200000
#define THREADS	4
#define EACH	1000

/* The compiler must not see that it is too much. */
static volatile size_t everything = PTRDIFF_MAX;

static void
fail(const char *what)
{
	dprintf(2, "recorded: %s\n", what);
	_exit(1);
}

static void *
need(void *p)
{
	if (p == NULL)
		fail("no memory");
	return (p);
}

/* free and what it does must leave errno alone. */
static void
release(void *p)
{
	errno = ERANGE;
	free(p);
	if (errno != ERANGE)
		fail("free changed errno");
}

static void
calls(void)
{
	void *mark = need(malloc(MARK)), *a, *b, *c, *d, *e;

	a = need(malloc(10));
	b = need(calloc(3, 50));
	c = need(aligned_alloc(64, 640));
	a = need(realloc(a, 5000));
	d = need(realloc(NULL, 17));
	release(b);
	if (posix_memalign(&e, 4096, 100) != 0)
		fail("posix_memalign");
	b = need(reallocarray(d, 4, 1000));
	d = need(memalign(256, 1));
	if (malloc(everything) != NULL || errno != ENOMEM)
		fail("malloc of everything");
	if (realloc(a, everything) != NULL || errno != ENOMEM)
		fail("realloc to everything");
	if (calloc(everything, 3) != NULL)
		fail("calloc of more than everything");
	free(NULL);
	release(realloc(a, 1 << 20));
	release(b);
	if (realloc(c, 0) != NULL)
		fail("realloc to 0");
	release(d);
	release(e);
	release(mark);
	release(need(malloc(MARK)));
}

static void *objects[THREADS][EACH];
static pthread_barrier_t barrier;

/* Each thread frees what its neighbour has allocated. */
static void *
work(void *arg)
{
	size_t me = (size_t)(uintptr_t)arg;

	for (size_t i = 0; i < EACH; i++)
		objects[me][i] = need(malloc(1000 + me));
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < EACH; i++)
		release(objects[(me + 1) % THREADS][i]);
	return (NULL);
}

static void
threads(void)
{
	pthread_t thread[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, work,
		    (void *)(uintptr_t)i) != 0)
			fail("pthread_create");
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

/*
 * The child frees one of the parent's objects and has two of its own.  Before
 * that the environment is written over, as setproctitle(3) does.
 */
static void
forks(void)
{
	char *path = getenv("ZOBJ_RECORD");
	void *p = need(malloc(MARK));
	int status;
	pid_t pid;

	memset(path, 'x', strlen(path));
	pid = fork();
	if (pid == 0) {
		release(p);
		release(need(malloc(MARK + 1)));
		need(malloc(MARK + 2));
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		fail("the child failed");
	release(p);
}

static void *
allocate_first(void *arg)
{
	release(need(malloc(MARK + 1)));
	return (arg);
}

/* In the child the first call is that of another thread than forked. */
static void *
fork_here(void *arg)
{
	pthread_t other;
	int status;
	pid_t pid;

	release(need(malloc(MARK)));
	pid = fork();
	if (pid == 0) {
		pthread_create(&other, NULL, allocate_first, NULL);
		pthread_join(other, NULL);
		release(need(malloc(MARK + 2)));
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		fail("the child failed");
	return (arg);
}

static void
thread_forks(void)
{
	pthread_t first, second;

	/* Its stack is there for the thread of the child. */
	pthread_create(&first, NULL, allocate_first, NULL);
	pthread_join(first, NULL);
	pthread_create(&second, NULL, fork_here, NULL);
	pthread_join(second, NULL);
}

static void
many(void)
{
	for (size_t i = 0; i < MANY; i++)
		need(malloc(SMALL + i % 10));
}

/* Without an open descriptor: the trace must not need one. */
static void
closes(void)
{
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	many();
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (strcmp(mode, "calls") == 0)
		calls();
	else if (strcmp(mode, "threads") == 0)
		threads();
	else if (strcmp(mode, "forks") == 0)
		forks();
	else if (strcmp(mode, "thread-forks") == 0)
		thread_forks();
	else if (strcmp(mode, "closes") == 0)
		closes();
	else if (strcmp(mode, "killed") == 0) {
		many();
		kill(getpid(), SIGKILL);
	} else if (strcmp(mode, "_exits") == 0) {
		many();
		_exit(0);
	} else if (strcmp(mode, "becomes") == 0 && argc > 2) {
		need(malloc(MARK));
		execvp(argv[2], argv + 2);
		fail("exec");
	} else
		fail("no such mode");
	return (0);
}
