/* SPDX-License-Identifier: BSD-2-Clause */
/* malloc and calloc: size 0, alignment, zeroes, sizes that cannot be had. */
#include "victim.h"

#include <malloc.h>

static void
every_size(size_t size)
{
	void *p = malloc(size), *q = malloc(size);

	CHECK(p != NULL && q != NULL && p != q);
	CHECK(is_aligned(p, 16) && is_aligned(q, 16));
	memset(p, 0x55, size);
	memset(q, 0xaa, size);
	free(p);
	CHECK(size == 0 || ((unsigned char *)q)[size - 1] == 0xaa);
	p = calloc(1, size);
	CHECK(p != NULL && p != q && is_aligned(p, 16) && is_zero(p, size));
	free(p);
	free(q);
}

/* What nobody can have is refused with ENOMEM and changes nothing. */
static void
refused(size_t size)
{
	void *p = malloc(100), *out = p;

	fill(p, 0, 100, size);
#define REFUSED(call)	(errno = 0, (call) == NULL && errno == ENOMEM)
	CHECK(REFUSED(malloc(size)));
	CHECK(REFUSED(calloc(1, size)));
	CHECK(REFUSED(calloc(size, 1)));
	CHECK(REFUSED(realloc(NULL, size)));
	CHECK(REFUSED(realloc(p, size)));
	CHECK(REFUSED(reallocarray(p, size, 1)));
	CHECK(REFUSED(memalign(64, size)));
	CHECK(REFUSED(aligned_alloc(4096, size)));
	CHECK(REFUSED(valloc(size)));
	CHECK(REFUSED(pvalloc(size)));
	errno = 5;
	CHECK(posix_memalign(&out, 64, size) == ENOMEM);
	CHECK(errno == 5 || victim_is_plain());
	CHECK(out == p && is_filled(p, 100, size));
	free(p);
	free(NULL);
}

static void
overflow(void)
{
	volatile size_t half = SIZE_MAX / 2 + 1;
	void *p = malloc(50000);

	fill(p, 0, 50000, 1);
	CHECK(REFUSED(calloc(half, 2)));
	CHECK(REFUSED(calloc(2, half + 8)));
	CHECK(REFUSED(calloc(SIZE_MAX - half, SIZE_MAX - half)));
	CHECK(REFUSED(reallocarray(p, half, 2)));
	CHECK(REFUSED(reallocarray(NULL, half + 1, 2)));
	CHECK(is_filled(p, 50000, 1));
	free(p);
}

int
main(void)
{
	victim_start();
	for (size_t size = 0; size <= 70000; size += size < 5000 ? 1 : 61)
		every_size(size);
	for (size_t size = 64 * KIB; size <= 64 * MIB; size *= 2) {
		every_size(size - 1);
		every_size(size);
		every_size(size + 1);
	}
	refused(SIZE_MAX);
	refused(SIZE_MAX - 15);
	refused(SIZE_MAX - 4096);
	refused(SIZE_MAX - 65536);
	refused((size_t)PTRDIFF_MAX + 1);
	refused(PTRDIFF_MAX);
	refused(PTRDIFF_MAX - 65536);
	refused((size_t)1 << 62);
	refused((size_t)1 << 48);
	overflow();
	every_size(100);
	return 0;
}
