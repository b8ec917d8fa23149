/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A library that was opened with RTLD_DEEPBIND has the malloc of all others:
 * either side frees what the other one took.  It lies where only the program's
 * own DT_RUNPATH leads, so the call must look as if the program had made it.
 */
#include "victim.h"

#include <malloc.h>

#define LIBRARY	"deep-library.so"

typedef void *malloc_fn(size_t size);
typedef void free_fn(void *p);

static void
trade(int mode)
{
	void *library = dlopen(LIBRARY, mode);
	malloc_fn *take;
	free_fn *give;

	if (library == NULL)
		fprintf(stderr, "%s\n", dlerror());
	CHECK(library != NULL);
	take = (malloc_fn *)dlsym(library, "deep_malloc");
	give = (free_fn *)dlsym(library, "deep_free");
	for (size_t size = 1; size < 1000000; size = size * 3 / 2 + 1) {
		void *p = take(size);

		CHECK(p != NULL && malloc_usable_size(p) >= size);
		free(p);
		p = malloc(size);
		CHECK(p != NULL);
		give(p);
	}
	CHECK(dlclose(library) == 0);
}

int
main(void)
{
	victim_start();
	trade(RTLD_NOW);
	trade(RTLD_LAZY);
#ifdef RTLD_DEEPBIND
	trade(RTLD_NOW | RTLD_DEEPBIND);
	trade(RTLD_LAZY | RTLD_GLOBAL | RTLD_DEEPBIND);
#endif
	CHECK(dlopen("no-such-library.so", RTLD_NOW) == NULL);
	CHECK(dlerror() != NULL);
	CHECK(dlopen(NULL, RTLD_NOW) != NULL);
	return 0;
}
