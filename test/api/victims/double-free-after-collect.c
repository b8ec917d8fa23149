/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: double free: object 0xADDR in zone "node"
 */
#include "victim.h"

static void
mistake(void)
{
	/* The second free collects what the first one freed. */
	zone_t *z = make("node", 64, NULL);
	void *p = take(z), *q = take(z);

	free_elsewhere(z, p);
	zone_free(z, q);
	expect(ZONE_DOUBLE_FREE, z, p);
	zone_free(z, p);
}
