/* SPDX-License-Identifier: BSD-2-Clause */
/* Loaded by deep.c: whose malloc and free is this library bound to? */
#include <stdlib.h>

void *deep_malloc(size_t size);
void deep_free(void *p);

void *
deep_malloc(size_t size)
{
	return malloc(size);
}

void
deep_free(void *p)
{
	free(p);
}
