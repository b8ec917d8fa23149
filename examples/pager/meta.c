/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meta.c - see meta.h.  What DragonFly and FreeBSD call SWAPMETA, and where
 * their pagers could come to a halt.
 */
#include "meta.h"

#include <err.h>

#include <zobj.h>

#include "swap.h"
#include "tree.h"

struct block {
	struct node	 node;			/* key: page / META_PAGES */
	uint64_t	 used;			/* a bit per page in swap */
	struct swapped	 pages[META_PAGES];
};

static zone_t *zone;
static struct tree blocks;
static size_t out, worst;		/* taken from the reserve */

void
meta_start(size_t reserve)
{
	struct zone_attr attr = { .attr_size = sizeof (attr) };

	attr.reserve = reserve;
	zone = zone_create("swap-block", sizeof (struct block), &attr);
	if (zone == NULL)
		err(1, "zone_create: swap-block");
}

static struct block *
find_block(uint64_t page)
{
	struct node *n = tree_find(&blocks, page / META_PAGES);

	return (n == NULL ? NULL : TREE_THING(n, struct block, node));
}

bool
meta_prepare(uint64_t page)
{
	struct block *b = find_block(page);

	if (b != NULL)
		return (true);
	b = zone_alloc(zone, ZONE_ZERO);
	if (b == NULL) {
		b = zone_alloc(zone, ZONE_ZERO | ZONE_NOWAIT | ZONE_RESERVE);
		if (b == NULL)
			return (false);
		if (++out > worst)
			worst = out;
	}
	b->node.key = page / META_PAGES;
	tree_enter(&blocks, &b->node);
	return (true);
}

void
meta_set(uint64_t page, struct swapped where)
{
	struct block *b = find_block(page);

	b->pages[page % META_PAGES] = where;
	b->used |= (uint64_t)1 << page % META_PAGES;
}

const struct swapped *
meta_find(uint64_t page)
{
	struct block *b = find_block(page);

	if (b == NULL || (b->used >> page % META_PAGES & 1) == 0)
		return (NULL);
	return (&b->pages[page % META_PAGES]);
}

void
meta_clear(uint64_t page)
{
	struct block *b = find_block(page);
	const struct swapped *where = meta_find(page);

	if (where == NULL)
		return;
	swap_free(where->slot);
	b->used &= ~((uint64_t)1 << page % META_PAGES);
	if (b->used != 0)
		return;
	tree_leave(&blocks, &b->node);
	zone_free(zone, b);
}

void
meta_replenish(void)
{
	struct zone_stats st = { .stats_size = sizeof (st) };

	if (zone_fill(zone, 0) == 0 && zone_stats(zone, &st) == 0)
		out = st.reserve_free < st.reserve ?
		    st.reserve - st.reserve_free : 0;
}

size_t
meta_blocks(void)
{
	return (blocks.count);
}

size_t
meta_out(void)
{
	return (out);
}

size_t
meta_worst(void)
{
	return (worst);
}
