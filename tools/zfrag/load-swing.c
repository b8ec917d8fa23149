/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-swing.c - swing: twenty times a second half of the memory is freed and
 * allocated again in the sizes of the other of two mixes.
 *
 * An allocator that gives back at once what is needed again the next moment
 * pays for it in page faults: look at the processor time.
 */
#include <time.h>

#include "load.h"

#define SWINGS		80
#define PERIOD_NS	50000000

static void
sleep_until(struct timespec *when)
{
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, when, NULL) != 0)
		continue;
}

static void
later(struct timespec *when, long ns)
{
	when->tv_nsec += ns;
	when->tv_sec += when->tv_nsec / 1000000000;
	when->tv_nsec %= 1000000000;
}

void
swing_run(struct load *load)
{
	size_t bytes = scaled(load, 64 * MIB);
	struct timespec next;
	struct objects t;

	objects_make_for(&t, MIX_PROGRAM, bytes);
	objects_fill(&t, MIX_PROGRAM, bytes, &load->rng);
	report_phase("peak");
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (unsigned i = 0; i < SWINGS; i++) {
		objects_drop(&t, 50, &load->rng);
		objects_fill(&t, i % 2 == 0 ? MIX_OTHER : MIX_PROGRAM, bytes,
		    &load->rng);
		/* A machine that is late does fewer a second, but all. */
		later(&next, PERIOD_NS);
		sleep_until(&next);
	}
	report_phase("steady");
	objects_drop(&t, 50, &load->rng);
	report_phase("freed");
	report_idle(1);
}
