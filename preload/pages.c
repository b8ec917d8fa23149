/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pages.c - see pages.h.  A child has no use for a recorder's memory and does
 * not get it; huge pages would be charged to the malloc that is measured.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "pages.h"

#include <sys/mman.h>

enum { PAGES_LEAST = 64 << 10 };

bool
pages_reach(struct pages *p, size_t count, size_t size)
{
	size_t need, room = max_size(p->size, PAGES_LEAST);
	void *start;

	if (__builtin_mul_overflow(count, size, &need) || need > SIZE_MAX / 2)
		return false;
	if (need <= p->size)
		return true;
	while (room < need)
		room *= 2;
	start = p->size == 0 ?
	    mmap(NULL, room, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) :
	    mremap(p->start, p->size, room, MREMAP_MAYMOVE);
	if (start == MAP_FAILED)
		return false;
	if (p->size == 0) {
		(void)madvise(start, room, MADV_DONTFORK);
		(void)madvise(start, room, MADV_NOHUGEPAGE);
	}
	p->start = start;
	p->size = room;
	return true;
}

void
pages_free(struct pages *p)
{
	if (p->size != 0)
		munmap(p->start, p->size);
	*p = (struct pages){ NULL, 0 };
}
