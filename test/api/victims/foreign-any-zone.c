/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: foreign pointer: 0xADDR is not from this allocator
 */
#include "victim.h"

static void
mistake(void)
{
	/* Nothing has been allocated yet. */
	static char data[64];

	expect(ZONE_FOREIGN, NULL, data);
	zone_free(NULL, data);
}
