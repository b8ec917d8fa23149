/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * init.c - see init.h.  The process has one thread until the first step is
 * done; the second may be entered again from what it calls.
 */
#include "init.h"

#include <errno.h>

#include "arena.h"
#include "check.h"
#include "fault.h"
#include "fork.h"
#include "fmt.h"
#include "lock.h"
#include "misuse.h"
#include "options.h"
#include "os.h"
#include "reclaim.h"
#include "stats.h"
#include "thread.h"
#include "zobj.h"
#include "zone.h"
#include "ztable.h"

bool init_is_complete;

static bool tables_ready;
static bool rest_started;

static void
apply_options(void)
{
	static bool applied;

	/* Once there is an environment to read; others use the values then. */
	options_init();
	if (applied || !options_are_read())
		return;
	applied = true;
	misuse_set_abort(options.abort);
	arena_set_limit(options.arena);
}

/*
 * Creating the key and registering for fork may make the C library allocate:
 * that allocation finds rest_started set and the tables ready.
 */
static void
start_rest(void)
{
	thread_on_exit(reclaim_thread, reclaim_left);
	(void)thread_init();
	arena_open_window();
	/* Pairs with the acquire in init. */
	__atomic_store_n(&init_is_complete, true, __ATOMIC_RELEASE);
	(void)fork_init();
}

void
init_slow(void)
{
	int saved = errno;
	bool start;

	lock_acquire(&setup_lock);
	apply_options();
	if (!tables_ready)
		ztable_init();
	tables_ready = true;
	start = thread_storage_works() && !rest_started;
	rest_started = rest_started || start;
	lock_release(&setup_lock);
	if (start)
		start_rest();
	errno = saved;
}

__attribute__((__constructor__)) static void
construct(void)
{
	/* Before the C library was ready there was no environment to read. */
	apply_options();
}

/* PATH with %p replaced by the process id; false: too long. */
static bool
expand(const char *path, char *out, size_t size)
{
	struct fmt f;

	fmt_init(&f, -1);
	for (; *path != '\0'; path++) {
		if (path[0] == '%' && path[1] == 'p') {
			fmt_print(&f, "%u", (uint64_t)os_process_id());
			path++;
		} else {
			fmt_print(&f, "%c", *path);
		}
		if (f.used + 24 > size)
			return false;
	}
	for (size_t i = 0; i < f.used; i++)
		out[i] = f.text[i];
	out[f.used] = '\0';
	return true;
}

/* Where the report goes: descriptor 2 if nothing else can be had. */
static int
open_output(void)
{
	char path[1000];
	struct fmt f;
	int fd = -1;

	if (options.output == NULL)
		return 2;
	if (expand(options.output, path, sizeof path))
		fd = os_open_append(path);
	if (fd >= 0)
		return fd;
	fmt_init(&f, 2);
	fmt_print(&f, "zobj: cannot open \"%s\" for the report\n",
	    options.output);
	(void)fmt_flush(&f);
	return 2;
}

/* One line: calls made and failed, in all and at each place that had some. */
static void
report_calls(int fd)
{
	size_t made = 0, failed = 0;
	struct fmt f;

	fmt_init(&f, fd);
	for (unsigned i = 0; i < FAULT_CALLS; i++) {
		made += fault_made(i);
		failed += fault_failed(i);
	}
	fmt_print(&f, "zobj: system calls: %u made, %u failed:",
	    (uint64_t)made, (uint64_t)failed);
	for (unsigned i = 0; i < FAULT_CALLS; i++)
		if (fault_made(i) != 0)
			fmt_print(&f, " %s %u/%u", fault_name(i),
			    (uint64_t)fault_made(i), (uint64_t)fault_failed(i));
	fmt_print(&f, "\n");
	(void)fmt_flush(&f);
}

__attribute__((__destructor__)) static void
finish(void)
{
	bool stats = init_is_complete && options.stats != OPTIONS_STATS_NONE;
	int fd;

	if (init_is_complete && options.check)
		(void)check_all();
	if (!stats && !options.calls)
		return;
	fd = open_output();
	if (stats)
		(void)stats_report(fd, options.stats == OPTIONS_STATS_JSON ?
		    ZONE_JSON : ZONE_TEXT);
	fault_stop();
	if (options.calls)
		report_calls(fd);
	if (fd != 2)
		os_close(fd);
}
