/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record-next.c - see record-next.h.
 *
 * Some dlsyms allocate.  Meanwhile the functions are those of a small array
 * which is never given back; that is why the names are looked up before they
 * are put in place, and why there is one thread only.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "record-next.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"

enum { EARLY_SIZE = 4096, EARLY_ALIGN = 16 };

struct next next;

static _Alignas(EARLY_ALIGN) char early[EARLY_SIZE];
static size_t early_used;

size_t
next_early_room(const void *p)
{
	size_t at = (uintptr_t)p - (uintptr_t)early;

	return at < sizeof early ? sizeof early - at : 0;
}

static void *
early_malloc(size_t size)
{
	char *p = early + early_used;

	if (size > sizeof early - early_used)
		return NULL;
	early_used += round_up(size, EARLY_ALIGN);
	return p;
}

/* The array starts as zeros, and nothing of it is used twice. */
static void *
early_calloc(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL :
	    early_malloc(bytes);
}

static void *
early_realloc(void *p, size_t size)
{
	void *to = early_malloc(size);

	/* How large the old one is, nobody knows; it lies before the new. */
	if (to != NULL && p != NULL)
		memmove(to, p, min_size(size, next_early_room(p)));
	return to;
}

static void
early_free(void *p)
{
	(void)p;
}

static void *
find(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);
	struct fmt f;

	if (function != NULL)
		return function;
	fmt_init(&f, 2);
	fmt_print(&f, "zobj: record: there is no %s to pass calls on to\n",
	    name);
	(void)fmt_flush(&f);
	abort();
}

void
next_find(void)
{
	struct next found;

	next.free = early_free;
	next.calloc = early_calloc;
	next.realloc = early_realloc;
	next.malloc = early_malloc;
	found.malloc = (void *(*)(size_t))find("malloc");
	found.calloc = (void *(*)(size_t, size_t))find("calloc");
	found.realloc = (void *(*)(void *, size_t))find("realloc");
	found.free = (void (*)(void *))find("free");
	found.aligned_alloc =
	    (void *(*)(size_t, size_t))find("aligned_alloc");
	found.memalign = (void *(*)(size_t, size_t))find("memalign");
	found.posix_memalign =
	    (int (*)(void **, size_t, size_t))find("posix_memalign");
	next = found;
}
