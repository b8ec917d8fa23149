/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A library whose constructor registers handlers for fork, which allocate,
 * before anything else in the process may have called malloc.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

_Atomic(int) atfork_library_forks;

/* Enough to leave every fast path. */
static void
allocate(void)
{
	void *blocks[500];

	for (size_t i = 0; i < 500; i++) {
		blocks[i] = malloc(i % 50 == 0 ? 100000 : 24 + i);
		if (blocks[i] == NULL)
			abort();
		memset(blocks[i], 1, 24);
	}
	for (size_t i = 0; i < 500; i++)
		free(blocks[i]);
	atfork_library_forks++;
}

__attribute__((__constructor__)) static void
begin(void)
{
	if (pthread_atfork(allocate, allocate, allocate) != 0)
		abort();
}
