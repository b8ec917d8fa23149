/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.c - counts bits and pages.  Holds a zone's lock while it walks the
 * zone's slabs; what threads do to their own slabs meanwhile makes figures
 * close rather than exact.
 *
 * Every byte in memory is accounted for once: those of a page by the objects
 * that it overlaps, so that the parts of a zone add up to what is resident
 * whatever changes meanwhile; those of units that are in no zone by the runs
 * of the arena.  A report ends with the sum, beside what the system says.
 */
#include "stats.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "extent.h"
#include "fmt.h"
#include "hole.h"
#include "os.h"
#include "region.h"
#include "reserve.h"
#include "share.h"
#include "slab.h"
#include "ztable.h"

enum { PAGES_AT_ONCE = 256 };

/* A slab as it was at one moment, and how its memory divides. */
struct picture {
	const struct slab *slab;
	size_t	 bytes;			/* of the slab */
	size_t	 skew;			/* from its first page to its base */
	size_t	 size;			/* of an object, without padding */
	size_t	 nfree;
	/* A word more than objects need: free_below looks at it. */
	uint64_t free[SLAB_MAX_OBJECTS / WORD_OBJECTS + 1];

	/* Bytes in memory: all, of objects, of those the free ones. */
	size_t	 resident;
	size_t	 of_objects;
	size_t	 of_free;
};

/* Bytes of the slab's first END that belong to objects, and to free ones. */
static size_t
objects_below(const struct picture *p, size_t end)
{
	size_t stride = p->slab->stride, nobj = p->slab->nobj;
	size_t i = min_size(end / stride, nobj);

	return i * p->size + (i < nobj ? min_size(end % stride, p->size) : 0);
}

static size_t
free_below(const struct picture *p, size_t end)
{
	size_t stride = p->slab->stride;
	size_t i = min_size(end / stride, p->slab->nobj), n = 0;
	size_t w = i >> WORD_SHIFT;
	unsigned bit = i % WORD_OBJECTS;

	for (size_t k = 0; k < w; k++)
		n += count_bits(p->free[k]);
	n += count_bits(p->free[w] & low_bits(bit));
	return n * p->size + ((p->free[w] >> bit & 1) != 0 ?
	    min_size(end % stride, p->size) : 0);
}

/*
 * N pages, the last of them before page END, are in memory.  The slab's first
 * byte and its last may be anywhere in a page, if it is registered memory.
 */
static void
add_pages(struct picture *p, size_t end, size_t n)
{
	size_t page = os_page_size(), first = (end - n) * page, to, from;

	if (n == 0)
		return;
	from = first - min_size(first, p->skew);
	to = min_size(end * page - p->skew, p->bytes);
	p->resident += to - from;
	p->of_objects += objects_below(p, to) - objects_below(p, from);
	p->of_free += free_below(p, to) - free_below(p, from);
}

/* Pages K to K + N of the slab. */
static void
look_at_pages(struct picture *p, size_t k, size_t n)
{
	unsigned char present[PAGES_AT_ONCE];
	size_t page = os_page_size(), run = 0;
	uintptr_t first = p->slab->base - p->skew;

	if (os_pages_present((char *)first + k * page, n * page, present) != 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if ((present[i] & 1) != 0) {
			run++;
			continue;
		}
		add_pages(p, k + i, run);
		run = 0;
	}
	add_pages(p, k + n, run);
}

/* Registered memory has no more of a slab than its objects. */
static size_t
slab_bytes(const struct slab *d)
{
	return slab_is_seed(d) ? (size_t)d->nobj * d->stride :
	    (size_t)d->units << UNIT_SHIFT;
}

static void
take_picture(struct picture *p, struct slab *d, size_t size)
{
	size_t page = os_page_size(), skew = d->base % page;
	size_t bytes = slab_bytes(d), pages = (skew + bytes + page - 1) / page;
	unsigned words = slab_words(d);

	*p = (struct picture){ .slab = d, .bytes = bytes, .skew = skew,
	    .size = size };
	for (unsigned w = 0; w < words; w++) {
		p->free[w] = slab_free_bits(d, w);
		p->nfree += count_bits(p->free[w]);
	}
	for (size_t k = 0; k < pages; k += PAGES_AT_ONCE)
		look_at_pages(p, k, min_size(pages - k, PAGES_AT_ONCE));
}

/* Is D among those that allocation reaches last? */
static bool
is_held_back(const struct slab *d)
{
	return load_relaxed(&d->place) == PLACE_PARTIAL &&
	    d->group == ZONE_GROUPS;
}

static void
add_by_holder(struct slab *d, const struct picture *p, struct zone_stats *st)
{
	if (slab_owner(d) != NULL) {
		st->slabs_owned++;
		st->cached += p->nfree;
		st->bytes_cached += p->of_free;
		return;
	}
	if (p->nfree == 0)
		st->slabs_busy++;
	else if (p->nfree == d->nobj)
		st->slabs_free++;
	else
		st->slabs_partial++;
	if (is_held_back(d))
		st->bytes_held += p->of_free;
	else
		st->bytes_shared += p->of_free;
}

static void
add_slab(struct slab *d, struct zone_stats *st)
{
	size_t bytes = slab_bytes(d), absent, given;
	struct picture p;

	take_picture(&p, d, st->size);
	absent = bytes - p.resident;
	given = min_size(hole_given(d), absent);
	st->slabs++;
	st->capacity += d->nobj;
	st->live += d->nobj - p.nfree;
	st->bytes_mapped += bytes;
	st->bytes_seed += slab_is_seed(d) ? bytes : 0;
	st->bytes_resident += p.resident;
	st->bytes_live += p.of_objects - p.of_free;
	st->bytes_slack += p.resident - p.of_objects;
	st->bytes_given += given;
	st->bytes_untouched += absent - given;
	add_by_holder(d, &p, st);
}

bool
stats_zone(struct zone *z, char *name, struct zone_stats *st)
{
	bool there;

	lock_acquire(&z->lock);
	there = zone_is_there(z);
	if (there) {
		*st = (struct zone_stats){
			.stats_size = sizeof *st, .size = z->size,
			.stride = z->stride, .limit = z->limit,
			.fails = load_relaxed(&z->fails),
			.reserve = z->reserve, .reserve_free = reserve_count(z)
		};
		LIST_FOREACH(l, &z->all)
			add_slab(SLAB_OF_ALL(l), st);
		z->peak = max_size(z->peak, st->live);
		st->peak = z->peak;
		st->bytes_meta = st->slabs * share_meta_bytes(z);
		if (name != NULL)
			memcpy(name, z->name, ZONE_NAME_SIZE);
	}
	lock_release(&z->lock);
	return there;
}

/* The struct has grown at its end twice. */
bool
stats_has_size(size_t size)
{
	return size == sizeof (struct zone_stats) ||
	    size == offsetof(struct zone_stats, reserve) ||
	    size == offsetof(struct zone_stats, bytes_seed) ||
	    size == offsetof(struct zone_stats, bytes_live);
}

bool
stats_fill(struct zone *z, struct zone_stats *st)
{
	struct zone_stats all;
	size_t size = st->stats_size;

	if (!stats_zone(z, NULL, &all))
		return false;
	all.stats_size = size;
	memcpy(st, &all, size);
	return true;
}

/* What is in no zone. */
enum other {
	OTHER_DEPOT,
	OTHER_FREE_RUNS,
	OTHER_LOST,			/* zones are gone, slabs could not go */
	OTHER_THREADS,
	OTHER_DESCRIPTORS,
	OTHERS
};

static const char *const other_names[OTHERS] = {
	"depot", "free-runs", "lost", "threads", "descriptors"
};

struct amount {
	size_t count;
	size_t mapped;
	size_t resident;
};

/* What the arenas hold. */
struct census {
	struct amount others[OTHERS];
	struct amount extents;
	size_t	      asked_for;	/* of extents, as far as in memory */
	size_t	      resident;		/* all of it, as the system says */
	size_t	      regions;		/* how many that includes */
};

/* NULL: it is counted with its zone. */
static struct amount *
amount_of(struct census *c, const struct arena_run *r)
{
	switch (r->state) {
	case UNIT_SLAB:
		return load_relaxed(&r->zone->magic) == ZONE_MAGIC_DEAD ?
		    &c->others[OTHER_LOST] : NULL;
	case UNIT_EXTENT:
		return &c->extents;
	case UNIT_FREE:
		return &c->others[OTHER_FREE_RUNS];
	default:
		/* The depot keeps single units; a struct thread needs more. */
		return &c->others[r->units == 1 ? OTHER_DEPOT : OTHER_THREADS];
	}
}

static void
count_run(struct census *c, const struct arena_run *r)
{
	struct amount *a = amount_of(c, r);
	size_t bytes = r->units << UNIT_SHIFT, resident;

	if (a == NULL)
		return;
	resident = os_resident((void *)r->base, bytes);
	a->count++;
	a->mapped += bytes;
	a->resident += resident;
	if (r->state == UNIT_EXTENT)
		c->asked_for += min_size(resident, r->bytes);
}

static void
count_descriptors(struct census *c, const struct arena_span *s)
{
	struct amount *a = &c->others[OTHER_DESCRIPTORS];

	a->count += s->bytes >> UNIT_SHIFT;
	a->mapped += s->base - s->table;
	a->resident += os_resident((void *)s->table, s->base - s->table);
}

/* Bytes in memory of [FROM, TO), which is PAGES_AT_ONCE pages at most. */
static size_t
resident_at_once(uintptr_t from, uintptr_t to)
{
	unsigned char present[PAGES_AT_ONCE];
	size_t page = os_page_size(), bytes = 0;
	uintptr_t first = from & ~(page - 1);

	if (os_pages_present((void *)first, round_up(to, page) - first,
	    present) != 0)
		return 0;
	for (size_t i = 0; from < to; i++) {
		uintptr_t end = min_size(first + (i + 1) * page, to);

		bytes += (present[i] & 1) != 0 ? end - from : 0;
		from = end;
	}
	return bytes;
}

/*
 * Bytes of [FROM, TO) that are in memory.  Those of neighbours add up, where
 * they share a page too.
 */
static size_t
resident_between(uintptr_t from, uintptr_t to)
{
	size_t page = os_page_size(), bytes = 0;
	uintptr_t end;

	for (; from < to; from = end) {
		end = min_size((from & ~(page - 1)) + PAGES_AT_ONCE * page, to);
		bytes += resident_at_once(from, end);
	}
	return bytes;
}

/*
 * The objects of a region are counted with their zone; what lies before them,
 * and what is left behind the last, with the descriptors.
 */
static void
count_region(struct census *c, const struct region *r)
{
	struct amount *a = &c->others[OTHER_DESCRIPTORS];
	uintptr_t behind = r->objects + r->nobj * r->stride;

	a->count += (r->nobj - 1) / r->per_slab + 1;
	a->mapped += r->objects - r->start + r->end - behind;
	a->resident += resident_between(r->start, r->objects) +
	    resident_between(behind, r->end);
	c->resident += resident_between(r->start, r->end);
	c->regions++;
}

static void
take_census(struct census *c)
{
	struct arena_span s;
	struct arena_run r;
	struct region region;

	*c = (struct census){ .asked_for = 0 };
	for (unsigned i = 0; arena_span(i, &s); i++) {
		for (size_t n = 0; arena_run_at(i, n, &r); n += r.units)
			count_run(c, &r);
		count_descriptors(c, &s);
		c->resident += os_resident((void *)s.table,
		    s.base - s.table + s.bytes);
	}
	for (size_t i = 0; region_at(i, &region); i++)
		count_region(c, &region);
}

/* Five characters and a blank, as people read amounts: 1234K, 12.3M. */
static void
print_bytes(struct fmt *f, size_t bytes)
{
	static const char units[] = "KMGTPE";
	uint64_t unit = 1024, tenths;
	unsigned i = 0;

	for (; (bytes + unit - 1) / unit > 9999; unit *= 1024)
		i++;
	tenths = (bytes * (uint64_t)10 + unit / 2) / unit;
	if (bytes == 0)
		fmt_print(f, " %5s", "-");
	else if (i > 0 && tenths < 1000)
		fmt_print(f, " %2u.%u%c", tenths / 10, tenths % 10, units[i]);
	else
		fmt_print(f, " %4u%c", (bytes + unit - 1) / unit, units[i]);
}

/* The second half of a line. */
static void
print_memory(struct fmt *f, const struct zone_stats *st)
{
	size_t all = st->bytes_resident;

	print_bytes(f, all);
	if (all != 0)
		fmt_print(f, " %4u%%",
		    (st->bytes_live * (uint64_t)100 + all / 2) / all);
	else
		fmt_print(f, " %5s", "-");
	print_bytes(f, st->bytes_cached);
	print_bytes(f, st->bytes_shared);
	print_bytes(f, st->bytes_held);
	print_bytes(f, st->bytes_given);
	fmt_print(f, "\n");
}

static void
print_heading(struct fmt *f)
{
	fmt_print(f, "%-31s %7s %8s %8s %6s %5s %5s %5s %5s %5s %5s\n", "zone",
	    "size", "live", "peak", "slabs", "rss", "live%", "cache", "share",
	    "held", "given");
}

static void
print_row(struct fmt *f, const char *name, const struct zone_stats *st)
{
	fmt_print(f, "%-31s %7u %8u %8u %6u", name, (uint64_t)st->size,
	    (uint64_t)st->live, (uint64_t)st->peak, (uint64_t)st->slabs);
	print_memory(f, st);
	if (st->reserve != 0)
		fmt_print(f, "  reserve: %u of %u\n",
		    (uint64_t)st->reserve_free, (uint64_t)st->reserve);
}

/* What has neither a size nor slabs. */
static void
print_short_row(struct fmt *f, const char *name, const struct zone_stats *st)
{
	fmt_print(f, "%-31s %7s %8u %8s %6s", name, "-", (uint64_t)st->live,
	    "-", "-");
	print_memory(f, st);
}

static void
print_member(struct fmt *f, const char *name, size_t value)
{
	fmt_print(f, ",\"%s\":%u", name, (uint64_t)value);
}

/* The beginning of an object in a list. */
static void
print_name(struct fmt *f, const char *name, bool first)
{
	fmt_print(f, first ? "\n{\"name\":" : ",\n{\"name\":");
	fmt_print_json(f, name);
}

static void
print_json(struct fmt *f, const struct zone_stats *st)
{
	print_member(f, "size", st->size);
	print_member(f, "stride", st->stride);
	print_member(f, "live", st->live);
	print_member(f, "peak", st->peak);
	print_member(f, "capacity", st->capacity);
	print_member(f, "cached", st->cached);
	print_member(f, "limit", st->limit);
	print_member(f, "fails", st->fails);
	print_member(f, "slabs", st->slabs);
	print_member(f, "slabs_owned", st->slabs_owned);
	print_member(f, "slabs_busy", st->slabs_busy);
	print_member(f, "slabs_partial", st->slabs_partial);
	print_member(f, "slabs_free", st->slabs_free);
	print_member(f, "bytes_mapped", st->bytes_mapped);
	print_member(f, "bytes_resident", st->bytes_resident);
	print_member(f, "bytes_meta", st->bytes_meta);
	print_member(f, "bytes_live", st->bytes_live);
	print_member(f, "bytes_cached", st->bytes_cached);
	print_member(f, "bytes_shared", st->bytes_shared);
	print_member(f, "bytes_held", st->bytes_held);
	print_member(f, "bytes_slack", st->bytes_slack);
	print_member(f, "bytes_given", st->bytes_given);
	print_member(f, "bytes_untouched", st->bytes_untouched);
	print_member(f, "bytes_seed", st->bytes_seed);
	print_member(f, "reserve", st->reserve);
	print_member(f, "reserve_free", st->reserve_free);
	fmt_print(f, "}");
}

/* A report under way. */
struct report {
	struct fmt	  f;
	struct zone_stats total;
	struct census	  census;
	bool		  json;
	bool		  first;	/* of a list of JSON */
};

static void
add_to_total(struct report *r, const struct zone_stats *st)
{
	struct zone_stats *t = &r->total;

	t->slabs += st->slabs;
	t->bytes_resident += st->bytes_resident;
	t->bytes_live += st->bytes_live;
	t->bytes_cached += st->bytes_cached;
	t->bytes_shared += st->bytes_shared;
	t->bytes_held += st->bytes_held;
	t->bytes_given += st->bytes_given;
}

static void
report_line(struct report *r, const char *name, const struct zone_stats *st,
    void (*print)(struct fmt *, const char *, const struct zone_stats *))
{
	add_to_total(r, st);
	r->total.live += st->live;
	if (r->json) {
		print_name(&r->f, name, r->first);
		print_json(&r->f, st);
	} else {
		print(&r->f, name, st);
	}
	r->first = false;
}

/* A zone with a line: the program's always, others once they hold something. */
static void
report_zone(struct report *r, struct zone *z, bool always)
{
	char name[ZONE_NAME_SIZE];
	struct zone_stats st;

	if (stats_zone(z, name, &st) && (always || st.slabs != 0))
		report_line(r, name, &st, print_row);
}

static void
report_meta(struct zone *z, void *arg)
{
	report_zone(arg, z, false);
}

static void
report_extents(struct report *r)
{
	const struct amount *a = &r->census.extents;
	struct zone_stats st = { .live = a->count, .bytes_mapped = a->mapped,
	    .bytes_resident = a->resident, .bytes_live = r->census.asked_for,
	    .bytes_slack = a->resident - r->census.asked_for,
	    .bytes_untouched = a->mapped - a->resident };
	struct extent_stats ex;

	extent_stats(&ex);
	if (ex.peak != 0)
		report_line(r, "malloc-large", &st, print_short_row);
}

static void
report_other(struct report *r, enum other what)
{
	const struct amount *a = &r->census.others[what];
	struct zone_stats st = { .live = a->count,
	    .bytes_resident = a->resident };

	/* Of the others what is not in memory was never there. */
	if (what == OTHER_FREE_RUNS)
		st.bytes_given = a->mapped - a->resident;
	add_to_total(r, &st);
	if (r->json) {
		print_name(&r->f, other_names[what], what == 0);
		print_member(&r->f, "count", a->count);
		print_member(&r->f, "bytes_mapped", a->mapped);
		print_member(&r->f, "bytes_resident", a->resident);
		fmt_print(&r->f, "}");
	} else if (a->count != 0) {
		print_short_row(&r->f, other_names[what], &st);
	}
}

static void
report_sum(struct report *r)
{
	uint64_t explained = r->total.bytes_resident;
	uint64_t resident = r->census.resident;

	if (r->json) {
		fmt_print(&r->f, "\n],\"bytes_explained\":%u,"
		    "\"bytes_resident\":%u}\n", explained, resident);
		return;
	}
	fmt_print(&r->f, "%-31s %7s %8u %8s %6u", "total", "",
	    (uint64_t)r->total.live, "", (uint64_t)r->total.slabs);
	print_memory(&r->f, &r->total);
	fmt_print(&r->f, "explained %u of %u KiB resident in the arena%s\n",
	    explained / 1024, resident / 1024,
	    r->census.regions != 0 ? " and in registered memory" : "");
}

static int
report_all(int fd, bool json)
{
	struct report r = { .json = json, .first = true };

	fmt_init(&r.f, fd);
	if (json)
		fmt_print(&r.f, "{\"zones\":[");
	else
		print_heading(&r.f);
	for (unsigned i = 0; i < ztable_end(); i++) {
		struct zone *z = ztable_at(i);

		if (z != NULL)
			report_zone(&r, z, !ztable_is_own(i));
	}
	take_census(&r.census);
	report_extents(&r);
	ztable_foreach_meta(report_meta, &r);
	if (json)
		fmt_print(&r.f, "\n],\"others\":[");
	for (unsigned i = 0; i < OTHERS; i++)
		report_other(&r, i);
	report_sum(&r);
	return fmt_flush(&r.f);
}

static void
report_live(struct fmt *f, struct zone *z)
{
	lock_acquire(&z->lock);
	if (!zone_is_there(z)) {
		lock_release(&z->lock);
		return;
	}
	LIST_FOREACH(l, &z->all) {
		struct slab *d = SLAB_OF_ALL(l);

		for (unsigned w = 0; w < slab_words(d); w++) {
			uint64_t bits = slab_word_mask(d, w) &
			    ~slab_free_bits(d, w);

			for (; bits != 0; bits &= bits - 1)
				fmt_print(f, "%-31s %p %u\n", z->name,
				    (void *)slab_object(d, w * WORD_OBJECTS +
				    lowest_bit(bits)), (uint64_t)z->size);
		}
	}
	lock_release(&z->lock);
}

static int
report_leaks(int fd)
{
	struct fmt f;

	fmt_init(&f, fd);
	for (unsigned i = 0; i < ztable_end(); i++) {
		struct zone *z = ztable_at(i);

		if (z != NULL && !ztable_is_own(i))
			report_live(&f, z);
	}
	return fmt_flush(&f);
}

int
stats_report(int fd, int how)
{
	switch (how) {
	case ZONE_TEXT:
	case ZONE_JSON:
		return report_all(fd, how == ZONE_JSON);
	case ZONE_LEAKS:
		return report_leaks(fd);
	default:
		return EINVAL;
	}
}
