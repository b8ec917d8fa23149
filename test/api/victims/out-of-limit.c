/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj: zone_alloc: out of memory: zone "node" is at its limit of 1 objects
 */
#include "victim.h"

/* Free the object once it has been missed: once it was reported. */
static void *
free_late(void *arg)
{
	struct zone_stats st = { .stats_size = sizeof st };
	struct victim_call *c = arg;

	do {
		usleep(1000);
		MUST(zone_stats(c->z, &st) == 0);
	} while (st.fails == 0);
	zone_free(c->z, c->p);
	return NULL;
}

static void
mistake(void)
{
	struct victim_call c = { make("node", 64, ATTR(.limit = 1)), NULL };
	pthread_t t;
	void *p;

	c.p = take(c.z);
	expect(ZONE_OUT_OF_MEMORY, c.z, NULL);
	MUST(pthread_create(&t, NULL, free_late, &c) == 0);
	p = zone_alloc(c.z, ZONE_NOFAIL);
	MUST(pthread_join(t, NULL) == 0);
	MUST(p != NULL);
	zone_free(c.z, p);
}
