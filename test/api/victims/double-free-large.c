/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: double free: object 0xADDR in zone "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 300000, NULL);
	void *objs[5];

	take_all(z, objs, 5);
	zone_free(z, objs[3]);
	expect(ZONE_DOUBLE_FREE, z, objs[3]);
	zone_free(z, objs[3]);
}
