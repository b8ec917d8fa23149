/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shared.c - rows in which threads have to do with each other: one allocates
 * what another frees, and threads that come and go.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#include "bench.h"

enum {
	RING = 16,		/* batches on their way */
	THREAD_OBJECTS = 100,
	CREW = 32		/* threads started by one body */
};

static void
sem_down(sem_t *sem)
{
	while (sem_wait(sem) != 0)
		if (errno != EINTR)
			bench_fail("sem_wait");
}

/*
 * ---- remote and handover: thread 2k allocates, thread 2k + 1 frees ----
 *
 * The first fills batches, the second empties them.  `room` is for the first
 * to wait on, `filled` for the second; a ring is empty before and after a run.
 * Rings lie apart, so that pairs share no cache line.
 */
struct ring {
	sem_t	 room, filled;
	unsigned depth;
	size_t	 head __attribute__((__aligned__(128)));
	size_t	 tail __attribute__((__aligned__(128)));
	void	**batches[RING];
};

struct rings {
	size_t	     n;
	struct ring *all;
};

static void *
rings_make(const struct bench_run *r, unsigned depth)
{
	struct rings *rings = bench_own(1, sizeof *rings);

	rings->n = r->threads / 2;
	rings->all = aligned_alloc(128, rings->n * sizeof *rings->all);
	if (rings->all == NULL)
		bench_fail("out of memory");
	for (size_t k = 0; k < rings->n; k++) {
		struct ring *ring = &rings->all[k];

		*ring = (struct ring){ .depth = depth };
		if (sem_init(&ring->room, 0, depth) != 0 ||
		    sem_init(&ring->filled, 0, 0) != 0)
			bench_fail("no semaphore");
		for (unsigned i = 0; i < depth; i++)
			ring->batches[i] = bench_own(r->count,
			    sizeof (void *));
	}
	return rings;
}

static void *
deep_make(const struct bench_run *r)
{
	return rings_make(r, RING);
}

static void *
shallow_make(const struct bench_run *r)
{
	return rings_make(r, 1);
}

static void
rings_unmake(void *shared)
{
	struct rings *rings = shared;

	for (size_t k = 0; k < rings->n; k++) {
		struct ring *ring = &rings->all[k];

		if (ring->head != ring->tail)
			bench_fail("a batch was not freed");
		for (unsigned i = 0; i < ring->depth; i++)
			free(ring->batches[i]);
		sem_destroy(&ring->room);
		sem_destroy(&ring->filled);
	}
	free(rings->all);
	free(rings);
}

static void
deep_setup(struct bench_run *r)
{
	struct rings *rings = bench_join(r, deep_make);

	r->data = &rings->all[r->thread / 2];
}

static void
shallow_setup(struct bench_run *r)
{
	struct rings *rings = bench_join(r, shallow_make);

	r->data = &rings->all[r->thread / 2];
}

static void
rings_teardown(struct bench_run *r)
{
	(void)r;
	bench_leave(rings_unmake);
}

/* An operation is a pair of the two. */
BENCH_BODY(pass)
{
	struct ring *ring = r->data;
	void **batch;

	if (r->thread % 2 == 0) {
		sem_down(&ring->room);
		batch = ring->batches[ring->head++ % ring->depth];
		for (size_t i = 0; i < r->count; i++) {
			batch[i] = bench_take(r, from);
			bench_write(batch[i], i);
		}
		sem_post(&ring->filled);
		return r->count;
	}
	sem_down(&ring->filled);
	batch = ring->batches[ring->tail++ % ring->depth];
	for (size_t i = 0; i < r->count; i++) {
		bench_check(batch[i], i);
		bench_give(r, from, batch[i]);
	}
	sem_post(&ring->room);
	return 0;
}

/*
 * ---- all-to-all: each thread frees what all threads have allocated ----
 *
 * In a round every thread fills one box for each thread, and empties those
 * that the others filled for it in the round before; then they wait for each
 * other.  So a slab's owner allocates from it while others free into it.
 */
struct boxes {
	pthread_barrier_t barrier;
	size_t	 threads, each;		/* objects in a box */
	void	**all;			/* of two rounds */
};

struct boxer {
	struct boxes *boxes;
	size_t	      round;
};

/* Where FROM puts what TO will free. */
static void **
box_of(const struct boxes *b, size_t round, size_t from, size_t to)
{
	return b->all + (((round & 1) * b->threads + from) * b->threads +
	    to) * b->each;
}

static void *
boxes_make(const struct bench_run *r)
{
	struct boxes *b = bench_own(1, sizeof *b);

	b->threads = r->threads;
	b->each = r->count / r->threads;
	b->all = bench_own(2 * b->threads * b->threads * b->each,
	    sizeof (void *));
	if (pthread_barrier_init(&b->barrier, NULL, r->threads) != 0)
		bench_fail("no barrier");
	return b;
}

static void
boxes_unmake(void *shared)
{
	struct boxes *b = shared;

	pthread_barrier_destroy(&b->barrier);
	free(b->all);
	free(b);
}

static void
boxes_setup(struct bench_run *r)
{
	struct boxer *me = bench_own(1, sizeof *me);

	me->boxes = bench_join(r, boxes_make);
	r->data = me;
}

__attribute__((__always_inline__)) static inline void
box_fill(struct bench_run *r, enum bench_source from, size_t to)
{
	struct boxer *me = r->data;
	void **box = box_of(me->boxes, me->round, r->thread, to);

	for (size_t i = 0; i < me->boxes->each; i++) {
		box[i] = bench_take(r, from);
		bench_write(box[i], i + to);
	}
}

/* Of the round before, which has left nothing in the first one. */
__attribute__((__always_inline__)) static inline void
box_empty(struct bench_run *r, enum bench_source from, size_t sender)
{
	struct boxer *me = r->data;
	void **box = box_of(me->boxes, me->round + 1, sender, r->thread);

	if (me->round == 0)
		return;
	for (size_t i = 0; i < me->boxes->each; i++) {
		bench_check(box[i], i + r->thread);
		bench_give(r, from, box[i]);
	}
}

BENCH_BODY(box)
{
	struct boxer *me = r->data;

	for (size_t k = 0; k < r->threads; k++) {
		box_fill(r, from, (r->thread + k) % r->threads);
		box_empty(r, from, (r->thread + k) % r->threads);
	}
	me->round++;
	pthread_barrier_wait(&me->boxes->barrier);
	return me->boxes->each * r->threads;
}

static void
boxes_teardown(struct bench_run *r)
{
	for (size_t k = 0; k < r->threads; k++)
		box_empty(r, r->source, k);
	free(r->data);
	bench_leave(boxes_unmake);
}

/* ---- thread: COUNT at a time allocate and free a little, and end ---- */

BENCH_BODY(visit)
{
	void *objects[THREAD_OBJECTS];

	for (size_t i = 0; i < THREAD_OBJECTS; i++) {
		objects[i] = bench_take(r, from);
		bench_write(objects[i], i);
	}
	for (size_t i = 0; i < THREAD_OBJECTS; i++) {
		bench_check(objects[i], i);
		bench_give(r, from, objects[i]);
	}
	return THREAD_OBJECTS;
}

static void *
visitor_malloc(void *arg)
{
	visit_malloc(arg);
	return NULL;
}

static void *
visitor_zone(void *arg)
{
	visit_zone(arg);
	return NULL;
}

/* COUNT divides CREW. */
BENCH_BODY(thread)
{
	pthread_t ids[CREW];

	for (size_t done = 0; done < CREW; done += r->count) {
		for (size_t i = 0; i < r->count; i++)
			if (pthread_create(&ids[i], NULL,
			    from == BENCH_ZONE ? visitor_zone :
			    visitor_malloc, r) != 0)
				bench_fail("no thread");
		for (size_t i = 0; i < r->count; i++)
			pthread_join(ids[i], NULL);
	}
	return CREW;
}

const struct bench_row bench_shared[] = {
	{
		.name = "remote", .setup = deep_setup,
		.body = BENCH_BOTH(pass), .teardown = rings_teardown,
		.sizes = { 64, 256, 1024 }, .counts = { 1000 },
		.threads = { 2 }, .total = 2000000
	}, {
		.name = "remote", .setup = deep_setup,
		.body = BENCH_BOTH(pass), .teardown = rings_teardown,
		.sizes = { 64 }, .counts = { 1000 },
		.threads = { 4, 8, 32 }, .total = 2000000
	}, {
		.name = "handover", .setup = shallow_setup,
		.body = BENCH_BOTH(pass), .teardown = rings_teardown,
		.sizes = { 64, 256, 1024 }, .counts = { 10000 },
		.threads = { 2 }, .total = 2000000
	}, {
		.name = "all-to-all", .setup = boxes_setup,
		.body = BENCH_BOTH(box), .teardown = boxes_teardown,
		.sizes = { 64 }, .counts = { 4000 },
		.threads = { 2, 4, 8, 32 }, .total = 2000000
	}, {
		.name = "thread", .body = BENCH_BOTH(thread),
		.sizes = { 64 }, .counts = { 1, 8, CREW },
		.ops = CREW, .total = 1000, .spawns = 1
	},
	{ .name = NULL }
};
