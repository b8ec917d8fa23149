/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load.h - zfrag-load: the synthetic scenarios of zfrag, in one program.
 *
 * A scenario makes calls of malloc and free, and nothing else of it does:
 * its own tables are mapped (own_map), so that what is measured is the
 * allocator under test.  The same seed makes the same sequence of calls in
 * each thread, whatever the allocator.
 *
 * load-main.c	    command line, table of scenarios
 * load-report.c    tells the harness what is live, and when a phase ends
 * load-sizes.c	    which sizes programs ask for
 * load-objects.c   objects, and tables of them
 * load-team.c	    threads in lockstep
 * the others	    the scenarios
 */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "report.h"

/* ---- random numbers: splitmix64 ---- */

struct rng {
	uint64_t state;
};

static inline uint64_t
rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31));
}

static inline uint32_t
rng_below(struct rng *r, uint32_t n)
{
	return (((rng_next(r) >> 32) * n) >> 32);
}

/* A generator of its own for the nth thread or the like. */
static inline struct rng
rng_fork(const struct rng *r, uint64_t n)
{
	struct rng child = { r->state + n * 0xd1342543de82ef95 };

	rng_next(&child);
	return (child);
}

/* ---- the scenarios ---- */

struct load {
	struct rng rng;
	double scale;
	unsigned arg;		/* what tells apart scenarios of one kind */
};

/* N times the scale of this run. */
static inline size_t
scaled(const struct load *load, double n)
{
	return ((size_t)(n * load->scale));
}

void	drop_run(struct load *);
void	server_run(struct load *);
void	survivors_run(struct load *);
void	handover_run(struct load *);
void	threads_run(struct load *);
void	short_threads_run(struct load *);
void	swing_run(struct load *);

/* ---- load-sizes.c ---- */

enum mix {
	MIX_PROGRAM,	/* what most programs ask for */
	MIX_OTHER,	/* as much, in other sizes */
	MIX_TEXT,	/* mostly short strings */
	MIX_RECORDS,	/* mostly structures of some hundred bytes */
	MIX_BUFFERS	/* more of some KiB */
};

size_t	mix_size(enum mix, struct rng *);
size_t	mix_mean(enum mix);

/* ---- load-objects.c ---- */

/* Address and size of an object, packed to keep the tables small. */
typedef uint64_t object_t;

/* One thread's changes of what is live, until they are worth telling. */
struct tally {
	int64_t pending;
};

object_t object_new(struct tally *, size_t size);
void	object_free(struct tally *, object_t);
void	tally_flush(struct tally *);

/* A table of objects. */
struct objects {
	object_t *at;
	size_t count, max;
	size_t live;		/* bytes of them */
	struct tally tally;
};

void	objects_make(struct objects *, size_t max);
/* Room for BYTES of objects of a mix. */
void	objects_make_for(struct objects *, enum mix, size_t bytes);
void	objects_add(struct objects *, size_t size);
/* Allocate until BYTES are live, or the table is full. */
void	objects_fill(struct objects *, enum mix, size_t bytes, struct rng *);
void	objects_shuffle(struct objects *, struct rng *);
/* Free the last ones until COUNT are left; after a shuffle: random ones. */
void	objects_shrink(struct objects *, size_t count);
/* Free the share (of 100) of the objects, chosen at random. */
void	objects_drop(struct objects *, unsigned percent, struct rng *);

/* ---- load-team.c ---- */

/*
 * N threads that live through the whole scenario.  Each step is a call of
 * WORK in every one of them; between the steps they sleep.
 */
struct team;

struct team *team_start(unsigned n, void (*work)(void *arg, unsigned member,
	    unsigned step), void *arg);
/* Have all members do a step, and wait for them. */
void	team_step(struct team *, unsigned step);

#endif
