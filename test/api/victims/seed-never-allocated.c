/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: double free: object 0xADDR in zone "node"
 */
#include "victim.h"

static char memory[ZONE_CRAM_SIZE(1000, 64, 0)];

static void
mistake(void)
{
	zone_t *z = make("node", 64, ATTR(.seed = memory,
	    .seed_size = sizeof memory));
	char *p = take(z);

	expect(ZONE_DOUBLE_FREE, z, p + 500 * 64);
	zone_free(NULL, p + 500 * 64);
}
