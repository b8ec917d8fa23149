/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zreplay.h - what the parts of zfrag-replay share.
 *
 *	zreplay.c		command line
 *	zreplay-read.c		events of a trace, one after the other, checked
 *	zreplay-survey.c	the first reading: when is the peak, how much...
 *	zreplay-info.c		...and how that is printed
 *	zreplay-run.c		the second: the same calls of malloc
 *	zreplay-touch.c		what a program would do with its objects
 *
 * What the program needs for itself is mapped, not allocated: malloc is called
 * for the objects of the trace only.  preload/trace.h tells the format.
 */
#ifndef ZREPLAY_H
#define ZREPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "numbers.h"
#include "pages.h"
#include "report.h"
#include "trace.h"

/* ---- reading ---- */

struct object {
	size_t size;
	union {
		uint64_t born;		/* survey: allocations before it */
		unsigned char *memory;	/* run */
	};
};

struct trace {
	const char	*name;
	int		 fd;
	struct trace_header head;
	uint8_t		 buf[64 << 10];
	size_t		 at, len;	/* read so far, of buf */
	uint64_t	 offset;	/* of buf in the file */
	uint64_t	 events;	/* read so far, without THREAD, TIME */
	struct numbers	 numbers;
	struct pages	 objects;	/* struct object, by number */
	uint32_t	 last;		/* number used last */
	uint32_t	 thread, threads;
	uint64_t	 time;		/* milliseconds since the start */
	size_t		 live;		/* bytes */
	uint32_t	 live_objects;
};

struct event {
	enum trace_kind	 kind;
	enum trace_note	 note;
	uint32_t	 number;	/* of the object */
	struct object	*object;	/* until the next event is read */
	size_t		 size;		/* it has now, or was asked for */
	size_t		 old_size;	/* RESIZE, FREE: it had */
	size_t		 align;		/* ALIGNED */
};

void	trace_open(struct trace *t, const char *name);
void	trace_close(struct trace *t);

/* False at the end.  A trace that makes no sense ends the program. */
bool	trace_next(struct trace *t, struct event *e);

/* ---- survey ---- */

enum { SURVEY_BITS = 64 };

struct survey {
	uint64_t kinds[TRACE_TIME + 1];
	uint64_t failed, unknown;
	bool	 exit;			/* the program came to its end */
	uint64_t events;
	uint32_t threads;
	uint64_t time;
	uint32_t numbers;		/* objects live at once, at most */
	size_t	 peak_live;
	uint32_t peak_objects;
	uint64_t peak_event;		/* after this one */
	size_t	 end_live;
	uint32_t end_objects;
	/* By bits of the size, and by bits of the allocations until the end. */
	uint64_t sizes[SURVEY_BITS + 1], bytes[SURVEY_BITS + 1];
	uint64_t ages[SURVEY_BITS + 1];
};

void	survey_make(struct survey *s, struct trace *t);
void	info_print(const struct survey *s, const struct trace *t);

/* ---- replay ---- */

struct manner {
	double	 speed;			/* times as fast as recorded; 0: asap */
	bool	 threads;		/* as many as recorded */
	unsigned idle;			/* seconds, at the end */
};

void	run(struct trace *t, const struct survey *s, const struct manner *m);

/* Write every page of SIZE bytes at P, the memory of object NUMBER. */
void	touch_write(unsigned char *p, size_t size, uint32_t number);
/* Is it what has been written, in the first SIZE bytes; is it zero? */
bool	touch_check(const unsigned char *p, size_t size, uint32_t number);
bool	touch_is_zero(const unsigned char *p, size_t size);

#endif /* ZREPLAY_H */
