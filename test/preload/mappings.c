/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The number of mappings stays what it was while the heap grows to 1 GiB of
 * blocks of all sizes, large ones grow by realloc, and everything goes again:
 * there is a limit of 65,530 on it, and allocators have died of it.
 */
#include "victim.h"

#include <malloc.h>

#define SMALL	200000
#define LARGE	300
#define MOVED	70		/* what pages that moved may cost at a time */

static void *small[SMALL], *large[LARGE];

static void
grow_large(size_t size)
{
	for (size_t i = 0; i < LARGE; i++) {
		large[i] = realloc(large[i], size + i * 4096);
		CHECK(large[i] != NULL);
		((char *)large[i])[size - 1] = (char)i;
	}
}

/* Grow, shrink and free in no order at all. */
static void
churn(uint32_t seed)
{
	for (int n = 0; n < 3000; n++) {
		size_t i = next_random(&seed) % LARGE;
		size_t size = next_random(&seed) % (4 * MIB) + 1;

		if (n % 3 == 0)
			size += malloc_usable_size(large[i]);
		if (size > 12 * MIB)
			size = MIB;
		large[i] = realloc(large[i], size);
		CHECK(large[i] != NULL);
		((char *)large[i])[size - 1] = 1;
	}
}

int
main(void)
{
	size_t before, most = 0, after;

	victim_start();
	free(malloc(100 * MIB));
	before = count_mappings();
	for (size_t i = 0; i < SMALL; i++) {
		small[i] = malloc(i % 4096);
		CHECK(small[i] != NULL);
		if (i % 7 == 0)
			free(small[i / 2]), small[i / 2] = NULL;
	}
	CHECK(count_mappings() <= before + 4 || victim_is_plain());
	for (size_t size = MIB / 2; size <= 2 * MIB; size += MIB / 4) {
		grow_large(size);
		if (count_mappings() > most)
			most = count_mappings();
	}
	for (size_t i = 0; i < LARGE; i++)
		CHECK(((char *)large[i])[2 * MIB - 1] == (char)i);
	churn(1);
	if (count_mappings() > most)
		most = count_mappings();
	for (size_t i = 0; i < SMALL; i++)
		free(small[i]);
	for (size_t i = 0; i < LARGE; i += 2)
		free(large[i]);
	malloc_trim(0);
	for (size_t i = 1; i < LARGE; i += 2)
		free(large[i]);
	malloc_trim(0);
	after = count_mappings();
	dprintf(1, "mappings: %zu before, %zu at most, %zu after\n", before,
	    most, after);
	if (victim_is_plain())
		return 0;
	CHECK(most <= before + MOVED + 4);
	CHECK(after <= before + MOVED / 4);
	return 0;
}
