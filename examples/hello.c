/* SPDX-License-Identifier: BSD-2-Clause */
/* hello - a zone from beginning to end. */
#include <stdio.h>
#include <zobj.h>

struct point {
	int x, y;
};

int
main(void)
{
	struct zone_stats st = { .stats_size = sizeof (st) };
	zone_t *points = zone_create("point", sizeof (struct point), NULL);
	struct point *p;

	if (points == NULL || (p = zone_alloc(points, ZONE_ZERO)) == NULL) {
		perror("hello");
		return (1);
	}
	p->x = 3;
	zone_stats(points, &st);
	printf("(%d, %d) is one of %zu live objects in zone \"%s\"\n",
	    p->x, p->y, st.live, zone_name(zone_of(p)));
	zone_free(points, p);
	return (zone_destroy(points, ZONE_IF_EMPTY) == 0 ? 0 : 1);
}
