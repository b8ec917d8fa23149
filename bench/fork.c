/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork.c - a process with COUNT live objects forks, and both replace a few of
 * them: what a server does that writes a snapshot.
 *
 * What the allocator decides is how many pages it touches for that, which the
 * kernel must copy, and how long its handlers take.
 */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { REPLACED = 1000 };	/* objects, by each of the two */

static void
fork_setup(struct bench_run *r)
{
	void **objects = bench_own(r->count, sizeof *objects);

	for (size_t i = 0; i < r->count; i++) {
		objects[i] = bench_take(r, r->source);
		bench_write(objects[i], i);
	}
	r->data = objects;
}

__attribute__((__always_inline__)) static inline void
replace(struct bench_run *r, enum bench_source from)
{
	void **objects = r->data;

	for (size_t i = 0; i < REPLACED; i++) {
		size_t k = bench_random(r, r->count);

		bench_check(objects[k], k);
		bench_give(r, from, objects[k]);
		objects[k] = bench_take(r, from);
		bench_write(objects[k], k);
	}
}

BENCH_BODY(forking)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		bench_fail("fork");
	replace(r, from);
	if (child == 0)
		_exit(0);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			bench_fail("waitpid");
	if (status != 0)
		bench_fail("a child failed");
	return 1;
}

static void
fork_teardown(struct bench_run *r)
{
	void **objects = r->data;

	for (size_t i = 0; i < r->count; i++) {
		bench_check(objects[i], i);
		bench_give(r, r->source, objects[i]);
	}
	free(objects);
}

const struct bench_row bench_fork[] = {
	{
		.name = "fork", .setup = fork_setup,
		.body = BENCH_BOTH(forking), .teardown = fork_teardown,
		.sizes = { 64, 256 }, .counts = { 1000000 },
		.ops = 1, .total = 20, .forks = 1
	},
	{ .name = NULL }
};
