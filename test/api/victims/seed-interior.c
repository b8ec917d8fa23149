/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: not an object: 0xADDR is 24 bytes inside object 0xADDR in zone "node"
 */
#include "victim.h"

static char memory[10000];

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);
	char *p;

	MUST(zone_cram(z, memory + 1, sizeof memory - 1) > 100);
	p = take(z);
	expect(ZONE_NOT_AN_OBJECT, z, p + 24);
	zone_free(z, p + 24);
	MUST(zone_holds(z, p));
}
