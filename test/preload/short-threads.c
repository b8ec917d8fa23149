/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Thousands of threads that live for a moment: what they leave is used again,
 * so the process does not grow; main frees what they hand it.
 */
#include "victim.h"

#include <pthread.h>

#define AT_ONCE		8
#define GIFTS		20
#define THREADS		10000	/* at least */

static void *
run(void *arg)
{
	void **gift = malloc(GIFTS * sizeof *gift);
	uint32_t seed = (uint32_t)(size_t)arg * 77 + 1;

	for (size_t i = 0; i < 200; i++) {
		size_t size = next_random(&seed) % 2000;
		char *p = malloc(size + 1), *q = malloc(40);

		p[size] = q[39] = 1;
		free(p);
		free(q);
	}
	for (size_t i = 0; i < GIFTS; i++)
		gift[i] = memset(malloc(i * 100 + 1), 1, i * 100 + 1);
	return gift;
}

static void
some_threads(size_t n)
{
	pthread_t t[AT_ONCE];

	for (size_t i = 0; i < AT_ONCE; i++)
		CHECK(pthread_create(&t[i], NULL, run, (void *)(n + i)) == 0);
	for (size_t i = 0; i < AT_ONCE; i++) {
		void **gift;

		CHECK(pthread_join(t[i], (void **)&gift) == 0);
		for (size_t k = 0; k < GIFTS; k++)
			free(gift[k]);
		free(gift);
	}
}

int
main(void)
{
	size_t n, warm = 0, mappings = 0;

	victim_start();
	for (n = 0; victim_goes_on(n, THREADS); n += AT_ONCE) {
		if (n == 1000) {
			warm = resident_kib();
			mappings = count_mappings();
		}
		some_threads(n);
	}
	dprintf(1, "resident %zu KiB after 1000 threads, %zu KiB after %zu\n",
	    warm, resident_kib(), n);
	/* More threads are half done at a time when the machine is busy. */
	CHECK(resident_kib() < warm + 4096);
	CHECK(count_mappings() <= mappings + 8);
	return 0;
}
