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
	THREAD_OBJECTS = 100
};

/*
 * One thread fills batches, the other empties them.  `room` is for the first
 * to wait on, `filled` for the second; a ring is empty before and after a run.
 */
struct ring {
	unsigned depth;
	sem_t	 room, filled;
	size_t	 head, tail;		/* of one thread each */
	void	**batches[RING];
};

static struct ring deep = { .depth = RING }, shallow = { .depth = 1 };
static pthread_mutex_t ring_lock = PTHREAD_MUTEX_INITIALIZER;

static void
ring_setup(struct bench_run *r, struct ring *ring)
{
	pthread_mutex_lock(&ring_lock);
	if (ring->batches[0] == NULL) {
		if (sem_init(&ring->room, 0, ring->depth) != 0 ||
		    sem_init(&ring->filled, 0, 0) != 0)
			bench_fail("no semaphore");
		for (unsigned i = 0; i < ring->depth; i++)
			ring->batches[i] = calloc(r->count, sizeof (void *));
	}
	pthread_mutex_unlock(&ring_lock);
	for (unsigned i = 0; i < ring->depth; i++)
		if (ring->batches[i] == NULL)
			bench_fail("out of memory");
	r->data = ring;
}

static void
deep_setup(struct bench_run *r)
{
	ring_setup(r, &deep);
}

static void
shallow_setup(struct bench_run *r)
{
	ring_setup(r, &shallow);
}

static void
sem_down(sem_t *sem)
{
	while (sem_wait(sem) != 0)
		if (errno != EINTR)
			bench_fail("sem_wait");
}

/* Thread 0 allocates, thread 1 frees; an operation is a pair of the two. */
BENCH_BODY(pass)
{
	struct ring *ring = r->data;
	void **batch;

	if (r->thread == 0) {
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

/* ---- thread: start one that allocates and frees a little, and wait ---- */

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

BENCH_BODY(thread)
{
	pthread_t id;

	if (pthread_create(&id, NULL, from == BENCH_ZONE ? visitor_zone :
	    visitor_malloc, r) != 0)
		bench_fail("no thread");
	pthread_join(id, NULL);
	return 1;
}

const struct bench_row bench_shared[] = {
	{
		.name = "remote", .setup = deep_setup,
		.body = BENCH_BOTH(pass),
		.sizes = { 64, 256, 1024 }, .counts = { 1000 },
		.threads = { 2 }, .total = 1000000
	}, {
		.name = "handover", .setup = shallow_setup,
		.body = BENCH_BOTH(pass),
		.sizes = { 64, 256, 1024 }, .counts = { 10000 },
		.threads = { 2 }, .total = 1000000
	}, {
		.name = "thread", .body = BENCH_BOTH(thread),
		.sizes = { 64 },
		.ops = 1, .total = 1000, .spawns = 1
	},
	{ .name = NULL }
};
