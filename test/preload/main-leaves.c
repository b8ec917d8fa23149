/* SPDX-License-Identifier: BSD-2-Clause */
/* The first thread ends; another frees what it left and ends the process. */
#include "victim.h"

#include <pthread.h>

#define N	3000

static void *blocks[N];
static pthread_t first;

static void *
go_on(void *arg)
{
	CHECK(pthread_join(first, NULL) == 0);
	for (size_t i = 0; i < N; i++) {
		CHECK(is_filled(blocks[i], i, i));
		free(blocks[i]);
		blocks[i] = malloc(i + 1);
	}
	for (size_t i = 0; i < N; i++)
		free(blocks[i]);
	exit(0);
	return arg;
}

int
main(void)
{
	pthread_t t;

	victim_start();
	first = pthread_self();
	for (size_t i = 0; i < N; i++) {
		blocks[i] = malloc(i);
		fill(blocks[i], 0, i, i);
	}
	CHECK(pthread_create(&t, NULL, go_on, NULL) == 0);
	pthread_exit(NULL);
}
