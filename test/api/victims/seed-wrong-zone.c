/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: wrong zone: object 0xADDR is in zone "apple", not in zone "pear"
 */
#include "victim.h"

static char memory[10000];

static void
mistake(void)
{
	zone_t *apple = make("apple", 64, NULL), *pear = make("pear", 64, NULL);
	void *p;

	MUST(zone_cram(apple, memory, sizeof memory / 2) > 0);
	MUST(zone_cram(pear, memory + sizeof memory / 2,
	    sizeof memory / 2) > 0);
	p = take(apple);
	(void)take(pear);
	expect(ZONE_WRONG_ZONE, pear, p);
	zone_free(pear, p);
	MUST(zone_holds(apple, p));
}
