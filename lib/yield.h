/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * yield.h - bad timing made cheap.  YIELD_POINT stands between two steps
 * whose order a protocol depends on; test builds give the processor away
 * there, at random, every few visits.
 */
#ifndef ZOBJ_YIELD_H
#define ZOBJ_YIELD_H

#ifdef ZOBJ_YIELD
#include "os.h"

static inline void
yield_point(void)
{
	static _Thread_local uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	if ((x & 7) == 0)
		os_yield();
}
#define YIELD_POINT()	yield_point()
#else
#define YIELD_POINT()	((void)0)
#endif

#endif /* ZOBJ_YIELD_H */
