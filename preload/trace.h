/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.h - the format of a trace: what a program asked of malloc, in order.
 *
 * A header, and events until the file ends or a zero byte stands where an
 * event would begin.  Files grow by zeros that are filled in, the first byte
 * of an event last: a trace is whole up to the moment its program was killed.
 *
 * An event is a row of numbers.  A number has 7 bits per byte, low ones first,
 * and all its bytes but the last have bit 7.  The low 3 bits of the first
 * number are the kind of event, and what is above them the first argument:
 *
 *	NOTE	what, ...		see enum trace_note
 *	ALLOC	size			malloc
 *	ZEROED	size			calloc, both arguments multiplied
 *	ALIGNED	log2 of alignment, size	aligned_alloc and its kin
 *	RESIZE	object, size		realloc of an object
 *	FREE	object
 *	THREAD	number			those that follow are of this thread
 *	TIME	milliseconds		that have gone by
 *
 * A new object gets the number that became free last, or the lowest that never
 * was in use.  RESIZE and FREE name an object by the difference from the one
 * that was named or made last, positive or negative (trace_fold).  Both keep
 * numbers small; most events take two bytes.
 *
 * The first thread has number 0, and so has the first object.
 */
#ifndef ZOBJ_TRACE_H
#define ZOBJ_TRACE_H

#include "base.h"

enum trace_kind {
	TRACE_NOTE,
	TRACE_ALLOC,
	TRACE_ZEROED,
	TRACE_ALIGNED,
	TRACE_RESIZE,
	TRACE_FREE,
	TRACE_THREAD,
	TRACE_TIME
};

enum trace_note {
	TRACE_NOTHING,		/* the zero byte: no event, the end */
	TRACE_FAILED,		/* size: a request that got no memory */
	TRACE_UNKNOWN,		/* an object from before the trace was freed */
	TRACE_EXIT		/* exit(3); events may follow */
};

enum {
	TRACE_VERSION = 1,
	TRACE_KIND_BITS = 3,
	TRACE_NUMBER_MAX = 10,	/* bytes of a number */
	TRACE_EVENT_MAX = 2 * TRACE_NUMBER_MAX
};

#define TRACE_MAGIC	"ZOBJTRC"

/* In the byte order of the machine, as VERSION tells. */
struct trace_header {
	char	 magic[8];
	uint32_t version;
	uint32_t size;		/* of the header: where the events begin */
	uint32_t page_size;
	uint32_t process;
	uint64_t start;		/* nanoseconds since 1970 */
	char	 program[224];	/* its file name */
};

/* Append a number at P; returns where the next one goes. */
static inline uint8_t *
trace_put(uint8_t *p, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		*p++ = (uint8_t)(n | 0x80);
	*p++ = (uint8_t)n;
	return p;
}

/* Small for both signs: 0, -1, 1, -2, 2... become 0, 1, 2, 3, 4... */
static inline uint64_t
trace_fold(int64_t n)
{
	return ((uint64_t)n << 1) ^ (uint64_t)(n >> 63);
}

static inline int64_t
trace_unfold(uint64_t n)
{
	return (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
}

#endif /* ZOBJ_TRACE_H */
