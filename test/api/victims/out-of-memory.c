/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_alloc: out of memory: 64 bytes for zone "node"
 */
#include "victim.h"

enum { REFUSALS = 2 };

static unsigned calls;

/* The constructor is what has no memory, until that has been reported. */
static int
build(void *obj, void *arg)
{
	struct zone_stats st = { .stats_size = sizeof st };

	(void)obj;
	calls++;
	if (zone_stats(*(zone_t **)arg, &st) == 0 && st.fails != 0)
		return 0;
	return ENOMEM;
}

static void
mistake(void)
{
	static zone_t *z;
	void *p;

	z = make("node", 64, ATTR(.ctor = build, .arg = &z));
	MUST(zone_alloc(z, ZONE_NOFAIL | ZONE_NOWAIT) == NULL);
	MUST(errno == EINVAL && calls == 0);
	expect(ZONE_OUT_OF_MEMORY, z, NULL);
	p = zone_alloc(z, ZONE_NOFAIL);
	MUST(p != NULL && calls >= REFUSALS);
	zone_free(z, p);
}
