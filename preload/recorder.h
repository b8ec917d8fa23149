/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recorder.h - what became of which object, as the calls of malloc go by.
 *
 * The order of events in the trace is one in which they can be replayed: an
 * object is reported before its memory is given to the next malloc, and after
 * it has come from there.  All functions keep errno, and do nothing in a
 * process that is not recorded.
 */
#ifndef ZOBJ_RECORDER_H
#define ZOBJ_RECORDER_H

#include "trace.h"

/* P has been allocated, or NULL returned; ALIGN is for TRACE_ALIGNED. */
void	recorder_new(enum trace_kind kind, size_t align, size_t size,
	    const void *p);

/* P is going to be freed. */
void	recorder_free(const void *p);

/* An object in the hands of realloc, which may free it. */
struct held {
	enum { HELD_NOT, HELD_UNKNOWN, HELD_KNOWN } state;
	uint32_t number;
};
struct held recorder_hold(const void *p);

/* realloc(OLD, SIZE) has returned P. */
void	recorder_moved(struct held held, const void *old, size_t size,
	    const void *p);

#endif /* ZOBJ_RECORDER_H */
