/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_stats: zone destroyed: "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);
	struct zone_stats st = { .stats_size = sizeof st };

	MUST(zone_destroy(z, ZONE_NOW) == 0);
	expect(ZONE_DESTROYED, z, NULL);
	MUST(zone_stats(z, &st) == -1 && errno == EINVAL);
}
