/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads end: destructors of thread-specific data allocate and free in every
 * round there is, more keys than fit into the C library's first block.
 */
#include "victim.h"

#include <limits.h>
#include <pthread.h>

#define KEYS	60
#define THREADS	60

static pthread_key_t keys[KEYS];
static _Atomic(size_t) rounds, ended;

struct value {
	size_t tag, size;
	int round;
};

static struct value *
value_make(size_t tag, size_t size, int round)
{
	struct value *v = malloc(sizeof *v + size);

	CHECK(v != NULL);
	*v = (struct value){ tag, size, round };
	fill(v + 1, 0, size, tag);
	return v;
}

static void
destroy(void *arg)
{
	struct value *v = arg;
	size_t tag = v->tag;
	int round = v->round + 1;

	CHECK(is_filled(v + 1, v->size, tag));
	rounds++;
	/* In the last round this leaks, as it would anywhere. */
	if (round < PTHREAD_DESTRUCTOR_ITERATIONS)
		CHECK(pthread_setspecific(keys[tag], value_make(tag,
		    v->size * 2, round)) == 0);
	else
		ended++;
	free(v);
	free(calloc(1, 100 * tag));
}

static void *
run(void *arg)
{
	size_t n = (size_t)arg;

	for (size_t k = 0; k < KEYS; k++)
		CHECK(pthread_setspecific(keys[k], value_make(k,
		    n % 7 == 0 ? 30000 : 10 * n, 0)) == 0);
	return NULL;
}

int
main(void)
{
	pthread_t t[4];

	victim_start();
	for (size_t k = 0; k < KEYS; k++)
		CHECK(pthread_key_create(&keys[k], destroy) == 0);
	for (size_t n = 0; n < THREADS; n += 4) {
		for (size_t i = 0; i < 4; i++)
			CHECK(pthread_create(&t[i], NULL, run,
			    (void *)(n + i)) == 0);
		for (size_t i = 0; i < 4; i++)
			CHECK(pthread_join(t[i], NULL) == 0);
	}
	CHECK(ended == THREADS * KEYS);
	CHECK(rounds == ended * PTHREAD_DESTRUCTOR_ITERATIONS);
	return 0;
}
