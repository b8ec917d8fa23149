/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free_n: double free: object 0xADDR in zone "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);
	void *objs[3];

	take_all(z, objs, 2);
	objs[2] = objs[0];
	expect(ZONE_DOUBLE_FREE, z, objs[0]);
	zone_free_n(z, objs, 3);
}
