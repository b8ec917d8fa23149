/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base.h - words of the trade that every module uses.
 */
#ifndef ZOBJ_BASE_H
#define ZOBJ_BASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(e)	__builtin_expect(!!(e), 1)
#define unlikely(e)	__builtin_expect(!!(e), 0)
#define noinline	__attribute__((__noinline__))
#define cold		__attribute__((__cold__, __noinline__))
#define hot_inline	static inline __attribute__((__always_inline__))
#define exported	__attribute__((__visibility__("default")))
/*
 * For data used in another file: -fvisibility=hidden is about definitions
 * only, and what may be elsewhere is reached by way of the GOT.
 */
#define internal	__attribute__((__visibility__("hidden")))
enum { LINE_SIZE = 64 };	/* of the cache, in bytes */
#define line_aligned	__attribute__((__aligned__(LINE_SIZE)))

/* A unit is the arena's grain: the smallest slab, and one descriptor. */
#define UNIT_SHIFT	16
#define UNIT_SIZE	((size_t)1 << UNIT_SHIFT)

/* A word is 64 neighbouring objects of a slab. */
#define WORD_SHIFT	6
#define WORD_OBJECTS	64u

#define MIB		((size_t)1 << 20)
#define ARRAY_LEN(a)	(sizeof (a) / sizeof ((a)[0]))
#define CONTAINER(p, type, member) \
	((type *)(void *)((char *)(p) - offsetof(type, member)))

#define load_relaxed(p)		atomic_load_explicit((p), memory_order_relaxed)
#define load_acquire(p)		atomic_load_explicit((p), memory_order_acquire)
#define store_relaxed(p, v)	atomic_store_explicit((p), (v), memory_order_relaxed)
#define store_release(p, v)	atomic_store_explicit((p), (v), memory_order_release)

/*
 * By the only thread that may write it at present: no other access can race,
 * and the compiler may treat the field like any other.  A checker of races
 * does not know how threads are stopped, and sees an atomic.
 */
#if defined(__SANITIZE_THREAD__)
#define load_own(p)	load_relaxed(p)
#else
#define load_own(p)	(*(__typeof__(*(p) + 0) *)(void *)(p))
#endif

/*
 * What others may write at any moment, looked at once, in a comparison: which
 * of two values is seen makes no difference.  Compilers do not compare with an
 * atomic where it lies, but load it first.
 */
#define load_glance(p)	load_own(p)

/* Owner-only update of a field that others may read: not an atomic RMW. */
#define add_relaxed(p, n)	store_relaxed((p), load_relaxed(p) + (n))

static inline size_t
round_up(size_t n, size_t power_of_two)
{
	return (n + power_of_two - 1) & ~(power_of_two - 1);
}

static inline size_t
min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline size_t
max_size(size_t a, size_t b)
{
	return a > b ? a : b;
}

static inline bool
is_power_of_two(size_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

static inline unsigned
lowest_bit(uint64_t w)
{
	return (unsigned)__builtin_ctzll(w);
}

static inline unsigned
highest_bit(uint64_t w)
{
	return 63u - (unsigned)__builtin_clzll(w);
}

static inline unsigned
count_bits(uint64_t w)
{
	return (unsigned)__builtin_popcountll(w);
}

/* Set bit INDEX % 64 of *W; false: it is set already. */
static inline bool
set_bit(uint64_t *w, uint64_t index)
{
#if defined(__x86_64__)
	bool was;

	/* Two instructions; compilers find five. */
	__asm__("btsq %2, %0" : "+r"(*w), "=@ccc"(was) : "r"(index));
	return !was;
#else
	uint64_t bit = (uint64_t)1 << index % WORD_OBJECTS;

	if (unlikely((*w & bit) != 0))
		return false;
	*w |= bit;
	return true;
#endif
}

/* The N lowest bits, for N from 0 to 64. */
static inline uint64_t
low_bits(unsigned n)
{
	return n >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << n) - 1;
}

#endif /* ZOBJ_BASE_H */
