/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resident.c - see resident.h.  Entries are in two trees: by page number, and
 * by frame, where the pages of a bank are neighbours.
 */
#include "resident.h"

#include <err.h>

#include <zobj.h>

size_t page_size;

static zone_t *page_zone, *frame_zone;
static struct tree by_number, by_frame;

void
resident_start(void)
{
	struct zone_attr attr = { .attr_size = sizeof (attr) };

	attr.align = page_size;
	attr.slab_size = (uint32_t)resident_bank_size();
	frame_zone = zone_create("frame", page_size, &attr);
	page_zone = zone_create("page", sizeof (struct page), NULL);
	if (frame_zone == NULL || page_zone == NULL)
		err(1, "zone_create: frame, page");
}

size_t
resident_bank_size(void)
{
	return (BANK_FRAMES * page_size);
}

struct page *
resident_find(uint64_t number)
{
	struct node *n = tree_find(&by_number, number);

	return (n == NULL ? NULL : TREE_THING(n, struct page, by_number));
}

struct page *
resident_enter(uint64_t number)
{
	struct page *p = zone_alloc(page_zone, ZONE_ZERO);
	void *frame;

	if (p == NULL)
		return (NULL);
	frame = zone_alloc(frame_zone, ZONE_ZERO);
	if (frame == NULL) {
		zone_free(page_zone, p);
		return (NULL);
	}
	p->by_number.key = number;
	p->by_frame.key = (uintptr_t)frame;
	tree_enter(&by_number, &p->by_number);
	tree_enter(&by_frame, &p->by_frame);
	return (p);
}

void
resident_leave(struct page *p)
{
	tree_leave(&by_number, &p->by_number);
	tree_leave(&by_frame, &p->by_frame);
	zone_free(frame_zone, resident_frame(p));
	zone_free(page_zone, p);
}

void *
resident_frame(const struct page *p)
{
	return ((void *)(uintptr_t)p->by_frame.key);
}

struct page *
resident_in_bank(uintptr_t bank, uintptr_t from)
{
	struct node *n = tree_from(&by_frame, from);

	if (n == NULL || n->key >= bank + resident_bank_size())
		return (NULL);
	return (TREE_THING(n, struct page, by_frame));
}

uintptr_t
resident_next_bank(uintptr_t bank)
{
	struct node *n = tree_from(&by_frame, bank + resident_bank_size());

	if (n == NULL)
		n = tree_from(&by_frame, 0);
	return (n == NULL ? 0 : n->key & ~(resident_bank_size() - 1));
}

void
resident_give_banks(void)
{
	zone_trim(frame_zone, ZONE_TRIM_CACHES);
}

size_t
resident_count(void)
{
	return (by_number.count);
}
