/* SPDX-License-Identifier: BSD-2-Clause */
/* Alignments up to 4 MiB by every call that takes one, and what they refuse. */
#include "victim.h"

#include <malloc.h>

#define HELD	64

static void
hold(void *p, size_t align, size_t size)
{
	static struct { void *p; size_t size; } held[HELD];
	static size_t next;
	size_t i = next++ % HELD;

	CHECK(p != NULL && is_aligned(p, align) && is_aligned(p, 16));
	CHECK(malloc_usable_size(p) >= size);
	CHECK(is_filled(held[i].p, held[i].size, i));
	free(held[i].p);
	held[i].p = p;
	held[i].size = size;
	fill(p, 0, size, i);
}

static void
one(size_t align, size_t size)
{
	void *p = NULL;

	if (align % sizeof (void *) == 0) {
		errno = 5;
		CHECK(posix_memalign(&p, align, size) == 0 && errno == 5);
		hold(p, align, size);
	}
	hold(aligned_alloc(align, size), align, size);
	hold(memalign(align, size), align, size);
	/* realloc keeps the content; only malloc's own alignment. */
	p = memalign(align, size + 1);
	((char *)p)[size] = 9;
	p = realloc(p, size + 2 * KIB);
	CHECK(((char *)p)[size] == 9);
	hold(p, 16, size);
}

/* No compiler is to see what is asked for. */
static size_t
hidden(size_t n)
{
	volatile size_t v = n;

	return v;
}

static void
refusals(void)
{
	static const size_t bad[] = { 0, 1, 2, 4, 3, 7, 12, 24, 100, 4097,
	    SIZE_MAX, SIZE_MAX - 7 };
	char object;
	void *p;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		p = &object;
		errno = 5;
		CHECK(posix_memalign(&p, bad[i], 100) == EINVAL);
		CHECK(p == &object && errno == 5);
	}
	errno = 0;
	CHECK(memalign(hidden(SIZE_MAX), 10) == NULL && errno == EINVAL);
	errno = 0;
	CHECK(aligned_alloc(hidden((size_t)1 << 62), 10) == NULL && errno != 0);
	errno = 0;
	CHECK(memalign(hidden((size_t)1 << 63), 10) == NULL && errno != 0);
	p = &object;
	CHECK(posix_memalign(&p, (size_t)1 << 62, 10) == ENOMEM);
	CHECK(p == &object);
}

int
main(void)
{
	static const size_t sizes[] = { 0, 1, 15, 17, 48, 100, 1000, 4096, 5000,
	    33000, 70000, 300000 };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	victim_start();
	for (size_t align = 1; align <= 4 * MIB; align *= 2)
		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
			one(align, sizes[i]);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		hold(valloc(sizes[i]), page, sizes[i]);
		hold(pvalloc(sizes[i]), page,
		    (sizes[i] + page - 1) & ~(page - 1));
	}
	/* glibc rounds an odd alignment up. */
	hold(memalign(hidden(0), 100), 1, 100);
	hold(memalign(hidden(24), 100), 8, 100);
	hold(memalign(hidden(4097), 100), 4096, 100);
	refusals();
	return 0;
}
