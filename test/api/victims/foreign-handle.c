/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: stale pointer: 0xADDR is in memory that was given back
 */
#include "victim.h"

static void
mistake(void)
{
	/* The record of a zone is no object of the program. */
	zone_t *z = make("node", 64, NULL);

	expect(ZONE_STALE, NULL, z);
	zone_free(NULL, z);
}
