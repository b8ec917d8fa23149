/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: stale pointer: 0xADDR is in memory that was given back
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);
	void *p = take(z);

	zone_free(z, p);
	zone_trim(z, ZONE_TRIM_CACHES);
	expect(ZONE_STALE, NULL, p);
	zone_free(z, p);
}
