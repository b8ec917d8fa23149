/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: not an object: 0xADDR is behind the last object of a slab in zone "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 8, NULL);
	char *p = take(z);

	p += 4096 * 8 + 3;
	expect(ZONE_NOT_AN_OBJECT, z, p);
	zone_free(NULL, p);
}
