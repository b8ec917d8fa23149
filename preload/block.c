/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * block.c - see block.h.
 */
#include "block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "extent.h"
#include "free.h"
#include "init.h"
#include "lock.h"
#include "misuse.h"
#include "os.h"
#include "pressure.h"
#include "reclaim.h"
#include "route.h"
#include "sizeclass.h"
#include "spare.h"
#include "zone.h"

static bool classes_ready;
static bool table_open;

/*
 * Before thread-local storage works there are the classes but no fast path;
 * init_is_complete says when that is over.
 */
void
block_init(void)
{
	int saved = errno;

	init();
	lock_acquire(&setup_lock);
	if (!classes_ready)
		classes_ready = sizeclass_init() == 0;
	lock_release(&setup_lock);
	if (classes_ready && init_is_complete && !table_open) {
		table_open = true;
		route_init();
		sizeclass_open();
		spare_want();
	}
	errno = saved;
}

static void *
no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

/* Can giving back what is free help a request that has failed? */
static bool
relieve(size_t size)
{
	return size <= os_memory_size() && reclaim_pressure();
}

static void *
alloc_extent(size_t size, size_t align, bool zero)
{
	void *p = extent_alloc(size, align, zero);

	if (unlikely(p == NULL) && relieve(size))
		p = extent_alloc(size, align, zero);
	if (unlikely(p == NULL) && size <= os_memory_size() &&
	    pressure_ask(NULL, size))
		p = extent_alloc(size, align, zero);
	return p;
}

/*
 * A signal handler that has interrupted its thread while that held the lock of
 * the class takes an object of another class: the thread has one such lock.
 */
static void *
alloc_object(unsigned class, size_t align, bool zero)
{
	unsigned flags = zero ? ZONE_ZERO : 0;
	void *p = alloc_slow(sizeclass_zone(class), flags);

	if (likely(p != NULL) || !lock_is_inside())
		return p;
	/* Its stride may stand for the alignment: see sizeclass.h. */
	align = max_size(align, sizeclass_stride(class) &
	    -sizeclass_stride(class));
	while (p == NULL && ++class <= SIZECLASS_COUNT)
		if (sizeclass_stride(class) % align == 0)
			p = alloc_slow(sizeclass_zone(class), flags);
	return p;
}

void *
block_alloc(size_t size, size_t align, bool zero)
{
	unsigned class;
	void *p;

	if (unlikely(!table_open) && !thread_is_interrupted())
		block_init();
	if (unlikely(size > PTRDIFF_MAX || !classes_ready))
		return no_memory();
	if (unlikely(!route_is_ours(size))) {
		p = route_memalign(align, size);
		if (p != NULL && zero)
			memset(p, 0, size);
		return p;
	}
	class = sizeclass_aligned(size, align);
	if (class != 0)
		p = alloc_object(class, align, zero);
	else
		p = alloc_extent(max_size(size, 1), align, zero);
	return p != NULL ? p : no_memory();
}

static void
report(const char *verb, void *p, enum located what, const struct location *at)
{
	locate_report(verb, (uintptr_t)p, what, at);
}

void
block_free(const char *verb, void *p)
{
	struct location at;
	enum located what = locate((uintptr_t)p, &at);
	int saved = errno;

	if (what == LOCATED_OBJECT)
		free_located(verb, &at);
	else if (what == LOCATED_EXTENT && extent_free(at.slab))
		;
	else if (what == LOCATED_FOREIGN && route_is_partial())
		route_free(p);
	else
		report(verb, p, what == LOCATED_EXTENT ? LOCATED_NOTHING : what,
		    &at);
	errno = saved;
}

static size_t
usable(const char *verb, void *p, enum located what, const struct location *at)
{
	switch (what) {
	case LOCATED_OBJECT:
		if (locate_is_live(at))
			return at->slab->zone->size;
		misuse_double_free(verb, at->slab->zone, (uintptr_t)p);
		return 0;
	case LOCATED_EXTENT:
		return extent_usable(at->slab);
	case LOCATED_FOREIGN:
		if (route_is_partial())
			return route_usable(p);
		/* fall through */
	default:
		report(verb, p, what, at);
		return 0;
	}
}

size_t
block_usable(const char *verb, void *p)
{
	struct location at;
	enum located what = locate((uintptr_t)p, &at);

	return usable(verb, p, what, &at);
}

/* The fast paths are in malloc.c. */
void *
block_move(void *p, size_t old, size_t size)
{
	void *to = malloc(size);

	if (to != NULL) {
		memcpy(to, p, min_size(old, size));
		free(p);
	}
	return to;
}

void *
block_resize(void *p, size_t size)
{
	struct location at;
	enum located what = locate((uintptr_t)p, &at);
	size_t old;
	void *to;

	if (size > PTRDIFF_MAX)
		return no_memory();
	if (what == LOCATED_FOREIGN && route_is_partial() &&
	    !route_is_ours(size))
		return route_realloc(p, size);
	old = usable("realloc", p, what, &at);
	if (old == 0)
		return no_memory();
	if (what == LOCATED_OBJECT && block_fits(old, size))
		return p;
	if (what == LOCATED_EXTENT && size > SIZECLASS_MAX &&
	    route_is_ours(size)) {
		to = extent_resize(at.slab, size);
		if (unlikely(to == NULL) && relieve(size))
			to = extent_resize(at.slab, size);
		return to != NULL ? to : no_memory();
	}
	return block_move(p, old, size);
}
