/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_free: double free: object 0xADDR in zone "node"
 *
 * An object that was never handed out has no constructor behind it: freeing it
 * must not make it look like one that has.
 */
#include "victim.h"

static int
construct(void *obj, void *arg)
{
	(void)arg;
	strcpy(obj, "built");
	return 0;
}

static void
mistake(void)
{
	zone_t *z = make("node", 64, ATTR(.ctor = construct));
	char *p = take(z);

	expect(ZONE_DOUBLE_FREE, z, p + 64);
	zone_free(z, p + 64);
	for (int i = 0; i < 2000; i++)
		MUST(strcmp(take(z), "built") == 0);
}
