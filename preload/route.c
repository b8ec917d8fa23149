/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * route.c - see route.h.  While dlsym looks for the next malloc it may ask for
 * memory itself; until it is done all sizes are ours.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "route.h"

#include <dlfcn.h>

#include "options.h"

enum { ROUTE_RANGES = 64 };

static struct { size_t low, high; } ranges[ROUTE_RANGES];
static unsigned range_count;
static bool partial;

static void *(*next_memalign)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static size_t (*next_usable)(void *);
static void (*next_free)(void *);

/* options.c has checked the syntax. */
static void
parse(const char *p)
{
	for (; range_count < ROUTE_RANGES; p++) {
		size_t low, high;

		(void)options_number(&p, &low);
		high = low;
		if (*p == '-') {
			p++;
			(void)options_number(&p, &high);
		}
		ranges[range_count].low = low;
		ranges[range_count++].high = high;
		if (*p != ',' || p[1] == '\0')
			return;
	}
}

void
route_init(void)
{
	static bool done;

	if (done || options.route == NULL)
		return;
	done = true;
	next_memalign = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "memalign");
	next_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
	next_usable = (size_t (*)(void *))dlsym(RTLD_NEXT, "malloc_usable_size");
	next_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
	if (next_memalign == NULL || next_realloc == NULL ||
	    next_usable == NULL || next_free == NULL)
		return;
	parse(options.route);
	partial = true;
}

bool
route_is_partial(void)
{
	return partial;
}

bool
route_is_ours(size_t size)
{
	if (!partial)
		return true;
	for (unsigned i = 0; i < range_count; i++)
		if (size >= ranges[i].low && size <= ranges[i].high)
			return true;
	return false;
}

void *
route_memalign(size_t align, size_t size)
{
	/* jemalloc does not align blocks of size 0. */
	return next_memalign(align, max_size(size, 1));
}

void *
route_realloc(void *p, size_t size)
{
	return next_realloc(p, size);
}

size_t
route_usable(void *p)
{
	return next_usable(p);
}

void
route_free(void *p)
{
	next_free(p);
}
