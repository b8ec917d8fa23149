/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * malloc.c - the malloc family as programs call it: fast paths here, the rest
 * in block.c.
 *
 * The contract is glibc's: 16-byte alignment, size 0 gives a pointer of its
 * own, realloc to size 0 frees, free keeps errno.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "fast.h"
#include "os.h"
#include "sizeclass.h"
#include "slab.h"
#include "zdef.h"

void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t align, size_t size);

/* The word of the size's class, TC's, is empty; inside the guard. */
static noinline void *
refill(size_t size, bool zero, struct tcache *tc)
{
	void *p = fast_refill(tc, sizeclass_slot(size));

	if (likely(p != NULL))
		return zero ? memset(p, 0, size) : p;
	return block_alloc(size, SIZECLASS_QUANTUM, zero);
}

exported void *
malloc(size_t size)
{
	struct tcache *tc;
	void *p;

	if (unlikely(size >= sizeclass_end))
		return block_alloc(size, SIZECLASS_QUANTUM, false);
	if (likely(fast_alloc(sizeclass_slot(size), &tc, &p)))
		return p;
	return refill(size, false, tc);
}

static cold void
free_slow_path(void *p)
{
	if (p != NULL)
		block_free("free", p);
}

/* Inside the guard; a tail call, so that free needs no stack. */
static noinline void
free_other(void *p, struct slab *d, uint64_t index, struct tcache *tc)
{
	if (!thread_is_displaced(tc) &&
	    fast_free_other(FAST_ANY_SLOT, d, (uintptr_t)p, index))
		return;
	fast_give_up(tc);
	free_slow_path(p);
}

exported void
free(void *p)
{
	struct tcache *tc;
	struct slab *d;
	uint64_t index;

	if (likely(arena_look((uintptr_t)p, &d))) {
		/* If D is no slab its slot is anything, and its owner nobody. */
		tc = thread_cache(guard_enter(), d->slot);
		if (unlikely(!fast_index(d, (uintptr_t)p, &index))) {
			;
		} else if (unlikely(load_glance(&d->owner) !=
		    (uintptr_t)tc)) {
			free_other(p, d, index, tc);
			return;
		} else if (fast_is_held(tc, (uintptr_t)p)) {
			if (likely(fast_set_held(tc, index)))
				return;
		} else if (likely(fast_free(tc, d, index))) {
			return;
		}
		fast_give_up(tc);
	}
	free_slow_path(p);
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

exported void *
calloc(size_t n, size_t size)
{
	struct tcache *tc;
	size_t bytes;
	void *p;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes))) {
		errno = ENOMEM;
		return NULL;
	}
	if (unlikely(bytes >= sizeclass_end))
		return block_alloc(bytes, SIZECLASS_QUANTUM, true);
	if (likely(fast_alloc(sizeclass_slot(bytes), &tc, &p)))
		return memset(p, 0, bytes);
	return refill(bytes, true, tc);
}

/*
 * Bytes of P, if it is a live object in its slab's first unit; 0: who knows.
 * What most blocks are that grow.
 */
hot_inline size_t
object_size(void *p)
{
	struct slab *d;
	uint64_t index;

	/* Pairs with the release in carve: the fields are set. */
	if (!arena_look((uintptr_t)p, &d) ||
	    load_acquire(&d->state) != UNIT_SLAB ||
	    !fast_index(d, (uintptr_t)p, &index) || index >= d->nobj ||
	    (slab_free_bits(d, (unsigned)(index >> WORD_SHIFT)) >>
	    index % WORD_OBJECTS & 1) != 0)
		return 0;
	return (d->zone->kind & KIND_META) == 0 ? d->zone->size : 0;
}

exported void *
realloc(void *p, size_t size)
{
	size_t old = object_size(p);

	if (likely(old != 0 && size != 0))
		return block_fits(old, size) ? p : block_move(p, old, size);
	if (p == NULL)
		return malloc(size);
	if (size == 0) {
		free(p);
		return NULL;
	}
	return block_resize(p, size);
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

/*
 * ALIGN is a power of two.  The class of a multiple of it has that alignment:
 * see sizeclass.h.
 */
static void *
alloc_aligned(size_t align, size_t size)
{
	struct tcache *tc;
	size_t rounded;
	void *p;

	if (likely(size < sizeclass_end && align <= SIZECLASS_MAX)) {
		rounded = round_up(max_size(size, 1), align);
		if (likely(rounded <= SIZECLASS_MAX &&
		    sizeclass_slot(size) != 0)) {
			if (likely(fast_alloc(sizeclass_slot(rounded), &tc,
			    &p)))
				return p;
			return refill(rounded, false, tc);
		}
	}
	return block_alloc(size, align, false);
}

exported int
posix_memalign(void **out, size_t align, size_t size)
{
	int saved = errno;
	void *p;

	if (!is_power_of_two(align) || align % sizeof (void *) != 0)
		return EINVAL;
	p = alloc_aligned(align, size);
	errno = saved;
	if (p == NULL)
		return ENOMEM;
	*out = p;
	return 0;
}

exported void *
aligned_alloc(size_t align, size_t size)
{
	if (!is_power_of_two(align)) {
		errno = EINVAL;
		return NULL;
	}
	return alloc_aligned(align, size);
}

/* An alignment that is no power of two means the next one, as in glibc. */
exported void *
memalign(size_t align, size_t size)
{
	size_t power = SIZECLASS_QUANTUM;

	if (align > SIZE_MAX / 2 + 1) {
		errno = EINVAL;
		return NULL;
	}
	while (power < align)
		power *= 2;
	return alloc_aligned(power, size);
}

exported void *
valloc(size_t size)
{
	return alloc_aligned(os_page_size(), size);
}

exported void *
pvalloc(size_t size)
{
	size_t page = os_page_size();

	if (size > PTRDIFF_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	return alloc_aligned(page, round_up(max_size(size, 1), page));
}

exported size_t
malloc_usable_size(void *p)
{
	return p != NULL ? block_usable("malloc_usable_size", p) : 0;
}
