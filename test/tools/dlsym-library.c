/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dlsym-library.c - a dlsym that allocates, as older C libraries' did.  It
 * writes a line if what it has allocated does not stay as it was.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void *dlsym_function(void *, const char *);

static dlsym_function *
real_dlsym(void)
{
	static const char *const versions[] = { "GLIBC_2.34", "GLIBC_2.17",
	    "GLIBC_2.2.5" };

	for (size_t i = 0; i < sizeof (versions) / sizeof (*versions); i++) {
		void *p = dlvsym(RTLD_NEXT, "dlsym", versions[i]);

		if (p != NULL)
			return ((dlsym_function *)p);
	}
	abort();
}

void *
dlsym(void *handle, const char *name)
{
	char *p = malloc(20), *zero = calloc(4, 5);
	void *found = real_dlsym()(handle, name);
	int ok = p != NULL && zero != NULL && zero[0] == 0 && zero[19] == 0;

	if (ok) {
		strcpy(p, "something");
		p = realloc(p, 100);
		ok = p != NULL && strcmp(p, "something") == 0;
	}
	free(zero);
	free(p);
	if (!ok)
		(void)!write(2, "dlsym: malloc fails\n", 20);
	return (found);
}
