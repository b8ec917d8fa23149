/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-team.c - threads in lockstep.
 *
 * A team lives until the process ends: idle threads that hold memory are what
 * the scenarios with threads are about.
 */
#include <pthread.h>

#include "load.h"

struct team {
	pthread_barrier_t start, end;
	void (*work)(void *, unsigned, unsigned);
	void *arg;
	unsigned step;
	struct member {
		struct team *team;
		unsigned number;
	} members[];
};

static void *
member_main(void *arg)
{
	const struct member *m = arg;
	struct team *team = m->team;

	for (;;) {
		pthread_barrier_wait(&team->start);
		team->work(team->arg, m->number, team->step);
		pthread_barrier_wait(&team->end);
	}
	return (NULL);
}

struct team *
team_start(unsigned n, void (*work)(void *, unsigned, unsigned), void *arg)
{
	struct team *team = own_map(sizeof (*team) +
	    n * sizeof (team->members[0]));
	pthread_t thread;

	team->work = work;
	team->arg = arg;
	pthread_barrier_init(&team->start, NULL, n + 1);
	pthread_barrier_init(&team->end, NULL, n + 1);
	for (unsigned i = 0; i < n; i++) {
		team->members[i] = (struct member){ team, i };
		if (pthread_create(&thread, NULL, member_main,
		    &team->members[i]) != 0)
			die("cannot start thread %u", i);
	}
	return (team);
}

void
team_step(struct team *team, unsigned step)
{
	team->step = step;
	pthread_barrier_wait(&team->start);
	pthread_barrier_wait(&team->end);
}
