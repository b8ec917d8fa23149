/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_destroy: live object: 0xADDR in zone "node"
 *
 * A report, and no mistake: the program goes on in any case.
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *z = make("node", 64, NULL);
	void *p = take(z);

	zone_free(z, take(z));
	expect(ZONE_LIVE_OBJECT, z, p);
	MUST(zone_destroy(z, ZONE_IF_EMPTY) == -1 && errno == EBUSY);
	MUST(victim.calls == (unsigned)victim.is_handled);
	zone_free(z, p);
}
