/* SPDX-License-Identifier: BSD-2-Clause */
/* A library that allocates in its constructor and frees in its destructor. */
#include <stdlib.h>
#include <string.h>

char *early_library_text;

__attribute__((__constructor__)) static void
begin(void)
{
	void *p = malloc(100000);

	early_library_text = strdup("made by a constructor");
	free(p);
}

__attribute__((__destructor__)) static void
end(void)
{
	char *p = malloc(50);

	if (strcmp(early_library_text, "made by a constructor") != 0)
		abort();
	free(early_library_text);
	free(realloc(p, 100000));
}
