/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: wrong zone: object 0xADDR is in zone "apple", not in zone "pear"
 */
#include "victim.h"

static void
mistake(void)
{
	zone_t *apple = make("apple", 64, NULL), *pear = make("pear", 64, NULL);
	void *p = take(apple);

	(void)take(pear);
	expect(ZONE_WRONG_ZONE, pear, p);
	zone_free(pear, p);
	MUST(zone_holds(apple, p));
}
