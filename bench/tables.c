/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables.c - all rows there are.
 */
#include "bench.h"

const struct bench_row *const bench_tables[] = {
	bench_basic, bench_mixed, bench_many, bench_aligned, bench_large,
	bench_touch, bench_shared, bench_fork,
	bench_larson, bench_xmalloc, bench_scratch, bench_thrash,
	bench_stress, bench_compiler, bench_interpreter, NULL
};
