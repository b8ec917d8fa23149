/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: not an object: 0xADDR is before the first object of registered memory in zone "node"
 */
#include "victim.h"

static char memory[10000];

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);

	MUST(zone_cram(z, memory, sizeof memory) > 100);
	(void)take(z);
	expect(ZONE_NOT_AN_OBJECT, z, memory);
	zone_free(z, memory);
}
