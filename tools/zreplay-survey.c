/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zreplay-survey.c - the first reading of a trace: how much there is of what.
 */
#include "zreplay.h"

/* 0 for 0, n for numbers of n bits. */
static unsigned
bits_of(uint64_t n)
{
	return (n == 0 ? 0 : highest_bit(n) + 1);
}

static uint64_t
allocations(const struct survey *s)
{
	return (s->kinds[TRACE_ALLOC] + s->kinds[TRACE_ZEROED] +
	    s->kinds[TRACE_ALIGNED]);
}

static void
count_note(struct survey *s, const struct event *e)
{
	s->failed += e->note == TRACE_FAILED;
	s->unknown += e->note == TRACE_UNKNOWN;
	s->exit = s->exit || e->note == TRACE_EXIT;
}

static void
count(struct survey *s, const struct event *e)
{
	s->kinds[e->kind]++;
	switch (e->kind) {
	case TRACE_NOTE:
		count_note(s, e);
		break;
	case TRACE_ALLOC:
	case TRACE_ZEROED:
	case TRACE_ALIGNED:
		e->object->born = allocations(s);
		/* fall through */
	case TRACE_RESIZE:
		s->sizes[bits_of(e->size)]++;
		s->bytes[bits_of(e->size)] += e->size;
		break;
	case TRACE_FREE:
		s->ages[bits_of(allocations(s) - e->object->born)]++;
		break;
	case TRACE_THREAD:
	case TRACE_TIME:
		break;
	}
}

void
survey_make(struct survey *s, struct trace *t)
{
	struct event e;

	while (trace_next(t, &e)) {
		count(s, &e);
		if (t->live > s->peak_live) {
			s->peak_live = t->live;
			s->peak_objects = t->live_objects;
			s->peak_event = t->events;
		}
	}
	s->events = t->events;
	s->threads = t->threads;
	s->time = t->time;
	s->numbers = t->numbers.count;
	s->end_live = t->live;
	s->end_objects = t->live_objects;
}
