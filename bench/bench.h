/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench.h - a benchmark is a row of a table.
 *
 * A row is run once for each of its sources, sizes, counts and numbers of
 * threads, under the name SOURCE/ROW/SIZE/COUNT/THREADS.  Every thread calls
 * setup, then body again and again, and teardown; only body is timed.  All
 * have done setup before the first calls body, and none calls teardown before
 * the last is done.  The rows are C; zbench.cc alone knows google-benchmark.
 *
 * Bodies do what programs do at least: they write to each object they get,
 * and now and then look whether what they wrote is still there.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "zobj.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where objects come from. */
enum bench_source {
	BENCH_MALLOC,		/* malloc, whichever is preloaded */
	BENCH_ZONE,		/* the zone API */
	BENCH_SOURCES
};

enum {
	BENCH_VALUES = 8,	/* values a row may list, with a 0 behind */
	BENCH_LOOP = 1000	/* operations of a body that could do one: the
				   call of a body must not count */
};

struct bench_run {
	size_t		 size;		/* bytes of an object */
	size_t		 count;		/* live objects, or a batch */
	size_t		 align;		/* of objects; 0: what malloc gives */
	unsigned	 thread;	/* this one, from 0 */
	unsigned	 threads;
	enum bench_source source;
	uint64_t	 random;	/* state of bench_random */
	zone_t		*zone;		/* of SIZE; BENCH_ZONE only */
	void		*data;		/* setup's */
};

struct bench_row {
	const char	*name;
	void		(*setup)(struct bench_run *r);	/* may be NULL */
	/* Returns operations done; NULL where the source cannot do it. */
	size_t		(*body[BENCH_SOURCES])(struct bench_run *r);
	void		(*teardown)(struct bench_run *r); /* may be NULL */
	size_t		 sizes[BENCH_VALUES];	/* none: the row's affair */
	size_t		 counts[BENCH_VALUES];	/* none: 1 */
	unsigned	 threads[BENCH_VALUES];	/* none: 1 */
	size_t		 align;
	size_t		 ops;		/* of one body; 0: COUNT, or as many
					   times that as make BENCH_LOOP */
	/*
	 * Operations of one run, about.  Beyond eight, more threads do more
	 * of them: each must live for some time slices, or else the threads
	 * follow one another and never meet.  0: body is called once.
	 */
	size_t		 total;
	int		 spawns;	/* body makes the threads; setup, body
					   and teardown run in one */
	int		 forks;		/* the time of children counts */
};

/* Tables, each closed by a row without a name; and all of them, by NULL. */
extern const struct bench_row bench_aligned[], bench_basic[],
    bench_compiler[], bench_fork[], bench_interpreter[], bench_large[],
    bench_larson[], bench_many[], bench_mixed[], bench_scratch[],
    bench_shared[], bench_stress[], bench_thrash[], bench_touch[],
    bench_xmalloc[];
extern const struct bench_row *const bench_tables[];

/* Say what is wrong and exit: a benchmark with wrong results has none. */
void	bench_fail(const char *what) __attribute__((__noreturn__, __cold__));

/* The zone of objects of SIZE bytes; made when first asked for. */
zone_t	*bench_zone(size_t size, size_t align);

/*
 * What the threads of a run share, for setup and teardown: the first to join
 * has MAKE make it, the last to leave has UNMAKE unmake it.
 */
void	*bench_join(const struct bench_run *r,
    void *(*make)(const struct bench_run *r));
void	 bench_leave(void (*unmake)(void *shared));

/* Memory of the row's own; it does not return without. */
void	*bench_own(size_t n, size_t size);

/* The compiler must assume that P and all memory is used here. */
static inline void
bench_keep(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

/* A number below N; Knuth's generator, whose high bits are good. */
static inline size_t
bench_random(struct bench_run *r, size_t n)
{
	r->random = r->random * 6364136223846793005u + 1442695040888963407u;
	return (size_t)((r->random >> 32) * n >> 32);
}

static inline void
bench_write(void *p, size_t tag)
{
	*(unsigned char *)p = (unsigned char)tag;
	bench_keep(p);
}

static inline void
bench_check(const void *p, size_t tag)
{
	if (__builtin_expect(*(const unsigned char *)p !=
	    (unsigned char)tag, 0))
		bench_fail("an object does not hold what was written to it");
}

/* FROM is a constant: what is inlined has no test and no indirect call. */
__attribute__((__always_inline__)) static inline void *
bench_take(const struct bench_run *r, enum bench_source from)
{
	void *p = from == BENCH_ZONE ? zone_alloc(r->zone, 0) :
	    malloc(r->size);

	if (__builtin_expect(p == NULL, 0))
		bench_fail("out of memory");
	return p;
}

__attribute__((__always_inline__)) static inline void
bench_give(const struct bench_run *r, enum bench_source from, void *p)
{
	if (from == BENCH_ZONE)
		zone_free(r->zone, p);
	else
		free(p);
}

/*
 * BENCH_BODY(name) { ... } defines a body in which `r` and the constant `from`
 * are known, once for each source; BENCH_BOTH(name) is the pair of them.
 */
#define BENCH_BODY(name)						\
	__attribute__((__always_inline__)) static inline size_t		\
	name(struct bench_run *r, enum bench_source from);		\
	static size_t name##_malloc(struct bench_run *r)		\
	{ return name(r, BENCH_MALLOC); }				\
	static size_t name##_zone(struct bench_run *r)			\
	{ return name(r, BENCH_ZONE); }					\
	__attribute__((__always_inline__)) static inline size_t		\
	name(struct bench_run *r, enum bench_source from)
#define BENCH_BOTH(name)	{ name##_malloc, name##_zone }

#ifdef __cplusplus
}
#endif

#endif /* BENCH_H */
