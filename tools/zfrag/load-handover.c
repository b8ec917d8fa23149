/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-handover.c - handover: objects are allocated by some threads and freed
 * by others.
 *
 * Each producer fills a queue of its own; the consumers change queues from
 * step to step, so that everybody frees objects of everybody.  What is in the
 * queues at the end of a step, and with it what is live, depends on the seed
 * only.
 */
#include <pthread.h>
#include <string.h>

#include "load.h"

#define PAIRS	4
#define BATCH	64		/* objects that change hands at once */
#define ROUNDS	6

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t moved;	/* both sides wait for it */
	object_t *at;
	size_t head, count;	/* of max */
};

/* What happens in a step, in hundredths of a queue's capacity. */
struct step {
	unsigned push, pop;
	enum mix mix;
};

enum { STEP_ROUND, STEP_PEAK, STEP_FREE, STEP_REFILL };

static const struct step steps[] = {
	[STEP_ROUND] = { 200, 200, MIX_PROGRAM },
	[STEP_PEAK] = { 100, 0, MIX_PROGRAM },
	[STEP_FREE] = { 0, 95, MIX_PROGRAM },
	[STEP_REFILL] = { 95, 0, MIX_OTHER },
};

struct handover {
	struct queue queues[PAIRS];
	struct rng rng[PAIRS];	/* the producers' */
	size_t max;		/* capacity of a queue */
	unsigned turn;		/* steps so far */
};

static void
push(struct queue *q, size_t max, const object_t *batch)
{
	pthread_mutex_lock(&q->lock);
	while (q->count + BATCH > max)
		pthread_cond_wait(&q->moved, &q->lock);
	/* max is a multiple of BATCH: a batch never wraps. */
	memcpy(q->at + (q->head + q->count) % max, batch,
	    BATCH * sizeof (*batch));
	q->count += BATCH;
	pthread_cond_signal(&q->moved);
	pthread_mutex_unlock(&q->lock);
}

static void
pop(struct queue *q, size_t max, object_t *batch)
{
	pthread_mutex_lock(&q->lock);
	while (q->count < BATCH)
		pthread_cond_wait(&q->moved, &q->lock);
	memcpy(batch, q->at + q->head, BATCH * sizeof (*batch));
	q->head = (q->head + BATCH) % max;
	q->count -= BATCH;
	pthread_cond_signal(&q->moved);
	pthread_mutex_unlock(&q->lock);
}

static void
produce(struct queue *q, size_t max, size_t batches, enum mix mix,
    struct rng *rng)
{
	struct tally tally = { 0 };
	object_t batch[BATCH];

	while (batches-- > 0) {
		for (unsigned i = 0; i < BATCH; i++)
			batch[i] = object_new(&tally, mix_size(mix, rng));
		push(q, max, batch);
	}
	tally_flush(&tally);
}

static void
consume(struct queue *q, size_t max, size_t batches)
{
	struct tally tally = { 0 };
	object_t batch[BATCH];

	while (batches-- > 0) {
		pop(q, max, batch);
		for (unsigned i = 0; i < BATCH; i++)
			object_free(&tally, batch[i]);
	}
	tally_flush(&tally);
}

/* The first half of the team produces, the second half consumes. */
static void
work(void *arg, unsigned member, unsigned number)
{
	struct handover *h = arg;
	const struct step *step = &steps[number];
	size_t batches = h->max / BATCH;
	unsigned queue = member % PAIRS;

	if (member < PAIRS)
		produce(&h->queues[queue], h->max, batches * step->push / 100,
		    step->mix, &h->rng[member]);
	else
		consume(&h->queues[(queue + h->turn) % PAIRS], h->max,
		    batches * step->pop / 100);
}

static void
do_step(struct handover *h, struct team *team, unsigned number)
{
	h->turn++;
	team_step(team, number);
}

void
handover_run(struct load *load)
{
	struct handover *h = own_map(sizeof (*h));
	struct team *team;

	h->max = (scaled(load, 128 * MIB) / mix_mean(MIX_PROGRAM) / PAIRS /
	    BATCH + 1) * BATCH;
	for (unsigned i = 0; i < PAIRS; i++) {
		struct queue *q = &h->queues[i];

		pthread_mutex_init(&q->lock, NULL);
		pthread_cond_init(&q->moved, NULL);
		q->at = own_map(h->max * sizeof (*q->at));
		h->rng[i] = rng_fork(&load->rng, i);
	}
	team = team_start(2 * PAIRS, work, h);
	for (unsigned i = 0; i < ROUNDS; i++)
		do_step(h, team, STEP_ROUND);
	do_step(h, team, STEP_PEAK);
	report_phase("peak");
	do_step(h, team, STEP_FREE);
	report_phase("freed");
	report_idle(2);
	do_step(h, team, STEP_REFILL);
	report_phase("refill");
}
