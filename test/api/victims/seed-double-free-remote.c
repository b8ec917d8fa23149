/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: double free: object 0xADDR in zone "node"
 */
#include "victim.h"

static char memory[ZONE_CRAM_SIZE(300, 64, 0)];

static void
mistake(void)
{
	zone_t *z = make("node", 64, ATTR(.seed = memory,
	    .seed_size = sizeof memory));
	void *p[200];

	take_all(z, p, 200);
	free_elsewhere(z, p[10]);
	expect(ZONE_DOUBLE_FREE, z, p[10]);
	zone_free(z, p[10]);
}
