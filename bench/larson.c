/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * larson.c - a server whose threads die and leave their objects to successors.
 *
 * After P. Larson and M. Krishnan, "Memory allocation for long-running server
 * applications" (ISMM 1998).  Each of THREADS desks has COUNT objects of
 * random sizes.  The thread at a desk replaces one at random, again and again;
 * after LIFE of that it starts a thread that goes on with the same objects,
 * and ends.  So most objects are freed by another thread than the one that
 * allocated them, which may be long gone.  What is there at first comes from
 * one thread and is dealt out at random.
 */
#include <pthread.h>

#include "bench.h"

enum {
	SMALLEST = 10,		/* bytes */
	APART = 128,		/* two lines: processors fetch pairs */
	LIFE = 10000,		/* replacements by one thread */
	GENERATIONS = 10	/* threads at a desk, in one body */
};

struct item {
	unsigned char	*object;
	size_t		 size;
};

struct server;

/* Desks lie apart, so that they share no cache line. */
struct desk {
	struct server  *server __attribute__((__aligned__(APART)));
	struct bench_run run;	/* size, count and random numbers */
	struct item    *items;
	unsigned	to_come; /* generations */
};

struct server {
	pthread_mutex_t	lock;
	pthread_cond_t	closed;
	unsigned	open;	/* desks */
	pthread_attr_t	detached;
	struct desk	desks[];
};

static void
item_take(struct bench_run *r, struct item *item)
{
	item->size = SMALLEST + bench_random(r, r->size - SMALLEST + 1);
	item->object = malloc(item->size);
	if (item->object == NULL)
		bench_fail("out of memory");
	bench_write(item->object, item->size);
	bench_write(item->object + item->size - 1, item->size + 1);
}

static void
item_give(struct item *item)
{
	bench_check(item->object, item->size);
	bench_check(item->object + item->size - 1, item->size + 1);
	free(item->object);
}

static void	start(struct desk *d);

static void
close_desk(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	if (--s->open == 0)
		pthread_cond_signal(&s->closed);
	pthread_mutex_unlock(&s->lock);
}

static void *
serve(void *arg)
{
	struct desk *d = arg;

	for (size_t i = 0; i < LIFE; i++) {
		struct item *item = &d->items[bench_random(&d->run,
		    d->run.count)];

		item_give(item);
		item_take(&d->run, item);
	}
	if (--d->to_come > 0)
		start(d);
	else
		close_desk(d->server);
	return NULL;
}

static void
start(struct desk *d)
{
	pthread_t id;

	if (pthread_create(&id, &d->server->detached, serve, d) != 0)
		bench_fail("no thread");
}

/* Deal what one thread has allocated out to the desks. */
static void
deal(struct bench_run *r, struct server *s)
{
	size_t all = r->threads * r->count;

	for (size_t i = all; i > 1; i--) {
		size_t k = bench_random(r, i);
		struct item *a = &s->desks[(i - 1) / r->count].items[
		    (i - 1) % r->count];
		struct item *b = &s->desks[k / r->count].items[k % r->count];
		struct item swap = *a;

		*a = *b;
		*b = swap;
	}
}

static struct server *
server_make(size_t desks)
{
	struct server *s = aligned_alloc(APART, sizeof *s +
	    desks * sizeof s->desks[0]);

	if (s == NULL || pthread_mutex_init(&s->lock, NULL) != 0 ||
	    pthread_cond_init(&s->closed, NULL) != 0 ||
	    pthread_attr_init(&s->detached) != 0 ||
	    pthread_attr_setdetachstate(&s->detached,
	    PTHREAD_CREATE_DETACHED) != 0)
		bench_fail("no server");
	return s;
}

static void
larson_setup(struct bench_run *r)
{
	struct server *s = server_make(r->threads);

	for (unsigned t = 0; t < r->threads; t++) {
		struct desk *d = &s->desks[t];

		d->server = s;
		d->run = *r;
		d->run.random += t;
		d->items = bench_own(r->count, sizeof d->items[0]);
		for (size_t i = 0; i < r->count; i++)
			item_take(r, &d->items[i]);
	}
	deal(r, s);
	r->data = s;
}

static size_t
larson(struct bench_run *r)
{
	struct server *s = r->data;

	s->open = r->threads;
	for (unsigned t = 0; t < r->threads; t++) {
		s->desks[t].to_come = GENERATIONS;
		start(&s->desks[t]);
	}
	pthread_mutex_lock(&s->lock);
	while (s->open > 0)
		pthread_cond_wait(&s->closed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	return (size_t)LIFE * GENERATIONS * r->threads;
}

static void
larson_teardown(struct bench_run *r)
{
	struct server *s = r->data;

	for (unsigned t = 0; t < r->threads; t++) {
		for (size_t i = 0; i < r->count; i++)
			item_give(&s->desks[t].items[i]);
		free(s->desks[t].items);
	}
	free(s);
}

const struct bench_row bench_larson[] = {
	{
		.name = "larson", .setup = larson_setup,
		.body = { larson }, .teardown = larson_teardown,
		.sizes = { 500 }, .counts = { 1000 },
		.threads = { 1, 2, 4, 8, 32 },
		.ops = LIFE * GENERATIONS, .total = 2000000, .spawns = 1
	},
	{ .name = NULL }
};
