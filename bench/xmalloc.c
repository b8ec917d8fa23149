/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xmalloc.c - some threads only allocate, the others only free.
 *
 * After the load that C. Lever and D. Boreham describe in "malloc()
 * performance in a multithreaded Linux environment" (USENIX 2000), with
 * batches, as later collections of benchmarks have it.  Half of the threads
 * make chains of objects of random sizes and put them on one queue; the other
 * half take whichever is next.  So a thread frees what any of many threads has
 * allocated, and never allocates itself.
 */
#include <pthread.h>

#include "bench.h"

enum {
	QUEUE = 64,		/* chains on their way, at most */
	SMALLEST = 16
};

struct link {
	struct link *next;
	uint32_t     number, size;
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t	room, filled;
	struct link    *chains[QUEUE];
	size_t		head, tail;
};

static void *
queue_make(const struct bench_run *r)
{
	struct queue *q = bench_own(1, sizeof *q);

	(void)r;
	if (pthread_mutex_init(&q->lock, NULL) != 0 ||
	    pthread_cond_init(&q->room, NULL) != 0 ||
	    pthread_cond_init(&q->filled, NULL) != 0)
		bench_fail("no queue");
	return q;
}

static void
queue_unmake(void *shared)
{
	struct queue *q = shared;

	if (q->head != q->tail)
		bench_fail("a chain was not freed");
	free(q);
}

static void
queue_put(struct queue *q, struct link *chain)
{
	pthread_mutex_lock(&q->lock);
	while (q->head - q->tail == QUEUE)
		pthread_cond_wait(&q->room, &q->lock);
	q->chains[q->head++ % QUEUE] = chain;
	pthread_cond_signal(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

static struct link *
queue_get(struct queue *q)
{
	struct link *chain;

	pthread_mutex_lock(&q->lock);
	while (q->head == q->tail)
		pthread_cond_wait(&q->filled, &q->lock);
	chain = q->chains[q->tail++ % QUEUE];
	pthread_cond_signal(&q->room);
	pthread_mutex_unlock(&q->lock);
	return chain;
}

static struct link *
chain_make(struct bench_run *r)
{
	struct link *first = NULL;

	for (size_t i = 0; i < r->count; i++) {
		size_t size = SMALLEST +
		    bench_random(r, r->size - SMALLEST + 1);
		struct link *l = malloc(size);

		if (l == NULL)
			bench_fail("out of memory");
		l->next = first;
		l->number = (uint32_t)i;
		l->size = (uint32_t)size;
		if (size > sizeof *l)
			bench_write((char *)l + size - 1, i);
		first = l;
	}
	return first;
}

static void
chain_free(struct link *l, size_t count)
{
	while (l != NULL) {
		struct link *next = l->next;

		if (l->number != --count)
			bench_fail("a chain is not what it was");
		if (l->size > sizeof *l)
			bench_check((char *)l + l->size - 1, count);
		free(l);
		l = next;
	}
	if (count != 0)
		bench_fail("a chain is shorter than it was");
}

static size_t
xmalloc(struct bench_run *r)
{
	if (r->thread % 2 == 0) {
		queue_put(r->data, chain_make(r));
		return r->count;
	}
	chain_free(queue_get(r->data), r->count);
	return 0;
}

static void
xmalloc_setup(struct bench_run *r)
{
	r->data = bench_join(r, queue_make);
}

static void
xmalloc_teardown(struct bench_run *r)
{
	(void)r;
	bench_leave(queue_unmake);
}

const struct bench_row bench_xmalloc[] = {
	{
		.name = "xmalloc", .setup = xmalloc_setup,
		.body = { xmalloc }, .teardown = xmalloc_teardown,
		.sizes = { 256 }, .counts = { 1000 },
		.threads = { 2, 4, 8, 32 }, .total = 2000000
	},
	{ .name = NULL }
};
