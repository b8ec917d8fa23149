/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: double free: object 0xADDR in zone "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);
	void *objs[200];

	take_all(z, objs, 200);
	free_elsewhere(z, objs[0]);
	zone_free(z, objs[199]);
	expect(ZONE_DOUBLE_FREE, z, objs[0]);
	zone_free(z, objs[0]);
}
