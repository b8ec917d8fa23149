/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-drop.c - drop-N: a peak, of which a random N % is freed.
 *
 * Then nothing happens for two seconds, and then as much is allocated again
 * in other sizes.
 */
#include "load.h"

void
drop_run(struct load *load)
{
	size_t bytes = scaled(load, 128 * MIB);
	struct objects t;

	objects_make_for(&t, MIX_PROGRAM, bytes);
	objects_fill(&t, MIX_PROGRAM, bytes, &load->rng);
	report_phase("peak");
	objects_drop(&t, load->arg, &load->rng);
	report_phase("freed");
	report_idle(2);
	objects_fill(&t, MIX_OTHER, bytes, &load->rng);
	report_phase("refill");
}
