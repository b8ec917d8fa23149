/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: double free: object 0xADDR in zone "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);
	void *objs[100];

	take_all(z, objs, 100);
	zone_free(z, objs[50]);
	zone_trim(z, ZONE_TRIM_CACHES);
	expect(ZONE_DOUBLE_FREE, z, objs[50]);
	zone_free(z, objs[50]);
}
