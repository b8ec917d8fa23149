/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scratch.h - what cache-scratch and cache-thrash have in common: a life of an
 * object that is written to many times.
 *
 * Where two processors write to one cache line, each write takes many times as
 * long as usual, so such a row shows whether objects of different threads
 * share lines.  It says nothing on one processor, and next to nothing on two
 * that are threads of one core and have one cache.
 */
#ifndef BENCH_SCRATCH_H
#define BENCH_SCRATCH_H

#include "bench.h"

/*
 * Count to COUNT in the object, byte by byte, and see whether it is right.
 * No byte gets beyond 255: COUNT is at most 255 times SIZE.
 */
static inline void
scratch_use(volatile unsigned char *p, size_t size, size_t count)
{
	size_t sum = 0;

	for (size_t i = 0; i < size; i++)
		p[i] = 0;
	for (size_t i = 0; i < count; i++)
		p[i % size]++;
	for (size_t i = 0; i < size; i++)
		sum += p[i];
	if (sum != count)
		bench_fail("another thread wrote to an object");
}

#define SCRATCH_LIVES	100	/* of one body */

#define SCRATCH_BODY(name)						\
BENCH_BODY(name)							\
{									\
	for (size_t i = 0; i < SCRATCH_LIVES; i++) {			\
		void *p = bench_take(r, from);				\
									\
		scratch_use(p, r->size, r->count);			\
		bench_give(r, from, p);					\
	}								\
	return SCRATCH_LIVES;						\
}

#define SCRATCH_ROW							\
	.sizes = { 8, 16 }, .counts = { 200 }, .threads = { 1, 2, 4, 8 }, \
	.ops = SCRATCH_LIVES, .total = 200000

#endif /* BENCH_SCRATCH_H */
