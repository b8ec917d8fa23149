/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: foreign pointer: 0xADDR is not from this allocator
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);
	void *p = malloc(64);

	(void)take(z);
	expect(ZONE_FOREIGN, NULL, p);
	zone_free(z, p);
	free(p);
}
