/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * victim.h - what programs run under the shim have in common.
 *
 * A victim is an ordinary program with main, exit code 0 (passed), 1 (failed)
 * or 77 (cannot run here).  It must not depend on the library it is run with,
 * except through zone_name_of.  With VICTIM_PLAIN in the environment it may
 * run on the C library's malloc, which says whether the test is right.
 * ZOBJ_TEST_LONG is how many seconds a long run takes.
 */
#ifndef VICTIM_H
#define VICTIM_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VICTIM_SKIP	77
#define KIB		((size_t)1 << 10)
#define MIB		((size_t)1 << 20)
#define GIB		((size_t)1 << 30)

#define CHECK(e)							\
	((e) ? (void)0 : victim_fail(#e, __FILE__, __LINE__))

__attribute__((__noreturn__)) static inline void
victim_fail(const char *what, const char *file, int line)
{
	int error = errno;

	dprintf(2, "%s:%d: failed: %s (errno %d)\n", file, line, what, error);
	_exit(1);
}

static inline void
victim_skip(const char *why)
{
	dprintf(2, "skipped: %s\n", why);
	_exit(VICTIM_SKIP);
}

/* The name of the zone that P is in; NULL: in none, or no shim. */
static inline const char *
zone_name_of(const void *p)
{
	void *of = dlsym(RTLD_DEFAULT, "zobj_of");
	void *name = dlsym(RTLD_DEFAULT, "zobj_name");
	void *zone;

	if (of == NULL || name == NULL)
		return NULL;
	zone = ((void *(*)(const void *))of)(p);
	return zone == NULL ? NULL : ((const char *(*)(void *))name)(zone);
}

static inline int
victim_is_plain(void)
{
	return getenv("VICTIM_PLAIN") != NULL;
}

static inline double
victim_clock(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* When a long run is over; 0: this is a short one. */
static double victim_end;

/* First thing in main: is this the malloc that we came to test? */
static inline void
victim_start(void)
{
	const char *options = getenv("ZOBJ_OPTIONS");
	const char *seconds = getenv("ZOBJ_TEST_LONG");
	int routed = options != NULL && strstr(options, "route=") != NULL;
	void *p = malloc(1);

	CHECK(p != NULL);
	if (!victim_is_plain() && (dlsym(RTLD_DEFAULT, "zobj_of") == NULL ||
	    (!routed && zone_name_of(p) == NULL))) {
		dprintf(2, "the shim is not loaded\n");
		_exit(1);
	}
	free(p);
	if (seconds != NULL)
		victim_end = victim_clock() + atof(seconds);
}

/* After N rounds: another?  There are LEAST, and in a long run many more. */
static inline int
victim_goes_on(size_t n, size_t least)
{
	return n < least || victim_clock() < victim_end;
}

/* The byte at OFFSET of a block with number TAG. */
static inline unsigned char
pattern(size_t tag, size_t offset)
{
	return (unsigned char)(tag * 131 + offset * 7 + (offset >> 8));
}

static inline void
fill(void *p, size_t from, size_t to, size_t tag)
{
	for (size_t i = from; i < to; i++)
		((unsigned char *)p)[i] = pattern(tag, i);
}

static inline int
is_filled(const void *p, size_t size, size_t tag)
{
	for (size_t i = 0; i < size; i++)
		if (((const unsigned char *)p)[i] != pattern(tag, i))
			return 0;
	return 1;
}

static inline int
is_zero(const void *p, size_t size)
{
	const unsigned char *c = (const unsigned char *)p;

	return size == 0 || (c[0] == 0 && memcmp(c, c + 1, size - 1) == 0);
}

static inline int
is_aligned(const void *p, size_t align)
{
	return (uintptr_t)p % align == 0;
}

/* A small generator: the same numbers on every run. */
static inline uint32_t
next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Lines of a file of /proc, without malloc. */
static inline size_t
count_lines(const char *path)
{
	char buffer[4096];
	size_t lines = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	CHECK(fd >= 0);
	while ((n = read(fd, buffer, sizeof buffer)) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += buffer[i] == '\n';
	close(fd);
	return lines;
}

static inline size_t
count_mappings(void)
{
	return count_lines("/proc/self/maps");
}

/* Resident KiB, exact; without malloc. */
static inline size_t
resident_kib(void)
{
	char buffer[4096];
	int fd = open("/proc/self/smaps_rollup", O_RDONLY);
	ssize_t n;
	char *rss;

	if (fd < 0)
		victim_skip("no /proc/self/smaps_rollup");
	n = read(fd, buffer, sizeof buffer - 1);
	close(fd);
	buffer[n > 0 ? n : 0] = '\0';
	rss = strstr(buffer, "Rss:");
	return rss == NULL ? 0 : strtoul(rss + 4, NULL, 10);
}

#endif /* VICTIM_H */
