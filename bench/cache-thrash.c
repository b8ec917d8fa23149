/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache-thrash.c - active false sharing.
 *
 * After the load of that name in E. Berger, K. McKinley, R. Blumofe and
 * P. Wilson, "Hoard: a scalable memory allocator for multithreaded
 * applications" (ASPLOS 2000).  Threads that have nothing to do with each
 * other allocate a small object, write to it COUNT times and free it.  It gets
 * slower with more threads if their objects come out of one cache line.
 */
#include "scratch.h"

SCRATCH_BODY(thrash)

const struct bench_row bench_thrash[] = {
	{ .name = "cache-thrash", .body = BENCH_BOTH(thrash), SCRATCH_ROW },
	{ .name = NULL }
};
