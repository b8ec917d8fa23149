/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dlsym and dlerror allocate.  Here they run inside malloc: this program has a
 * calloc of its own that looks up the next one on each call, as wrappers do.
 */
#include "victim.h"

#include <pthread.h>

static __thread int depth;
static _Atomic(unsigned) calls;

void *
calloc(size_t n, size_t size)
{
	void *(*next)(size_t, size_t);
	void *p;

	calls++;
	if (depth > 0) {
		p = malloc(n * size);
		return p != NULL ? memset(p, 0, n * size) : NULL;
	}
	depth++;
	CHECK(dlsym(RTLD_DEFAULT, "there is no such symbol") == NULL);
	CHECK(dlerror() != NULL);
	next = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
	CHECK(next != NULL && next != calloc);
	p = next(n, size);
	depth--;
	return p;
}

static void *
run(void *arg)
{
	for (size_t i = 0; i < 2000; i++) {
		char *p = calloc(i, 3);

		CHECK(p != NULL && is_zero(p, i * 3));
		free(p);
		CHECK(dlsym(RTLD_NEXT, "nor this one") == NULL);
		CHECK(strstr(dlerror(), "nor this one") != NULL);
	}
	return arg;
}

int
main(void)
{
	pthread_t t[2];

	victim_start();
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, run, NULL) == 0);
	run(NULL);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(calls >= 6000);
	return 0;
}
