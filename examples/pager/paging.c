/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging.c - see paging.h; the part of the pager to read for the deadlock.
 *
 * No zone can grow any more: zone_on_pressure calls relieve, which empties
 * banks.  To empty one, each of its dirty pages needs a slot in the swap
 * metadata, and that may be memory again: BANK_FRAMES blocks at the worst.
 * They come from the reserve.  Then the metadata gets what has come free until
 * its reserve is whole again, so that the next time will end as well; and only
 * then whoever asked.
 */
#include "paging.h"

#include <sys/mman.h>

#include <err.h>

#include <zobj.h>

#include "meta.h"
#include "resident.h"
#include "swap.h"

static char *window;			/* NULL: users pin pages */
static uintptr_t hand;			/* the bank looked at last */
static const char *problem = "no memory";

/* ---- out ---- */

/* Where the contents of a page are. */
static void *
contents(const struct page *p)
{
	return (window != NULL ? window + p->by_number.key * page_size :
	    resident_frame(p));
}

/* Its room is free afterwards, and its contents are gone. */
static void
vacate(struct page *p)
{
	if (window != NULL && madvise(contents(p), page_size,
	    MADV_DONTNEED) != 0)
		err(1, "madvise");
	resident_leave(p);
}

/* The same, with the contents in the file.  False: it has to stay. */
static bool
evict(struct page *p)
{
	uint64_t number = p->by_number.key;

	if (p->dirty) {
		if (!meta_prepare(number)) {
			problem = "cannot evict: no memory for swap metadata";
			return (false);
		}
		meta_set(number, swap_write(contents(p)));
	}
	vacate(p);
	return (true);
}

/* May the bank go?  No page pinned, none used since the hand passed by. */
static bool
is_idle(uintptr_t bank)
{
	struct page *p;
	bool idle = true;

	for (uintptr_t at = bank; (p = resident_in_bank(bank, at)) != NULL;
	    at = p->by_frame.key + 1) {
		idle = idle && p->pins == 0 && !p->referenced;
		p->referenced = false;
	}
	return (idle);
}

/* The clock: the first idle bank; in the second round only pins count. */
static uintptr_t
find_victim(void)
{
	for (size_t n = 2 * resident_count(); n > 0; n--) {
		hand = resident_next_bank(hand);
		if (is_idle(hand))
			return (hand);
	}
	problem = "cannot evict: no page may leave memory";
	return (0);
}

static bool
evict_bank(void)
{
	uintptr_t bank = find_victim();
	struct page *p;

	if (bank == 0)
		return (false);
	while ((p = resident_in_bank(bank, bank)) != NULL)
		if (!evict(p))
			return (false);
	return (true);
}

/* zone_on_pressure: some zone needs WANT bytes and cannot grow. */
static size_t
relieve(zone_t *z, size_t want, void *arg)
{
	size_t freed = 0;

	(void)z, (void)arg;
	while (freed < want && evict_bank()) {
		if (meta_out() == 0) {
			freed += resident_bank_size();
			continue;
		}
		resident_give_banks();
		meta_replenish();
	}
	return (freed);
}

/* ---- in ---- */

/* Into memory, where it was or, if it never left, as zeros. */
static struct page *
bring(uint64_t number)
{
	struct page *p = resident_enter(number);
	const struct swapped *where = meta_find(number);

	if (p != NULL && where != NULL)
		swap_read(where, resident_frame(p));
	return (p);
}

void *
paging_pin(uint64_t number, bool write)
{
	struct page *p = resident_find(number);

	if (p == NULL && (p = bring(number)) == NULL)
		return (NULL);
	p->pins++;
	p->referenced = true;
	if (write && !p->dirty) {
		p->dirty = true;
		meta_clear(number);
	}
	return (resident_frame(p));
}

void
paging_unpin(uint64_t number)
{
	resident_find(number)->pins--;
}

void
paging_drop(uint64_t first, uint64_t end)
{
	for (uint64_t n = first; n < end; n++) {
		struct page *p = resident_find(n);

		if (p != NULL)
			vacate(p);
		meta_clear(n);
	}
}

_Noreturn void
paging_give_up(void)
{
	warnx("%s", problem);
	errx(1, "%zu pages in memory, %zu in swap, %zu blocks of swap "
	    "metadata, %zu of them from the reserve", resident_count(),
	    swap_used(), meta_blocks(), meta_out());
}

void
paging_start(char *w)
{
	window = w;
	if (zone_on_pressure(relieve, NULL) != 0)
		err(1, "zone_on_pressure");
}
