/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zreplay-run.c - the second reading of a trace: the same calls of malloc.
 *
 * With threads as recorded, the one whose turn it is reads on, until an event
 * of another thread comes; so the order is that of the trace, always, and
 * each object is freed by the thread that freed it.
 */
#include "zreplay.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Changes of what is live are told in steps of this many bytes. */
enum { LIVE_STEP = 256 << 10 };

/* Phases besides the end. */
struct mark {
	const char *name;
	uint64_t    event;		/* after this one */
};
enum { MARKS = 4 };

struct run {
	struct trace	*trace;
	const struct manner *manner;
	struct mark	 marks[MARKS];	/* in their order */
	unsigned	 marks_done;
	size_t		 told;		/* live bytes that have been */
	struct timespec	 start;
	bool		 ended;
	sem_t		*turns;		/* of the threads, if there are any */
	uint32_t	 started;	/* threads, the first included */
};

static struct run the_run;

/* ---- objects ---- */

static _Noreturn void
no_memory(const struct event *e)
{
	die("no memory for %zu bytes in call %" PRIu64, e->size,
	    the_run.trace->events);
}

static void
check(const struct event *e, size_t size)
{
	if (!touch_check(e->object->memory, size, e->number))
		die("an object of %zu bytes at %p has been overwritten by "
		    "call %" PRIu64, e->old_size, (void *)e->object->memory,
		    the_run.trace->events);
}

static void *
aligned(const struct event *e)
{
	void *p;

	if (posix_memalign(&p, max_size(e->align, sizeof (p)), e->size) != 0)
		return (NULL);
	if ((uintptr_t)p % e->align != 0)
		die("%p is not aligned to %zu", p, e->align);
	return (p);
}

static void
make(const struct event *e)
{
	unsigned char *p = e->kind == TRACE_ALLOC ? malloc(e->size) :
	    e->kind == TRACE_ZEROED ? calloc(1, e->size) : aligned(e);

	if (p == NULL && e->size > 0)
		no_memory(e);
	if (e->kind == TRACE_ZEROED && !touch_is_zero(p, e->size))
		die("%zu bytes at %p from calloc are not zero", e->size,
		    (void *)p);
	touch_write(p, e->size, e->number);
	e->object->memory = p;
}

/* Some reallocs to size 0 free, others do not: that of the trace did not. */
static void
resize(const struct event *e)
{
	void *p;

	check(e, e->old_size);
	p = realloc(e->object->memory, max_size(e->size, 1));
	if (p == NULL)
		no_memory(e);
	e->object->memory = p;
	check(e, min_size(e->old_size, e->size));
	touch_write(p, e->size, e->number);
}

static void
release(const struct event *e)
{
	check(e, e->old_size);
	free(e->object->memory);
}

/* ---- time and phases ---- */

static void
keep_pace(const struct run *r)
{
	uint64_t ms;
	struct timespec at = r->start;

	if (r->manner->speed <= 0)
		return;
	ms = (uint64_t)((double)r->trace->time / r->manner->speed);
	at.tv_sec += (time_t)(ms / 1000);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at,
	    NULL) == EINTR)
		;
}

static void
tell_live(struct run *r)
{
	report_live((int64_t)(r->trace->live - r->told));
	r->told = r->trace->live;
}

static void
phase(struct run *r, const char *name)
{
	tell_live(r);
	report_phase(name);
}

static int
by_event(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	return (x->event < y->event ? -1 : x->event > y->event);
}

static void
set_marks(struct run *r, const struct survey *s)
{
	const struct mark marks[MARKS] = {
		{ "quarter", s->events / 4 },
		{ "half", s->events / 2 },
		{ "three-quarters", s->events / 4 * 3 },
		{ "peak", s->peak_event }
	};

	memcpy(r->marks, marks, sizeof (marks));
	qsort(r->marks, MARKS, sizeof (r->marks[0]), by_event);
}

static void
after_event(struct run *r)
{
	const struct trace *t = r->trace;

	if (unlikely(t->live - r->told + LIVE_STEP > 2 * LIVE_STEP))
		tell_live(r);
	while (r->marks_done < MARKS &&
	    r->marks[r->marks_done].event <= t->events)
		phase(r, r->marks[r->marks_done++].name);
}

/* ---- threads ---- */

static void	replay(struct run *r, uint32_t me);

static void *
member(void *arg)
{
	replay(&the_run, (uint32_t)(uintptr_t)arg);
	return (NULL);
}

static void
start_thread(struct run *r, uint32_t number)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 256 << 10);
	errno = pthread_create(&thread, &attr, member,
	    (void *)(uintptr_t)number);
	if (errno != 0)
		die("cannot start thread %" PRIu32 ": %s", number,
		    strerror(errno));
	pthread_attr_destroy(&attr);
	r->started++;
}

static void
wait_for_turn(struct run *r, uint32_t me)
{
	while (sem_wait(&r->turns[me]) != 0)
		;
}

/* The next event is not of thread ME: wait until one is, or none. */
static void
switch_thread(struct run *r, uint32_t me)
{
	uint32_t next = r->trace->thread;

	if (r->turns == NULL || next == me)
		return;
	if (next == r->started)
		start_thread(r, next);
	sem_post(&r->turns[next]);
	wait_for_turn(r, me);
}

/* ---- the replay ---- */

static void
replay_event(struct run *r, const struct event *e, uint32_t me)
{
	switch (e->kind) {
	case TRACE_ALLOC:
	case TRACE_ZEROED:
	case TRACE_ALIGNED:
		make(e);
		break;
	case TRACE_RESIZE:
		resize(e);
		break;
	case TRACE_FREE:
		release(e);
		break;
	case TRACE_THREAD:
		switch_thread(r, me);
		return;
	case TRACE_TIME:
		keep_pace(r);
		return;
	case TRACE_NOTE:
		break;
	}
	after_event(r);
}

/* Thread ME: read while it is its turn.  The others end with the program. */
static void
replay(struct run *r, uint32_t me)
{
	struct event e;

	if (me != 0)
		wait_for_turn(r, me);
	while (!r->ended && trace_next(r->trace, &e))
		replay_event(r, &e, me);
	r->ended = true;
	if (me != 0)
		sem_post(&r->turns[0]);
}

void
run(struct trace *t, const struct survey *s, const struct manner *m)
{
	struct run *r = &the_run;
	size_t objects = s->numbers * sizeof (struct object);
	size_t numbers = s->numbers * sizeof (uint32_t);

	/* All that will be needed, so that the harness can subtract it. */
	t->objects = (struct pages){ own_map(objects), objects };
	t->numbers.free = (struct pages){ own_map(numbers), numbers };
	r->trace = t;
	r->manner = m;
	r->started = 1;
	set_marks(r, s);
	if (m->threads && s->threads > 1) {
		r->turns = own_map(s->threads * sizeof (sem_t));
		for (uint32_t i = 0; i < s->threads; i++)
			sem_init(&r->turns[i], 0, 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &r->start);
	replay(r, 0);
	phase(r, "end");
	if (m->idle > 0)
		report_idle(m->idle);
}
