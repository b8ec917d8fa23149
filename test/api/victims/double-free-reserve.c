/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: double free: object 0xADDR in zone "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, ATTR(.reserve = 10));
	void *p = zone_alloc(z, ZONE_NOWAIT | ZONE_RESERVE);

	MUST(p != NULL);
	zone_free(z, p);
	expect(ZONE_DOUBLE_FREE, z, p);
	zone_free(z, p);
}
