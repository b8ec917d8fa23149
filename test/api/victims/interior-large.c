/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: not an object: 0xADDR is 200001 bytes inside object 0xADDR in zone "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 300000, NULL);
	char *p;

	(void)take(z);
	p = take(z);
	expect(ZONE_NOT_AN_OBJECT, z, p + 200001);
	zone_free(z, p + 200001);
	MUST(zone_holds(z, p));
}
