/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * introspect.c - the questions and knobs of glibc's malloc, answered from our
 * own data: what a shim leaves out is silently asked of a heap nobody uses.
 */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>

#include "arena.h"
#include "block.h"
#include "extent.h"
#include "reclaim.h"
#include "sizeclass.h"
#include "stats.h"

#ifndef M_TRIM_THRESHOLD
enum { M_MXFAST = 1, M_TRIM_THRESHOLD = -1, M_ARENA_MAX = -8 };
#endif

/* glibc's numbers, for libcs whose <malloc.h> has no mallinfo. */
struct zobj_mallinfo {
	int arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks,
	    fordblks, keepcost;
};
struct zobj_mallinfo2 {
	size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks,
	    uordblks, fordblks, keepcost;
};

struct zobj_mallinfo zobj_shim_mallinfo(void) __asm__("mallinfo");
struct zobj_mallinfo2 zobj_shim_mallinfo2(void) __asm__("mallinfo2");
int zobj_shim_mallopt(int what, int value) __asm__("mallopt");
int zobj_shim_malloc_trim(size_t pad) __asm__("malloc_trim");
void zobj_shim_malloc_stats(void) __asm__("malloc_stats");
int zobj_shim_malloc_info(int options, FILE *out) __asm__("malloc_info");

struct totals {
	size_t used;		/* bytes of live objects */
	size_t free;		/* bytes of free objects in slabs */
	size_t free_objects;
};

static void
add_class(unsigned class, struct totals *t)
{
	struct zone_stats st;

	(void)stats_zone(sizeclass_zone(class), NULL, &st);
	t->used += st.live * st.stride;
	t->free += (st.capacity - st.live) * st.stride;
	t->free_objects += st.capacity - st.live;
}

exported struct zobj_mallinfo2
zobj_shim_mallinfo2(void)
{
	struct zobj_mallinfo2 mi = { 0 };
	struct totals t = { 0, 0, 0 };
	struct extent_stats ex;
	struct arena_usage use;

	block_init();
	for (unsigned c = 1; c <= SIZECLASS_COUNT; c++)
		add_class(c, &t);
	extent_stats(&ex);
	arena_usage(&use);
	mi.ordblks = t.free_objects;
	mi.hblks = ex.live;
	mi.hblkhd = ex.bytes;
	mi.uordblks = t.used;
	mi.fordblks = t.free + (use.dirty << UNIT_SHIFT);
	mi.arena = mi.uordblks + mi.fordblks;
	mi.keepcost = use.dirty << UNIT_SHIFT;
	return mi;
}

static int
clamp(size_t n)
{
	return n > INT_MAX ? INT_MAX : (int)n;
}

/* As mallinfo2, in numbers that were large enough once. */
exported struct zobj_mallinfo
zobj_shim_mallinfo(void)
{
	struct zobj_mallinfo2 mi = zobj_shim_mallinfo2();

	return (struct zobj_mallinfo){
		.arena = clamp(mi.arena), .ordblks = clamp(mi.ordblks),
		.hblks = clamp(mi.hblks), .hblkhd = clamp(mi.hblkhd),
		.uordblks = clamp(mi.uordblks), .fordblks = clamp(mi.fordblks),
		.keepcost = clamp(mi.keepcost)
	};
}

/* The knobs tune another design: known ones are accepted and change nothing. */
exported int
zobj_shim_mallopt(int what, int value)
{
	(void)value;
	return what == M_MXFAST || (what <= M_TRIM_THRESHOLD &&
	    what >= M_ARENA_MAX);
}

/* PAD is space to leave at the end of a heap that grows there: ours does not. */
exported int
zobj_shim_malloc_trim(size_t pad)
{
	(void)pad;
	block_init();
	return reclaim_trim(NULL, ZONE_TRIM_CACHES) > 0;
}

exported void
zobj_shim_malloc_stats(void)
{
	block_init();
	(void)stats_report(2, ZONE_TEXT);
}

exported int
zobj_shim_malloc_info(int options, FILE *out)
{
	struct extent_stats ex;

	if (options != 0) {
		errno = EINVAL;
		return -1;
	}
	block_init();
	fprintf(out, "<malloc version=\"libzobj\">\n");
	for (unsigned c = 1; c <= SIZECLASS_COUNT; c++) {
		struct zone_stats st;

		(void)stats_zone(sizeclass_zone(c), NULL, &st);
		if (st.slabs != 0)
			fprintf(out, "<zone size=\"%zu\" live=\"%zu\" "
			    "capacity=\"%zu\" slabs=\"%zu\" resident=\"%zu\"/>\n",
			    st.size, st.live, st.capacity, st.slabs,
			    st.bytes_resident);
	}
	extent_stats(&ex);
	fprintf(out, "<large count=\"%zu\" bytes=\"%zu\"/>\n</malloc>\n",
	    ex.live, ex.bytes);
	return ferror(out) ? -1 : 0;
}
