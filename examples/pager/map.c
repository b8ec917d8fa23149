/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.c - see map.h.  Map entries are in a tree by first page, and neighbours
 * are joined.  No eviction comes by here, so their zone needs no reserve: when
 * it cannot grow, pages are evicted until it can.
 */
#include "map.h"

#include <err.h>

#include <zobj.h>

#include "tree.h"

struct entry {
	struct node	 node;		/* key: the first page */
	uint64_t	 end;		/* behind the last one */
};

static zone_t *zone;
static struct tree map;

void
map_start(void)
{
	zone = zone_create("map-entry", sizeof (struct entry), NULL);
	if (zone == NULL)
		err(1, "zone_create: map-entry");
}

/* The last entry that begins at PAGE or before. */
static struct entry *
entry_up_to(uint64_t page)
{
	struct node *n = tree_up_to(&map, page);

	return (n == NULL ? NULL : TREE_THING(n, struct entry, node));
}

static bool
enter(uint64_t first, uint64_t end)
{
	struct entry *e = zone_alloc(zone, 0);

	if (e == NULL)
		return (false);
	e->node.key = first;
	e->end = end;
	tree_enter(&map, &e->node);
	return (true);
}

static void
leave(struct entry *e)
{
	tree_leave(&map, &e->node);
	zone_free(zone, e);
}

bool
map_add(uint64_t first, uint64_t end)
{
	struct entry *before = entry_up_to(first), *after = entry_up_to(end);
	bool joins = before != NULL && before->end == first;

	if (after == NULL || after->node.key != end) {
		if (!joins)
			return (enter(first, end));
		before->end = end;
	} else if (joins) {
		before->end = after->end;
		leave(after);
	} else {
		tree_leave(&map, &after->node);
		after->node.key = first;
		tree_enter(&map, &after->node);
	}
	return (true);
}

bool
map_cut(uint64_t first, uint64_t end)
{
	struct entry *e = entry_up_to(first);

	if (end < e->end && !enter(end, e->end))
		return (false);
	e->end = first;
	if (e->node.key == first)
		leave(e);
	return (true);
}

bool
map_has(uint64_t page)
{
	struct entry *e = entry_up_to(page);

	return (e != NULL && page < e->end);
}

size_t
map_count(void)
{
	return (map.count);
}
