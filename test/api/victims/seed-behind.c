/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: not an object: 0xADDR is behind the last object of a slab in zone "node"
 */
#include "victim.h"

static char memory[10000];

static void
mistake(void)
{
	zone_t *z = make("node", 1000, NULL);

	MUST(zone_cram(z, memory, sizeof memory) == 9);
	(void)take(z);
	expect(ZONE_NOT_AN_OBJECT, z, memory + sizeof memory - 1);
	zone_free(z, memory + sizeof memory - 1);
}
