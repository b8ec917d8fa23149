/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nofail.h - ZONE_NOFAIL: who may not fail tries again, waits longer each
 * time, and now and then says so.
 */
#ifndef ZOBJ_NOFAIL_H
#define ZOBJ_NOFAIL_H

#include "zdef.h"

struct nofail {
	unsigned round;			/* 0 to begin with */
};

/*
 * Nothing came, with ERROR: wait.  After the last of a bounded number of
 * rounds, some 1.2 s, it is a mistake to be reported (misuse.h); if that
 * returns, rounds begin again, and the result is true.  Z is a handle of NAME
 * that may have no zone yet.  Outside the guard, no lock held.
 */
bool	nofail_wait(struct nofail *n, struct zone *z, const char *name,
	    size_t size, int error);

#endif /* ZOBJ_NOFAIL_H */
