/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recorder.c - see recorder.h.
 *
 * All threads write through one lock, so that the trace has one order.  What
 * the recorder knows lies on pages that a fork leaves zero in the child: for
 * whom nothing has started yet, and who starts a trace of its own.  That needs
 * no fork handlers, whose order among those of others would matter.
 *
 * A signal handler that interrupted the recorder is not recorded: it would
 * wait for its own thread.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "recorder.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fmt.h"
#include "lock.h"
#include "numbers.h"
#include "os.h"
#include "record-file.h"
#include "record-table.h"

struct recorder {
	struct lock	  lock;
	bool		  started;
	bool		  on;		/* started, and nothing went wrong */
	int		  saved_errno;
	uint32_t	  process;
	uint32_t	  threads;	/* that have made an event */
	uint32_t	  thread;	/* of the last event */
	uint32_t	  object;	/* named or made last */
	uint64_t	  time;		/* of the last event, milliseconds */
	struct numbers	  numbers;
	struct table	  table;
	struct trace_file file;
};

static struct recorder *recorder;
/* ZOBJ_RECORD, as it was: some programs write over their environment. */
static char wanted[PATH_MAX];

/* This thread's number in the trace of that process, plus 1; 0: it has none. */
static _Thread_local uint32_t my_number, my_process;

/* strerror may allocate: in here that is passed on and not recorded. */
static void
complain(const char *path, int error)
{
	struct fmt f;

	fmt_init(&f, 2);
	fmt_print(&f, "zobj: cannot record to \"%s\": %s\n", path,
	    strerror(error));
	(void)fmt_flush(&f);
}

/*
 * The trace ends here, and the program goes on.  A thread that is cancelled in
 * a system call would keep the lock.
 */
static cold void
stop(struct recorder *r, int error)
{
	int cancel;

	r->on = false;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	complain(r->file.path, error);
	pthread_setcancelstate(cancel, NULL);
}

/* ---- events ---- */

static cold void
make_room(struct recorder *r)
{
	int error, cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	error = file_make_room(&r->file);
	pthread_setcancelstate(cancel, NULL);
	if (error != 0)
		stop(r, error);
}

static void
append(struct recorder *r, const void *bytes, size_t size)
{
	if (unlikely(file_room(&r->file) < size) && r->on)
		make_room(r);
	if (r->on)
		file_append(&r->file, bytes, size);
}

static void
put(struct recorder *r, enum trace_kind kind, uint64_t argument)
{
	uint8_t event[TRACE_EVENT_MAX];

	append(r, event, (size_t)(trace_put(event,
	    argument << TRACE_KIND_BITS | kind) - event));
}

static void
put2(struct recorder *r, enum trace_kind kind, uint64_t argument, uint64_t more)
{
	uint8_t event[TRACE_EVENT_MAX];
	uint8_t *p = trace_put(event, argument << TRACE_KIND_BITS | kind);

	append(r, event, (size_t)(trace_put(p, more) - event));
}

/* Who and when, if that has changed since the last event. */
static void
put_context(struct recorder *r)
{
	uint64_t now = os_coarse_ms();

	/* A child of fork starts anew, whichever of its threads comes first. */
	if (unlikely(my_number == 0 || my_process != r->process)) {
		my_number = ++r->threads;
		my_process = r->process;
	}
	if (my_number - 1 != r->thread) {
		r->thread = my_number - 1;
		put(r, TRACE_THREAD, r->thread);
	}
	if (now != r->time) {
		put(r, TRACE_TIME, now - r->time);
		r->time = now;
	}
}

/* The way to name an object in an event. */
static uint64_t
name_of(struct recorder *r, uint32_t number)
{
	int64_t difference = (int64_t)number - (int64_t)r->object;

	r->object = number;
	return trace_fold(difference);
}

static void
put_free(struct recorder *r, uint32_t number)
{
	put(r, TRACE_FREE, name_of(r, number));
	numbers_give(&r->numbers, number);
}

/* From now on P is object NUMBER; what was there is gone, whoever freed it. */
static void
put_in_table(struct recorder *r, const void *p, uint32_t number)
{
	uint32_t gone;

	if (table_remove(&r->table, (uintptr_t)p, &gone))
		put_free(r, gone);
	if (!table_add(&r->table, (uintptr_t)p, number))
		stop(r, ENOMEM);
}

static void
put_new(struct recorder *r, enum trace_kind kind, size_t align, size_t size,
    const void *p)
{
	uint32_t number;

	if (!numbers_take(&r->numbers, &number)) {
		stop(r, ENOMEM);
		return;
	}
	put_in_table(r, p, number);
	r->object = number;
	if (kind == TRACE_ALIGNED)
		put2(r, kind, lowest_bit(align), size);
	else
		put(r, kind, size);
}

/* ---- starting ---- */

/* wanted, with %p replaced by the process id; false: too long. */
static bool
expand(char *out, size_t size)
{
	const char *at = strstr(wanted, "%p");
	size_t before = at != NULL ? (size_t)(at - wanted) : strlen(wanted);
	struct fmt f;

	fmt_init(&f, -1);
	if (at != NULL)
		fmt_print(&f, "%u", (uint64_t)os_process_id());
	if (strlen(wanted) + f.used >= size)
		return false;
	memcpy(out, wanted, before);
	memcpy(out + before, f.text, f.used);
	strcpy(out + before + f.used, at != NULL ? at + 2 : "");
	return true;
}

static void
put_header(struct recorder *r)
{
	struct trace_header head = {
		.magic = TRACE_MAGIC, .version = TRACE_VERSION,
		.size = sizeof head, .page_size = (uint32_t)os_page_size(),
		.process = r->process
	};
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	head.start = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	if (readlink("/proc/self/exe", head.program,
	    sizeof head.program - 1) < 0)
		strcpy(head.program, "?");
	append(r, &head, sizeof head);
}

static void
start(struct recorder *r)
{
	char path[PATH_MAX];
	int error, cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	error = expand(path, sizeof path) ?
	    file_begin(&r->file, path) : ENAMETOOLONG;
	r->started = true;
	r->on = error == 0;
	if (r->on) {
		r->process = (uint32_t)os_process_id();
		r->time = os_coarse_ms();
		put_header(r);
	} else if (error != EBUSY) {
		complain(wanted, error);
	}
	pthread_setcancelstate(cancel, NULL);
}

/*
 * Once there is an environment to read: before that not even thread-local
 * storage works.  The process has one thread then.
 */
static void
look_at_environment(void)
{
	static bool done;
	const char *path;
	void *p;

	if (done || environ == NULL)
		return;
	done = true;
	path = os_is_privileged() ? NULL : getenv("ZOBJ_RECORD");
	if (path == NULL || *path == '\0')
		return;
	if (strlen(path) >= sizeof wanted) {
		complain(path, ENAMETOOLONG);
		return;
	}
	strcpy(wanted, path);
	p = mmap(NULL, sizeof *recorder, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED ||
	    madvise(p, sizeof *recorder, MADV_WIPEONFORK) != 0)
		complain(wanted, errno);
	else
		recorder = p;
}

/* The recorder, its lock held; NULL: this call is not recorded. */
static struct recorder *
enter(void)
{
	int saved = errno;
	struct recorder *r;

	if (unlikely(recorder == NULL))
		look_at_environment();
	r = recorder;
	if (r != NULL && (r->on || !r->started) && !lock_is_inside()) {
		lock_acquire(&r->lock);
		if (unlikely(!r->started))
			start(r);
		if (r->on) {
			r->saved_errno = saved;
			return r;
		}
		lock_release(&r->lock);
	}
	errno = saved;
	return NULL;
}

static void
leave(struct recorder *r)
{
	int saved = r->saved_errno;

	lock_release(&r->lock);
	errno = saved;
}

/* ---- calls ---- */

void
recorder_new(enum trace_kind kind, size_t align, size_t size, const void *p)
{
	struct recorder *r = enter();

	if (r == NULL)
		return;
	put_context(r);
	if (p != NULL)
		put_new(r, kind, align, size, p);
	else
		put2(r, TRACE_NOTE, TRACE_FAILED, size);
	leave(r);
}

void
recorder_free(const void *p)
{
	struct recorder *r = enter();
	uint32_t number;

	if (r == NULL)
		return;
	put_context(r);
	if (table_remove(&r->table, (uintptr_t)p, &number))
		put_free(r, number);
	else
		put(r, TRACE_NOTE, TRACE_UNKNOWN);
	leave(r);
}

/* Its number stays taken until the outcome is known. */
struct held
recorder_hold(const void *p)
{
	struct held held = { HELD_NOT, 0 };
	struct recorder *r = enter();

	if (r == NULL)
		return held;
	held.state = table_remove(&r->table, (uintptr_t)p, &held.number) ?
	    HELD_KNOWN : HELD_UNKNOWN;
	leave(r);
	return held;
}

static void
put_resize(struct recorder *r, uint32_t number, size_t size, const void *p)
{
	put_in_table(r, p, number);
	put2(r, TRACE_RESIZE, name_of(r, number), size);
}

void
recorder_moved(struct held held, const void *old, size_t size, const void *p)
{
	struct recorder *r = held.state != HELD_NOT ? enter() : NULL;

	if (r == NULL)
		return;
	put_context(r);
	if (p == NULL && size != 0) {
		put2(r, TRACE_NOTE, TRACE_FAILED, size);
		if (held.state == HELD_KNOWN)
			put_in_table(r, old, held.number);
	} else if (held.state == HELD_UNKNOWN) {
		put(r, TRACE_NOTE, TRACE_UNKNOWN);
		if (p != NULL)
			put_new(r, TRACE_ALLOC, 0, size, p);
	} else if (p != NULL) {
		put_resize(r, held.number, size, p);
	} else {
		put_free(r, held.number);
	}
	leave(r);
}

__attribute__((__destructor__)) static void
finish(void)
{
	struct recorder *r = recorder != NULL ? enter() : NULL;

	if (r == NULL)
		return;
	put_context(r);
	put(r, TRACE_NOTE, TRACE_EXIT);
	if (r->on)
		(void)file_trim(&r->file);
	leave(r);
}
