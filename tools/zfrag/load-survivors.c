/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-survivors.c - one-in-20-SIZE: of objects of one size all are freed but
 * a random one in 20, and then no call is made any more.
 *
 * The survivors lie on most of the pages, so this shows whether memory is
 * given back in smaller pieces than the allocator's blocks, and by whom, if
 * the program never calls again.
 */
#include "load.h"

#define ONE_IN	20

static void
free_most(struct objects *t, struct rng *rng)
{
	size_t kept = 0;

	/* In the order of allocation, as a cache is swept. */
	for (size_t i = 0; i < t->count; i++) {
		if (rng_below(rng, ONE_IN) == 0)
			t->at[kept++] = t->at[i];
		else
			object_free(&t->tally, t->at[i]);
	}
	t->count = kept;
	tally_flush(&t->tally);
}

void
survivors_run(struct load *load)
{
	size_t n = scaled(load, 128 * MIB) / load->arg;
	struct objects t;

	objects_make(&t, n);
	while (t.count < n)
		objects_add(&t, load->arg);
	tally_flush(&t.tally);
	report_phase("peak");
	free_most(&t, &load->rng);
	report_phase("freed");
	report_idle(1);
}
