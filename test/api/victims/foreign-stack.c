/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: foreign pointer: 0xADDR is not from this allocator
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);
	int on_stack = 0;

	expect(ZONE_FOREIGN, NULL, &on_stack);
	zone_free(z, &on_stack);
}
