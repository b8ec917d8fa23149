/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * patterns malloc|zone PATTERN
 *
 * Calls an allocator in one of three patterns, for instructions.py, which
 * counts what the calls made by the function `measured` cost.  The calls made
 * before that bring the heap into the state in which the pattern leaves it.
 * Prints how many objects `measured` allocated and freed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zobj.h"

enum {
	SIZE = 64,
	PAIRS = 10000,
	BATCH = 10000, BATCHES = 4,
	LIVE = 100000, REPLACED = 100000
};

static zone_t *zone;
static unsigned char *objects[LIVE];
static unsigned long seed = 1;

/*
 * Time stands still, or now and then the library would have time-driven work
 * to do.
 */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;
	ts->tv_sec = 1;
	ts->tv_nsec = 0;
	return 0;
}

static unsigned char *
filled(unsigned char *p, size_t tag)
{
	if (p == NULL)
		exit(1);
	*p = (unsigned char)tag;
	return p;
}

static size_t
pick(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 32) * LIVE >> 32;
}

/* Each pattern, once for each of the two pairs of calls. */
#define PATTERNS(name, ALLOC, FREE)					\
static void								\
name##_pair(size_t n)							\
{									\
	for (size_t i = 0; i < n; i++)					\
		FREE(filled(ALLOC, i));					\
}									\
static void								\
name##_batch(size_t n)							\
{									\
	for (size_t i = 0; i < n; i++) {				\
		for (size_t k = 0; k < BATCH; k++)			\
			objects[k] = filled(ALLOC, k);			\
		for (size_t k = 0; k < BATCH; k++)			\
			FREE(objects[k]);				\
	}								\
}									\
static void								\
name##_fill_all(void)							\
{									\
	for (size_t k = 0; k < LIVE; k++)				\
		objects[k] = filled(ALLOC, k);				\
}									\
static void								\
name##_random(size_t n)							\
{									\
	for (size_t i = 0; i < n; i++) {				\
		size_t k = pick();					\
									\
		if (*objects[k] != (unsigned char)k)			\
			exit(1);					\
		FREE(objects[k]);					\
		objects[k] = filled(ALLOC, k);				\
	}								\
}

#define ZONE_GIVE(p)	zone_free(zone, (p))
PATTERNS(malloc, malloc(SIZE), free)
PATTERNS(zone, zone_alloc(zone, 0), ZONE_GIVE)

static const struct pattern {
	const char	*source, *name;
	void		(*fill)(void);
	void		(*run)(size_t n);
	size_t		before, count;	/* what RUN is called with */
	size_t		each;		/* objects per unit of that */
} patterns[] = {
	{ "malloc", "pair", NULL, malloc_pair, 10, PAIRS, 1 },
	{ "malloc", "batch", NULL, malloc_batch, 2, BATCHES, BATCH },
	{ "malloc", "random", malloc_fill_all, malloc_random, 2 * LIVE,
	    REPLACED, 1 },
	{ "zone", "pair", NULL, zone_pair, 10, PAIRS, 1 },
	{ "zone", "batch", NULL, zone_batch, 2, BATCHES, BATCH },
	{ "zone", "random", zone_fill_all, zone_random, 2 * LIVE,
	    REPLACED, 1 },
};

#ifdef __clang__
#define OPAQUE	__attribute__((__noinline__))
#else
#define OPAQUE	__attribute__((__noipa__))
#endif

/* Costs are counted only inside this function. */
OPAQUE static void
measured(const struct pattern *p)
{
	p->run(p->count);
}

int
main(int argc, char **argv)
{
	zone = zone_create("golden", SIZE, NULL);
	if (argc != 3 || zone == NULL)
		return 2;
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		const struct pattern *p = &patterns[i];

		if (strcmp(p->source, argv[1]) != 0 ||
		    strcmp(p->name, argv[2]) != 0)
			continue;
		if (p->fill != NULL)
			p->fill();
		p->run(p->before);
		measured(p);
		printf("%zu\n", p->count * p->each);
		return 0;
	}
	return 2;
}
