/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A busy process of several threads forks, over and over.  The child uses
 * everything at once: it frees memory that threads allocated which it does not
 * have, starts threads, forks again.  The parent goes on.
 */
#include "victim.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>

#define WORKERS	3
#define SLOTS	400
#define FORKS	60	/* at least */

struct block {
	size_t size, tag;
	unsigned char bytes[];
};

static struct block *_Atomic slots[SLOTS];
static _Atomic(int) stop;

static void
swap(size_t i, struct block *b)
{
	struct block *old = __atomic_exchange_n((struct block **)&slots[i], b,
	    __ATOMIC_ACQ_REL);

	if (old != NULL)
		CHECK(is_filled(old->bytes, old->size, old->tag));
	free(old);
}

static struct block *
make(uint32_t *seed)
{
	uint32_t r = next_random(seed);
	size_t size = r % 64 == 0 ? 100000 : r % 8 == 0 ? 3000 : r % 300;
	struct block *b = malloc(sizeof *b + size);

	CHECK(b != NULL);
	b->size = size;
	b->tag = r % 251;
	fill(b->bytes, 0, size, b->tag);
	return b;
}

static void *
work(void *arg)
{
	uint32_t seed = (uint32_t)(size_t)arg;

	for (int i = 0; !stop && i >= 0; i++)
		swap(next_random(&seed) % SLOTS, make(&seed));
	return NULL;
}

static void
wait_for(pid_t pid, const char *who)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	if (status != 0)
		dprintf(2, "%s ended with status %#x\n", who, status);
	CHECK(status == 0);
}

static void *
a_moment(void *arg)
{
	uint32_t seed = (uint32_t)(size_t)arg;

	for (int i = 0; i < 100; i++)
		swap(next_random(&seed) % SLOTS, make(&seed));
	return NULL;
}

/* The dead threads' blocks, once through; some new ones of every kind. */
static void
use_everything(uint32_t *seed)
{
	for (size_t i = 0; i < SLOTS; i++)
		swap(i, i % 3 == 0 ? NULL : make(seed));
	for (size_t size = 1; size < 300000; size += 1 + size / 2)
		free(realloc(calloc(1, size), size * 2));
}

/* Everything at once; SEED says which of the children this is. */
static _Noreturn void
child(uint32_t seed, void (*again)(uint32_t seed))
{
	pthread_t t[2];

	alarm(60);
	use_everything(&seed);
	for (size_t i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, a_moment,
		    (void *)(seed + i)) == 0);
	if (again != NULL)
		again(seed);
	for (size_t i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	use_everything(&seed);
	if (seed % 4 == 0)
		malloc_trim(0);
	/* With exit, where the options may have the library check itself. */
	exit(0);
}

static void
fork_again(uint32_t seed)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		child(seed + 1, NULL);
	wait_for(pid, "grandchild");
}

int
main(void)
{
	pthread_t t[WORKERS];

	victim_start();
	for (size_t i = 0; i < WORKERS; i++)
		CHECK(pthread_create(&t[i], NULL, work, (void *)(i + 1)) == 0);
	for (uint32_t n = 0; victim_goes_on(n, FORKS); n++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0)
			child((n + 1) * 100, fork_again);
		wait_for(pid, "child");
	}
	stop = 1;
	for (size_t i = 0; i < WORKERS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	return 0;
}
