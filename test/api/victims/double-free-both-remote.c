/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: double free: object 0xADDR in zone "node"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);
	void *p = take(z);

	free_elsewhere(z, p);
	expect(ZONE_DOUBLE_FREE, z, p);
	free_elsewhere(z, p);
}
