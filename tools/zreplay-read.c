/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zreplay-read.c - events of a trace, one after the other, checked.
 *
 * Nothing in the file is believed: every number is held against what the
 * format allows and against what has been read before.
 */
#include "zreplay.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
	ALIGN_BITS_MAX = 47,
	TIME_BITS_MAX = 40,
	HEADER_MAX = 64 << 10
};

/* Stands in the place of the size while there is no object. */
#define NO_OBJECT	SIZE_MAX

static _Noreturn void
damaged(const struct trace *t, const char *what)
{
	die("'%s' is damaged: %s, in event %llu before byte %llu", t->name,
	    what, (unsigned long long)t->events + 1,
	    (unsigned long long)(t->offset + t->at));
}

/* ---- bytes and numbers ---- */

static bool
fill(struct trace *t)
{
	ssize_t n;

	t->offset += t->len;
	t->at = 0;
	t->len = 0;
	while ((n = read(t->fd, t->buf, sizeof (t->buf))) < 0)
		if (errno != EINTR)
			die("cannot read '%s': %s", t->name, strerror(errno));
	t->len = (size_t)n;
	return (n > 0);
}

static uint8_t
next_byte(struct trace *t)
{
	if (t->at == t->len && !fill(t))
		damaged(t, "it ends in the middle of an event");
	return (t->buf[t->at++]);
}

static uint64_t
next_number(struct trace *t)
{
	uint64_t n = 0;
	unsigned shift;
	uint8_t byte;

	for (shift = 0; shift < 64; shift += 7) {
		byte = next_byte(t);
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (shift == 63 && byte > 1)
			break;
		if (byte < 0x80)
			return (n);
	}
	damaged(t, "a number has too many digits");
}

static size_t
next_size(struct trace *t, uint64_t n)
{
	if (n > PTRDIFF_MAX)
		damaged(t, "a size is larger than memory");
	return ((size_t)n);
}

/* ---- objects ---- */

static struct object *
object(const struct trace *t, uint32_t number)
{
	return ((struct object *)t->objects.start + number);
}

static void
set_size(struct trace *t, struct event *e, size_t size)
{
	size_t other = t->live - e->old_size;

	if (__builtin_add_overflow(other, size, &t->live))
		damaged(t, "there is too much that is live");
	e->object->size = e->size = size;
}

static void
read_new(struct trace *t, struct event *e, uint64_t size)
{
	if (!numbers_take(&t->numbers, &e->number) ||
	    !pages_reach(&t->objects, t->numbers.count,
		sizeof (struct object)))
		die("no memory for as many objects as '%s' has", t->name);
	e->object = object(t, e->number);
	e->old_size = 0;
	set_size(t, e, next_size(t, size));
	t->live_objects++;
	t->last = e->number;
}

/* The object that an event names by its difference from the last one. */
static void
find_object(struct trace *t, struct event *e, uint64_t folded)
{
	int64_t number;

	if (__builtin_add_overflow(trace_unfold(folded), (int64_t)t->last,
	    &number) || number < 0 || number >= (int64_t)t->numbers.count ||
	    object(t, (uint32_t)number)->size == NO_OBJECT)
		damaged(t, "it names an object that there is not");
	e->number = t->last = (uint32_t)number;
	e->object = object(t, e->number);
	e->old_size = e->object->size;
}

static void
read_free(struct trace *t, struct event *e)
{
	set_size(t, e, 0);
	e->object->size = NO_OBJECT;
	numbers_give(&t->numbers, e->number);
	t->live_objects--;
}

/* ---- events ---- */

static void
read_note(struct trace *t, struct event *e, uint64_t note)
{
	if (note > TRACE_EXIT)
		damaged(t, "it has a note of an unknown kind");
	e->note = (enum trace_note)note;
	if (note == TRACE_FAILED)
		e->size = (size_t)next_number(t);
}

static void
read_thread(struct trace *t, uint64_t thread)
{
	if (thread > t->threads)
		damaged(t, "a thread is missing");
	t->thread = (uint32_t)thread;
	if (t->threads == t->thread)
		t->threads++;
}

static void
read_time(struct trace *t, uint64_t milliseconds)
{
	if (milliseconds >> TIME_BITS_MAX != 0)
		damaged(t, "the clock jumps");
	t->time += milliseconds;
}

/* The rest of the event whose first number is FIRST. */
static void
read_event(struct trace *t, struct event *e, uint64_t first)
{
	uint64_t argument = first >> TRACE_KIND_BITS;

	e->kind = (enum trace_kind)(first & low_bits(TRACE_KIND_BITS));
	switch (e->kind) {
	case TRACE_NOTE:
		read_note(t, e, argument);
		break;
	case TRACE_ALLOC:
	case TRACE_ZEROED:
		read_new(t, e, argument);
		break;
	case TRACE_ALIGNED:
		if (argument > ALIGN_BITS_MAX)
			damaged(t, "an alignment is larger than memory");
		e->align = (size_t)1 << argument;
		read_new(t, e, next_number(t));
		break;
	case TRACE_RESIZE:
		find_object(t, e, argument);
		set_size(t, e, next_size(t, next_number(t)));
		break;
	case TRACE_FREE:
		find_object(t, e, argument);
		read_free(t, e);
		break;
	case TRACE_THREAD:
		read_thread(t, argument);
		return;
	case TRACE_TIME:
		read_time(t, argument);
		return;
	}
	t->events++;
}

bool
trace_next(struct trace *t, struct event *e)
{
	if (t->at == t->len && !fill(t))
		return (false);
	if (t->buf[t->at] == 0)
		return (false);
	read_event(t, e, next_number(t));
	return (true);
}

static void
read_header(struct trace *t)
{
	struct trace_header *head = &t->head;

	if (!fill(t) || t->len < sizeof (*head))
		die("'%s' is not a trace: it is too short", t->name);
	memcpy(head, t->buf, sizeof (*head));
	if (memcmp(head->magic, TRACE_MAGIC, sizeof (head->magic)) != 0)
		die("'%s' is not a trace; 'zrun --record FILE program' "
		    "makes one", t->name);
	if (head->version != TRACE_VERSION)
		die("'%s' is a trace of version %u; this program knows "
		    "version %d, in this machine's byte order", t->name,
		    head->version, TRACE_VERSION);
	if (head->size < sizeof (*head) || head->size > t->len)
		die("'%s' is damaged: its header is", t->name);
	head->program[sizeof (head->program) - 1] = '\0';
	for (char *p = head->program; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	t->at = head->size;
}

void
trace_open(struct trace *t, const char *name)
{
	t->name = name;
	t->fd = open(name, O_RDONLY | O_CLOEXEC);
	if (t->fd < 0)
		die("cannot open '%s': %s", name, strerror(errno));
	t->threads = 1;
	read_header(t);
}

void
trace_close(struct trace *t)
{
	close(t->fd);
	pages_free(&t->numbers.free);
	pages_free(&t->objects);
}
