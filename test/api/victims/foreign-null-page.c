/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: foreign pointer: 0xADDR is not from this allocator
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);

	(void)take(z);
	expect(ZONE_FOREIGN, NULL, (void *)8);
	zone_free(z, (void *)8);
}
