/* SPDX-License-Identifier: BSD-2-Clause */
/* free keeps errno on every way that a block can go back. */
#include "victim.h"

#include <malloc.h>
#include <pthread.h>

#define N	20000

static void *blocks[N];

static void
free_all(size_t from, size_t step)
{
	for (size_t i = from; i < N; i += step) {
		errno = 1234;
		free(blocks[i]);
		CHECK(errno == 1234);
	}
}

static void
allocate(size_t scale)
{
	for (size_t i = 0; i < N; i++) {
		blocks[i] = malloc(1 + i % scale);
		CHECK(blocks[i] != NULL);
	}
}

static void *
remote(void *arg)
{
	(void)arg;
	free_all(0, 2);
	return NULL;
}

/* Neighbours go to one thread each, so that both meet in every slab. */
static void
by_two_threads(size_t scale)
{
	pthread_t t;

	allocate(scale);
	CHECK(pthread_create(&t, NULL, remote, NULL) == 0);
	free_all(1, 2);
	CHECK(pthread_join(t, NULL) == 0);
}

/* C23; not yet known to every <stdlib.h>. */
static void
sized(void)
{
	void (*free_sized)(void *, size_t) =
	    (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
	void (*free_aligned_sized)(void *, size_t, size_t) =
	    (void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT,
	    "free_aligned_sized");

	if (victim_is_plain() && free_sized == NULL)
		return;
	CHECK(free_sized != NULL && free_aligned_sized != NULL);
	errno = 1234;
	for (size_t size = 0; size < 300000; size += 1 + size / 3) {
		free_sized(malloc(size), size);
		free_sized(calloc(1, size), size);
		free_aligned_sized(aligned_alloc(256, size), 256, size);
	}
	free_sized(NULL, 10);
	free_aligned_sized(NULL, 16, 10);
	CHECK(errno == 1234);
}

int
main(void)
{
	victim_start();
	errno = 1234;
	free(NULL);
	CHECK(errno == 1234);
	for (size_t scale = 16; scale <= 200000; scale *= 16) {
		allocate(scale);
		free_all(0, 1);
		by_two_threads(scale);
	}
	sized();
	/* Freed memory leaves the process here. */
	allocate(100000);
	free_all(0, 1);
	errno = 1234;
	malloc_trim(0);
	CHECK(errno == 1234);
	return 0;
}
