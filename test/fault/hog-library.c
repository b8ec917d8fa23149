/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A library that takes all mappings of the process it is loaded into but for
 * HOG_SPARE, before main.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_PAGES = 400000 };

__attribute__((__constructor__)) static void
take_mappings(void)
{
	const char *spare = getenv("HOG_SPARE");
	size_t page = (size_t)sysconf(_SC_PAGESIZE), i = 1;
	char *p = mmap(NULL, MOST_PAGES * page, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (spare == NULL || p == MAP_FAILED)
		return;
	/* Each page that differs from its neighbours makes two more. */
	while (i + 1 < MOST_PAGES &&
	    mprotect(p + i * page, page, PROT_READ) == 0)
		i += 2;
	for (long n = atol(spare); n > 0 && i > 2; n -= 2)
		(void)mprotect(p + (i -= 2) * page, page, PROT_NONE);
}
