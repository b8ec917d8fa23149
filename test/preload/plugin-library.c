/* SPDX-License-Identifier: BSD-2-Clause */
/* Loaded and unloaded by plugin.c: allocates, and has thread-local storage. */
#include <stdlib.h>
#include <string.h>

static __thread char storage[5000];
static __thread char *block;
static char *made_by_constructor;

char *plugin_work(const char *text);

__attribute__((__constructor__)) static void
begin(void)
{
	made_by_constructor = malloc(3000);
}

__attribute__((__destructor__)) static void
end(void)
{
	free(made_by_constructor);
}

/* The caller frees what it returns. */
char *
plugin_work(const char *text)
{
	char *given = block;

	memset(storage, 1, sizeof storage);
	block = strdup(text);
	made_by_constructor[2999] = storage[4999];
	return given;
}
