/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.c - counts bits.  Holds a zone's lock while it walks the zone's
 * slabs; what threads do to their own slabs meanwhile makes figures close
 * rather than exact.
 */
#include "stats.h"

#include <errno.h>

#include "extent.h"
#include "fmt.h"
#include "os.h"
#include "remote.h"
#include "share.h"
#include "slab.h"
#include "ztable.h"

static void
add_slab(struct slab *d, struct zone_stats *st)
{
	size_t free = 0, bytes = (size_t)d->units << UNIT_SHIFT;

	for (unsigned w = 0; w < slab_words(d); w++)
		free += count_bits(slab_free_bits(d, w));
	st->slabs++;
	st->capacity += d->nobj;
	st->live += d->nobj - free;
	st->bytes_mapped += bytes;
	st->bytes_resident += os_resident((void *)d->base, bytes);
	if (slab_owner(d) != NULL) {
		st->slabs_owned++;
		st->cached += free;
	} else if (free == 0) {
		st->slabs_busy++;
	} else if (free == d->nobj) {
		st->slabs_free++;
	} else {
		st->slabs_partial++;
	}
}

void
stats_zone(struct zone *z, struct zone_stats *st)
{
	*st = (struct zone_stats){
		.stats_size = sizeof *st, .size = z->size,
		.stride = z->stride, .limit = z->limit,
		.fails = load_relaxed(&z->fails)
	};
	lock_acquire(&z->lock);
	LIST_FOREACH(l, &z->all)
		add_slab(SLAB_OF_ALL(l), st);
	z->peak = max_size(z->peak, st->live);
	st->peak = z->peak;
	lock_release(&z->lock);
	st->bytes_meta = st->slabs * share_meta_bytes(z);
}

static void
print_row(struct fmt *f, const char *name, const struct zone_stats *st)
{
	fmt_print(f, "%-31s %7u %8u %8u %8u %7u %8uK\n", name,
	    (uint64_t)st->size, (uint64_t)st->live, (uint64_t)st->peak,
	    (uint64_t)st->capacity, (uint64_t)st->slabs,
	    (uint64_t)(st->bytes_resident + 1023) / 1024);
}

static void
print_member(struct fmt *f, const char *name, size_t value)
{
	fmt_print(f, ",\"%s\":%u", name, (uint64_t)value);
}

static void
print_json(struct fmt *f, const char *name, const struct zone_stats *st)
{
	fmt_print(f, "{\"name\":");
	fmt_print_json(f, name);
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
	fmt_print(f, "}");
}

/* A report under way. */
struct report {
	struct fmt	  f;
	struct zone_stats total;
	bool		  json;
	bool		  first;
};

static void
print_zone(struct report *r, const char *name, const struct zone_stats *st)
{
	struct zone_stats *t = &r->total;

	t->live += st->live;
	t->peak += st->peak;
	t->capacity += st->capacity;
	t->slabs += st->slabs;
	t->bytes_mapped += st->bytes_mapped;
	t->bytes_resident += st->bytes_resident;
	t->bytes_meta += st->bytes_meta;
	if (r->json) {
		fmt_print(&r->f, r->first ? "\n" : ",\n");
		print_json(&r->f, name, st);
	} else {
		print_row(&r->f, name, st);
	}
	r->first = false;
}

/* A zone with a line: the program's always, others once they hold something. */
static void
report_zone(struct report *r, struct zone *z, bool always)
{
	struct zone_stats st;

	stats_zone(z, &st);
	if (always || st.slabs != 0)
		print_zone(r, z->name, &st);
}

static void
report_meta(struct zone *z, void *arg)
{
	report_zone(arg, z, false);
}

static void
report_extents(struct report *r)
{
	struct zone_stats st = { .stats_size = sizeof st };
	struct extent_stats ex;

	extent_stats(&ex);
	if (ex.peak == 0)
		return;
	st.live = ex.live;
	st.bytes_mapped = ex.bytes;
	st.bytes_resident = ex.bytes;
	if (r->json) {
		print_zone(r, "malloc-large", &st);
		return;
	}
	r->total.live += st.live;
	r->total.bytes_resident += st.bytes_resident;
	fmt_print(&r->f, "%-31s %7s %8u %8s %8s %7s %8uK\n", "malloc-large", "-",
	    (uint64_t)ex.live, "-", "-", "-", (uint64_t)(ex.bytes + 1023) / 1024);
}

static int
report_zones(int fd, bool json)
{
	struct report r = { .json = json, .first = true };

	fmt_init(&r.f, fd);
	if (json)
		fmt_print(&r.f, "{\"zones\":[");
	else
		fmt_print(&r.f, "%-31s %7s %8s %8s %8s %7s %9s\n", "zone", "size",
		    "live", "peak", "capacity", "slabs", "resident");
	for (unsigned i = 0; i < ztable_end(); i++) {
		struct zone *z = ztable_at(i);

		if (z != NULL)
			report_zone(&r, z, !ztable_is_own(z));
	}
	report_extents(&r);
	ztable_foreach_meta(report_meta, &r);
	if (json) {
		fmt_print(&r.f, "\n]}\n");
	} else {
		fmt_print(&r.f, "%-31s %7s %8u %8s %8u %7u %8uK\n", "total", "",
		    (uint64_t)r.total.live, "", (uint64_t)r.total.capacity,
		    (uint64_t)r.total.slabs,
		    (uint64_t)(r.total.bytes_resident + 1023) / 1024);
	}
	return fmt_flush(&r.f);
}

static void
report_live(struct fmt *f, struct zone *z)
{
	lock_acquire(&z->lock);
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

		if (z != NULL && !ztable_is_own(z))
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
		return report_zones(fd, how == ZONE_JSON);
	case ZONE_LEAKS:
		return report_leaks(fd);
	default:
		return EINVAL;
	}
}
