/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A library comes and goes many times, while threads use it whose storage for
 * it the C library allocates late; its memory stays when it has gone.
 */
#include "victim.h"

#include <libgen.h>
#include <pthread.h>

typedef char *work_fn(const char *text);

static char path[4096];

static void *
use(void *arg)
{
	work_fn *work = (work_fn *)arg;
	char *p = NULL;

	for (int i = 0; i < 10; i++) {
		free(p);
		p = work("a text of some length");
	}
	CHECK(strcmp(p, "a text of some length") == 0);
	free(p);
	return work("the last");
}

static char *
round_trip(void)
{
	void *library = dlopen(path, RTLD_NOW), *given[2];
	work_fn *work;
	pthread_t t[2];

	if (library == NULL)
		victim_skip(dlerror());
	work = (work_fn *)dlsym(library, "plugin_work");
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, use, (void *)work) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], &given[i]) == 0);
	free(given[0]);
	CHECK(work("main's") == NULL);
	CHECK(dlclose(library) == 0);
	return given[1];
}

int
main(void)
{
	char *before = NULL, *p;
	ssize_t n;

	victim_start();
	n = readlink("/proc/self/exe", path, sizeof path - 32);
	CHECK(n > 0);
	path[n] = '\0';
	strcat(dirname(path), "/.libs/plugin-library.so");
	for (int i = 0; i < 200; i++) {
		p = round_trip();
		CHECK(strcmp(p, "a text of some length") == 0);
		CHECK(before == NULL || strcmp(before, p) == 0);
		free(before);
		before = p;
	}
	free(before);
	return 0;
}
