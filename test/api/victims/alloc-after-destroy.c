/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_alloc: zone destroyed: "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);

	zone_free(z, take(z));
	MUST(zone_destroy(z, ZONE_IF_EMPTY) == 0);
	expect(ZONE_DESTROYED, z, NULL);
	MUST(zone_alloc(z, 0) == NULL && errno == EINVAL);
}
