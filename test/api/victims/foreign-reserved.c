/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: foreign pointer: 0xADDR is not from this allocator
 */
#include "victim.h"

static void
mistake(void)
{
	/* In the address range that is ours, where nothing is yet. */
	zone_t *z = make("node", 64, NULL);
	char *p = take(z);

	p += (size_t)1 << 30;
	expect(ZONE_FOREIGN, NULL, p);
	zone_free(z, p);
}
