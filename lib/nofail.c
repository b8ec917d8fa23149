/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nofail.c - see nofail.h.  Must never give up.
 */
#include "nofail.h"

#include <errno.h>

#include "misuse.h"
#include "os.h"

enum {
	YIELDS = 8,			/* rounds that do not sleep yet */
	DOUBLINGS = 6,			/* from 1 ms to 64 */
	ROUNDS = 32
};

bool
nofail_wait(struct nofail *n, struct zone *z, const char *name, size_t size,
    int error)
{
	unsigned round = n->round++;

	if (round < YIELDS)
		os_yield();
	else
		os_sleep_ms(1u << min_size(round - YIELDS, DOUBLINGS));
	if (n->round < ROUNDS)
		return false;
	n->round = 0;
	misuse_out_of_memory("zone_alloc", z, name, size, error == ENOSPC);
	return true;
}
