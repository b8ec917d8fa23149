/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mallocs.c - a little of everything through malloc, run under the shim: is
 * it alive on this processor and this libc?  Exit code 0, or 1 with a line
 * that says what was wrong.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS	2000
#define THREADS	4

static int
wrong(const char *what)
{
	fprintf(stderr, "mallocs: %s\n", what);
	return 1;
}

static void *
churn(void *arg)
{
	char *block[BLOCKS] = { 0 };
	size_t size[BLOCKS] = { 0 };
	uint32_t random = (uint32_t)(uintptr_t)arg * 2654435761u + 1;

	for (int i = 0; i < 20 * BLOCKS; i++) {
		uint32_t n, k;

		random = random * 1664525u + 1013904223u;
		k = (random >> 8) % BLOCKS;
		n = 1 + ((random >> 4) & (i % 50 == 0 ? 0xffff : 0x3ff));
		if (block[k] != NULL && (block[k][0] != (char)k ||
		    block[k][size[k] - 1] != (char)k))
			return NULL;
		if ((block[k] = realloc(block[k], n)) == NULL)
			return NULL;
		memset(block[k], (int)k, n);
		size[k] = n;
	}
	for (int k = 0; k < BLOCKS; k++)
		free(block[k]);
	return arg;
}

static int
one_thread(void)
{
	void *(*of)(const void *);
	unsigned char *p = malloc(100);
	void *aligned;

	*(void **)&of = dlsym(RTLD_DEFAULT, "zobj_of");
	if (of == NULL)
		return wrong("the shim is not loaded");
	if (p == NULL || of(p) == NULL)
		return wrong("malloc is not the shim's");
	free(p);
	if ((p = calloc(1000, 300)) == NULL)
		return wrong("calloc");
	for (int i = 0; i < 300000; i++)
		if (p[i] != 0)
			return wrong("calloc is not zero");
	if ((p = realloc(p, 3000000)) == NULL || p[299999] != 0)
		return wrong("realloc");
	free(p);
	if (posix_memalign(&aligned, 4096, 5000) != 0 ||
	    (uintptr_t)aligned % 4096 != 0)
		return wrong("posix_memalign");
	free(aligned);
	free(NULL);
	return 0;
}

static int
many_threads(void)
{
	pthread_t t[THREADS];
	void *result;
	int bad = 0;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, churn,
		    (void *)(uintptr_t)(i + 1)) != 0)
			return wrong("pthread_create");
	for (int i = 0; i < THREADS; i++)
		bad |= pthread_join(t[i], &result) != 0 || result == NULL;
	return bad ? wrong("a block was not what it should be") : 0;
}

int
main(void)
{
	return one_thread() != 0 || many_threads() != 0;
}
