/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-threads.c - threads: many threads have a peak each, free most of it,
 * and go idle while they live.
 *
 * What a thread keeps for itself is out of reach for everybody else, unless
 * the allocator can take it back from a thread that does nothing.
 */
#include "load.h"

#define THREADS	16

enum { STEP_PEAK, STEP_FREE, STEP_REFILL };

struct peaks {
	struct objects table[THREADS];
	struct rng rng[THREADS];
	size_t bytes;		/* of each thread */
};

static void
work(void *arg, unsigned member, unsigned step)
{
	struct peaks *p = arg;
	struct objects *t = &p->table[member];
	struct rng *rng = &p->rng[member];

	switch (step) {
	case STEP_PEAK:
		objects_fill(t, MIX_PROGRAM, p->bytes, rng);
		break;
	case STEP_FREE:
		objects_drop(t, 95, rng);
		break;
	case STEP_REFILL:
		objects_fill(t, MIX_OTHER, p->bytes, rng);
		break;
	}
}

void
threads_run(struct load *load)
{
	struct peaks *p = own_map(sizeof (*p));
	struct team *team;

	p->bytes = scaled(load, 128 * MIB) / THREADS;
	for (unsigned i = 0; i < THREADS; i++) {
		objects_make_for(&p->table[i], MIX_PROGRAM, p->bytes);
		p->rng[i] = rng_fork(&load->rng, i);
	}
	team = team_start(THREADS, work, p);
	team_step(team, STEP_PEAK);
	report_phase("peak");
	team_step(team, STEP_FREE);
	report_phase("freed");
	report_idle(2);
	team_step(team, STEP_REFILL);
	report_phase("refill");
}
