/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: zone destroyed: "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);
	void *p = take(z);

	MUST(zone_destroy(z, ZONE_NOW) == 0);
	expect(ZONE_DESTROYED, z, NULL);
	zone_free(z, p);
}
