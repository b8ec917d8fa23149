/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache-scratch.c - passive false sharing.
 *
 * After the load of that name in the paper that cache-thrash.c names.  One
 * thread allocates an object for each thread, all of them side by side, and
 * hands them out.  Each thread frees its own and goes on as in cache-thrash:
 * it gets slower with more threads if an allocator gives the freed piece of a
 * shared line back to the thread that freed it.
 */
#include "scratch.h"

static void *
scratch_make(const struct bench_run *r)
{
	void **objects = bench_own(r->threads, sizeof *objects);

	for (size_t i = 0; i < r->threads; i++) {
		objects[i] = bench_take(r, r->source);
		bench_write(objects[i], i);
	}
	return objects;
}

static void
scratch_setup(struct bench_run *r)
{
	void **objects = bench_join(r, scratch_make);

	bench_check(objects[r->thread], r->thread);
	bench_give(r, r->source, objects[r->thread]);
}

static void
scratch_teardown(struct bench_run *r)
{
	(void)r;
	bench_leave(free);
}

SCRATCH_BODY(scratch)

const struct bench_row bench_scratch[] = {
	{
		.name = "cache-scratch", .setup = scratch_setup,
		.body = BENCH_BOTH(scratch), .teardown = scratch_teardown,
		SCRATCH_ROW
	},
	{ .name = NULL }
};
