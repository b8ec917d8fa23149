/* SPDX-License-Identifier: BSD-2-Clause */
/* Every byte that malloc_usable_size names is the program's to use. */
#include "victim.h"

#include <malloc.h>

#define HELD	128

static struct { unsigned char *p; size_t size; } held[HELD];

static void
replace(size_t i, unsigned char *p, size_t asked)
{
	size_t size = malloc_usable_size(p);

	CHECK(p != NULL && size >= asked);
	CHECK(size <= asked + asked / 4 + 4096);
	CHECK(is_filled(held[i].p, held[i].size, i));
	free(held[i].p);
	held[i].p = p;
	held[i].size = size;
	fill(p, 0, size, i);
}

/* What was written to it stays, whatever realloc does. */
static void
grow(size_t asked)
{
	unsigned char *p = malloc(asked), *q;
	size_t size = malloc_usable_size(p);

	fill(p, 0, size, 7);
	p = realloc(p, size);
	CHECK(p != NULL && malloc_usable_size(p) >= size);
	q = malloc(asked);
	p = realloc(p, size * 2);
	CHECK(p != NULL && is_filled(p, size, 7));
	free(p);
	free(q);
}

int
main(void)
{
	uint32_t seed = 1;

	victim_start();
	CHECK(malloc_usable_size(NULL) == 0);
	for (size_t n = 0; n < 20000; n++) {
		unsigned shift = next_random(&seed) % 18;
		size_t size = next_random(&seed) >> (14 + shift);
		size_t i = next_random(&seed) % HELD;

		if (n % 7 == 0)
			replace(i, calloc(1, size), size);
		else if (n % 5 == 0)
			replace(i, memalign((size_t)16 << n % 5, size), size);
		else
			replace(i, malloc(size), size);
	}
	for (size_t size = 1; size < 3 * MIB; size += 1 + size / 50)
		grow(size);
	for (size_t i = 0; i < HELD; i++)
		CHECK(is_filled(held[i].p, held[i].size, i));
	return 0;
}
