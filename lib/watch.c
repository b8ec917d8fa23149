/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.c - reads what the kernel tells about memory, in four places:
 *
 *	/proc/pressure/memory	stalls of the whole system
 *	memory.pressure		stalls of our control group
 *	memory.events		how often the group was held up at its bound
 *	memory.current, .high	how far from there it is
 *
 * What is not there, or not understood, says nothing.  Must never wait, nor
 * fail anything.
 */
#include "watch.h"

#include <string.h>

#include "options.h"
#include "os.h"

enum {
	FILE_SIZE = 2048,		/* more of a file is not read */
	PATH_SIZE = 1024,
	NEAR = 16			/* this share below the bound is near */
};

const char *watch_root = "";

static _Atomic(uint64_t) looked_ms, told_ms;
static _Atomic(size_t) high_events;	/* at the last look; 0: none yet */

/* Append TEXT to PATH; false: too long. */
static bool
append(char *path, const char *text)
{
	size_t n = strlen(path), m = strlen(text);

	if (n + m >= PATH_SIZE)
		return false;
	memcpy(path + n, text, m + 1);
	return true;
}

/* The file DIRECTORY/NAME, as a string. */
static bool
read_text(const char *directory, const char *name, char *text)
{
	char path[PATH_SIZE] = "";
	size_t n;

	if (!append(path, watch_root) || !append(path, directory) ||
	    !append(path, name) ||
	    os_read_file(path, text, FILE_SIZE - 1, &n) != 0)
		return false;
	text[n] = '\0';
	return true;
}

/* The number behind KEY, which begins a line or follows a blank. */
static bool
number_after(const char *text, const char *key, size_t *n)
{
	const char *at = text;

	while ((at = strstr(at, key)) != NULL && at != text &&
	    at[-1] != '\n' && at[-1] != ' ')
		at++;
	if (at == NULL)
		return false;
	at += strlen(key);
	return options_number(&at, n);
}

/* Stalls in the last ten seconds: some task waited for so much of the time. */
static bool
is_stalled(const char *directory, const char *name)
{
	char text[FILE_SIZE];
	size_t percent;

	return read_text(directory, name, text) &&
	    number_after(text, "some avg10=", &percent) &&
	    percent >= options.pressure;
}

/* The directory of our group, of version 2; false: there is none. */
static bool
find_group(char *group)
{
	char text[FILE_SIZE], *path, *end;

	if (!read_text("/proc/self/cgroup", "", text))
		return false;
	path = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (path == NULL)
		return false;
	path = strchr(path, '/');
	end = path != NULL ? strchr(path, '\n') : NULL;
	if (end == NULL)
		return false;
	*end = '\0';
	group[0] = '\0';
	if (!append(group, "/sys/fs/cgroup") || !append(group, path) ||
	    !append(group, "/"))
		return false;
	/* In a container the path may be the host's. */
	if (!read_text(group, "memory.current", text))
		strcpy(group, "/sys/fs/cgroup/");
	return true;
}

/* Held up at memory.high since we last looked? */
static bool
was_held_up(const char *group)
{
	char text[FILE_SIZE];
	size_t now, before;

	if (!read_text(group, "memory.events", text) ||
	    !number_after(text, "high ", &now))
		return false;
	before = atomic_exchange_explicit(&high_events, now + 1,
	    memory_order_relaxed);
	return before != 0 && now >= before;
}

static bool
read_number(const char *group, const char *name, size_t *n)
{
	char text[FILE_SIZE];

	return read_text(group, name, text) && number_after(text, "", n);
}

static bool
is_near_bound(const char *group)
{
	size_t bound, current;

	if (!read_number(group, "memory.high", &bound) &&
	    !read_number(group, "memory.max", &bound))
		return false;
	return read_number(group, "memory.current", &current) &&
	    current >= bound - bound / NEAR;
}

static bool
look(void)
{
	char group[PATH_SIZE];
	bool tight = is_stalled("/proc/pressure/", "memory");

	if (!find_group(group))
		return tight;
	/* Each time, for it remembers. */
	tight |= was_held_up(group);
	return tight || is_near_bound(group) ||
	    is_stalled(group, "memory.pressure");
}

/* Has it been MS since *LAST?  Then it is NOW, for the first who asks. */
static bool
is_time(_Atomic(uint64_t) *last, uint64_t now, uint64_t ms)
{
	uint64_t then = load_relaxed(last);

	return (then == 0 || now - then >= ms) &&
	    atomic_compare_exchange_strong_explicit(last, &then, now,
	    memory_order_relaxed, memory_order_relaxed);
}

bool
watch_is_tight(uint64_t now)
{
	return options.pressure != 0 &&
	    is_time(&looked_ms, now, WATCH_LOOK_MS) && look() &&
	    is_time(&told_ms, now, WATCH_REST_MS);
}
