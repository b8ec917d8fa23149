/* SPDX-License-Identifier: BSD-2-Clause */
/* realloc and reallocarray: content stays, whichever way the size goes. */
#include "victim.h"

#include <malloc.h>

/* Up by half from 1 byte to TOP, down again by thirds. */
static void
up_and_down(size_t top, size_t tag)
{
	unsigned char *p = malloc(1);
	size_t size = 1, next;

	fill(p, 0, 1, tag);
	for (; size < top; size = next) {
		next = size + size / 2 + 1;
		p = realloc(p, next);
		CHECK(p != NULL && is_aligned(p, 16));
		CHECK(is_filled(p, size < 4096 ? size : 4096, tag));
		fill(p, size, next, tag);
	}
	CHECK(is_filled(p, size, tag));
	for (; size > 1; size = next) {
		next = size - (size + 2) / 3;
		p = realloc(p, next);
		CHECK(p != NULL && is_filled(p, next, tag));
	}
	free(p);
}

/* Two that grow in turn cannot grow in place. */
static void
side_by_side(void)
{
	void *p[2] = { NULL, NULL };
	size_t size = 0, next;

	for (; size < 8 * MIB; size = next) {
		next = size + size / 3 + 40000;
		for (size_t i = 0; i < 2; i++) {
			p[i] = realloc(p[i], next);
			CHECK(p[i] != NULL && is_filled(p[i], size, i));
			fill(p[i], size, next, i);
		}
	}
	free(p[0]);
	free(p[1]);
}

static void
edges(void)
{
	void *p = realloc(NULL, 0), *q = realloc(NULL, 100);

	CHECK(p != NULL && q != NULL && p != q);
	/* To size 0: freed, as the C library does it, and not an error. */
	errno = 5;
	CHECK(realloc(p, 0) == NULL && errno == 5);
	CHECK(realloc(q, 0) == NULL && errno == 5);
	p = malloc(1 * MIB);
	CHECK(realloc(p, 0) == NULL && errno == 5);
	p = malloc(100);
	CHECK(reallocarray(p, 0, 100) == NULL && errno == 5);
	p = reallocarray(NULL, 10, 10);
	CHECK(p != NULL && malloc_usable_size(p) >= 100);
	p = reallocarray(p, 1000, 100);
	CHECK(p != NULL && malloc_usable_size(p) >= 100000);
	free(p);
}

/* Small to large and back, with blocks of every kind as neighbours. */
static void
to_and_fro(void)
{
	static const size_t sizes[] = { 1, 16, 17, 100, 1000, 1025, 4096, 8000,
	    32768, 32769, 65536, 65537, 100000, 600000, 2000000 };
	size_t n = sizeof sizes / sizeof sizes[0];

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			size_t least = sizes[i < j ? i : j];
			void *p = malloc(sizes[i]);

			fill(p, 0, sizes[i], i);
			p = realloc(p, sizes[j]);
			CHECK(p != NULL && is_filled(p, least, i));
			free(p);
		}
}

int
main(void)
{
	victim_start();
	up_and_down(64 * MIB, 1);
	up_and_down(40000, 2);
	up_and_down(3 * MIB, 3);
	side_by_side();
	edges();
	to_and_fro();
	return 0;
}
