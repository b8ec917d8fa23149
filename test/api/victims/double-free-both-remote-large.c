/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: double free: object 0xADDR in zone "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 70000, NULL);
	void *objs[7];

	take_all(z, objs, 7);
	free_elsewhere(z, objs[5]);
	expect(ZONE_DOUBLE_FREE, z, objs[5]);
	free_elsewhere(z, objs[5]);
}
