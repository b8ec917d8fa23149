/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: foreign pointer: 0xADDR is not from this allocator
 */
#include "victim.h"

static char memory[10000];

static void
mistake(void)
{
	zone_t *z = make("node", 64, ATTR(.seed = memory,
	    .seed_size = sizeof memory));
	void *p = take(z);

	MUST(zone_destroy(z, ZONE_NOW) == 0);
	memset(memory, 0xff, sizeof memory);
	expect(ZONE_FOREIGN, NULL, p);
	zone_free(NULL, p);
}
