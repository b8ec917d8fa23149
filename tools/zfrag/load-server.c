/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-server.c - server: a server that lives long.
 *
 * Thousands of connections, each with a session and objects of random
 * lifetimes, send requests, which need some objects for their own time.  The
 * sizes change three times: steady1 to steady3.  One object in a hundred is
 * never freed.  Then most connections close (freed), nothing happens (idle),
 * and new ones come, with the sizes of the beginning (refill).
 */
#include <string.h>

#include "load.h"

#define CONNECTIONS	4000
#define HELD_BYTES	20000	/* that a connection holds, about */
#define HELD		96	/* in at most so many objects */
#define TEMPORARY	8	/* most objects of a request's own */
#define REQUESTS	90	/* per connection and phase */
#define LASTS		250	/* requests that a connection sees, mean */
#define IMMORTAL	100	/* one object in so many */
#define CLOSE_PERCENT	90

struct connection {
	object_t session;
	object_t held[HELD];	/* 0: none */
};

struct server {
	struct connection *connections;
	uint32_t open, max;
	enum mix mix;		/* the sizes of this phase */
	unsigned hold;		/* objects that a connection holds of them */
	struct objects immortals;
	struct tally tally;
	struct rng *rng;
};

static void
connection_open(struct server *s, struct connection *c)
{
	memset(c, 0, sizeof (*c));
	c->session = object_new(&s->tally, 2048 + rng_below(s->rng, 4096));
}

static void
connection_close(struct server *s, struct connection *c)
{
	for (unsigned i = 0; i < HELD; i++)
		if (c->held[i] != 0)
			object_free(&s->tally, c->held[i]);
	object_free(&s->tally, c->session);
}

static void
forget(struct server *s, object_t *place)
{
	if (*place != 0)
		object_free(&s->tally, *place);
	*place = 0;
}

/* The connection keeps one more object, in the place of any older one. */
static void
hold(struct server *s, struct connection *c)
{
	object_t *place = &c->held[rng_below(s->rng, s->hold)];
	size_t size = mix_size(s->mix, s->rng);

	if (rng_below(s->rng, IMMORTAL) == 0) {
		objects_add(&s->immortals, size);
		return;
	}
	forget(s, place);
	*place = object_new(&s->tally, size);
	/* Of smaller objects, in the phase before, there were more. */
	if (s->hold < HELD)
		forget(s, &c->held[s->hold +
		    rng_below(s->rng, HELD - s->hold)]);
}

static void
request(struct server *s, struct connection *c)
{
	object_t own[TEMPORARY];
	unsigned n = 1 + rng_below(s->rng, TEMPORARY);

	for (unsigned i = 0; i < n; i++) {
		own[i] = object_new(&s->tally, mix_size(s->mix, s->rng));
		if (i % 2 == 0)
			hold(s, c);
	}
	for (unsigned i = 0; i < n; i++)
		object_free(&s->tally, own[i]);
	if (rng_below(s->rng, LASTS) == 0) {
		connection_close(s, c);
		connection_open(s, c);
	}
}

static void
serve(struct server *s, enum mix mix, const char *phase)
{
	s->mix = mix;
	s->hold = HELD_BYTES / mix_mean(mix);
	if (s->hold > HELD)
		s->hold = HELD;
	while (s->open < s->max)
		connection_open(s, &s->connections[s->open++]);
	for (size_t i = (size_t)s->open * REQUESTS; i > 0; i--)
		request(s, &s->connections[rng_below(s->rng, s->open)]);
	tally_flush(&s->tally);
	tally_flush(&s->immortals.tally);
	report_phase(phase);
}

static void
close_most(struct server *s)
{
	uint32_t left = s->open - s->open * CLOSE_PERCENT / 100;

	while (s->open > left) {
		struct connection *c =
		    &s->connections[rng_below(s->rng, s->open)];

		connection_close(s, c);
		*c = s->connections[--s->open];
	}
	tally_flush(&s->tally);
}

void
server_run(struct load *load)
{
	struct server s = { .max = scaled(load, CONNECTIONS),
	    .rng = &load->rng };

	s.connections = own_map(s.max * sizeof (*s.connections));
	/* Four phases, at most TEMPORARY / 2 held objects a request. */
	objects_make(&s.immortals,
	    (size_t)s.max * REQUESTS * 4 * TEMPORARY / 2 /
	    IMMORTAL + 4096);
	serve(&s, MIX_TEXT, "steady1");
	serve(&s, MIX_RECORDS, "steady2");
	serve(&s, MIX_BUFFERS, "steady3");
	close_most(&s);
	report_phase("freed");
	report_idle(2);
	serve(&s, MIX_TEXT, "refill");
}
