/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizes from 1 to 1024 and 4096 go to zones, the others to the next malloc in
 * line: blocks of both kinds live side by side and become each other.
 * Run by route.sh with route=1-1024,4096.
 */
#include "victim.h"

#include <malloc.h>
#include <pthread.h>

static int
is_ours(const void *p)
{
	return zone_name_of(p) != NULL;
}

static int
should_be_ours(size_t size)
{
	return (size >= 1 && size <= 1024) || size == 4096;
}

static void
every_call(size_t size)
{
	void *p[6] = { malloc(size), calloc(1, size), calloc(size, 1),
	    aligned_alloc(64, size), memalign(256, size), NULL };

	CHECK(posix_memalign(&p[5], 128, size) == 0);
	CHECK(is_aligned(p[3], 64) && is_aligned(p[4], 256) &&
	    is_aligned(p[5], 128));
	CHECK(is_zero(p[1], size) && is_zero(p[2], size));
	for (size_t i = 0; i < 6; i++) {
		CHECK(p[i] != NULL && is_aligned(p[i], 16));
		CHECK(is_ours(p[i]) == should_be_ours(size));
		CHECK(malloc_usable_size(p[i]) >= size);
		memset(p[i], 0xee, size);
		errno = 77;
		free(p[i]);
		CHECK(errno == 77);
	}
}

/* Across the border in both directions; content stays. */
static void
cross(void)
{
	static const size_t sizes[] = { 1, 100, 1024, 1025, 4095, 4096, 4097,
	    10000, 500000 };
	size_t n = sizeof sizes / sizeof sizes[0];

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			size_t least = sizes[i < j ? i : j];
			void *p = malloc(sizes[i]);

			fill(p, 0, sizes[i], i);
			p = realloc(p, sizes[j]);
			CHECK(is_filled(p, least, i));
			CHECK(is_ours(p) == should_be_ours(sizes[j]) ||
			    sizes[j] < sizes[i]);
			free(p);
		}
}

static void *
work(void *arg)
{
	uint32_t seed = (uint32_t)(size_t)arg;
	struct { void *p; size_t size; } held[50] = { { NULL, 0 } };

	for (int n = 0; n < 50000; n++) {
		size_t i = next_random(&seed) % 50;
		size_t size = next_random(&seed) % (n % 9 == 0 ? 50000 : 2048);

		CHECK(is_filled(held[i].p, held[i].size < size ?
		    held[i].size : size, i));
		held[i].p = realloc(held[i].p, size + 1);
		held[i].size = size;
		fill(held[i].p, 0, size, i);
	}
	for (size_t i = 0; i < 50; i++)
		free(held[i].p);
	return NULL;
}

int
main(void)
{
	pthread_t t[3];

	victim_start();
	for (size_t size = 0; size < 70000; size += size < 5000 ? 1 : 997)
		every_call(size);
	cross();
	for (size_t i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, work, (void *)(i + 1)) == 0);
	for (size_t i = 0; i < 3; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	malloc_trim(0);
	return 0;
}
