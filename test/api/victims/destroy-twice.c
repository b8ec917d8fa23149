/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_destroy: zone destroyed: "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);

	MUST(zone_destroy(z, ZONE_NOW) == 0);
	expect(ZONE_DESTROYED, z, NULL);
	MUST(zone_destroy(z, ZONE_NOW) == -1 && errno == EINVAL);
}
