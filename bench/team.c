/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * team.c - memory of the rows' own, and what the threads of a run share.
 *
 * There is one run at a time, so one shared thing is enough.
 */
#include <pthread.h>

#include "bench.h"

static pthread_mutex_t team_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned team_members;
static void *team_shared;

void *
bench_join(const struct bench_run *r,
    void *(*make)(const struct bench_run *r))
{
	void *shared;

	pthread_mutex_lock(&team_lock);
	if (team_members++ == 0)
		team_shared = make(r);
	shared = team_shared;
	pthread_mutex_unlock(&team_lock);
	return shared;
}

void
bench_leave(void (*unmake)(void *shared))
{
	pthread_mutex_lock(&team_lock);
	if (--team_members == 0)
		unmake(team_shared);
	pthread_mutex_unlock(&team_lock);
}

void *
bench_own(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		bench_fail("out of memory");
	return p;
}
