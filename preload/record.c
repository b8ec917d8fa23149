/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record.c - libzobj-record.so: the malloc family once more, in front of the
 * one that a program runs on, to write down what goes by.
 *
 * A library of its own, so that malloc.c has no instruction for it.  Only
 * calls with an effect are recorded: not free(NULL), nor questions.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "record-next.h"
#include "recorder.h"

void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t align, size_t size);

exported void *
malloc(size_t size)
{
	void *p = next_malloc()->malloc(size);

	recorder_new(TRACE_ALLOC, 0, size, p);
	return p;
}

exported void *
calloc(size_t n, size_t size)
{
	void *p = next_malloc()->calloc(n, size);
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		bytes = SIZE_MAX;
	recorder_new(TRACE_ZEROED, 0, bytes, p);
	return p;
}

exported void
free(void *p)
{
	if (p == NULL || unlikely(next_early_room(p) != 0))
		return;
	recorder_free(p);
	next_malloc()->free(p);
}

exported void
free_sized(void *p, size_t size)
{
	(void)size;
	free(p);
}

exported void
free_aligned_sized(void *p, size_t align, size_t size)
{
	(void)align;
	(void)size;
	free(p);
}

static cold void *
leave_early(const void *p, size_t size)
{
	void *to = malloc(size);

	if (to != NULL)
		memcpy(to, p, min_size(size, next_early_room(p)));
	return to;
}

exported void *
realloc(void *p, size_t size)
{
	struct held held;
	void *to;

	if (p == NULL)
		return malloc(size);
	if (unlikely(next_early_room(p) != 0))
		return leave_early(p, size);
	held = recorder_hold(p);
	to = next_malloc()->realloc(p, size);
	recorder_moved(held, p, size, to);
	return to;
}

exported void *
reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, bytes);
}

/* Record P, which may be NULL.  Some mallocs take any alignment for a hint. */
static void *
aligned(void *p, size_t align, size_t size)
{
	size_t power = 1;

	while (power < align && power <= SIZE_MAX / 2)
		power *= 2;
	recorder_new(TRACE_ALIGNED, power, size, p);
	return p;
}

exported void *
aligned_alloc(size_t align, size_t size)
{
	return aligned(next_malloc()->aligned_alloc(align, size), align,
	    size);
}

exported void *
memalign(size_t align, size_t size)
{
	return aligned(next_malloc()->memalign(align, size), align, size);
}

exported int
posix_memalign(void **out, size_t align, size_t size)
{
	int error = next_malloc()->posix_memalign(out, align, size);

	if (error != EINVAL)
		(void)aligned(error == 0 ? *out : NULL, align, size);
	return error;
}

exported void *
valloc(size_t size)
{
	return memalign(os_page_size(), size);
}

exported void *
pvalloc(size_t size)
{
	size_t page = os_page_size();

	if (size > PTRDIFF_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	return memalign(page, round_up(max_size(size, 1), page));
}
