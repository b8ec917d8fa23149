/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper.h - a thread that looks after idle memory: ZOBJ_OPTIONS=helper=MS.
 *
 * Never the default.  What a program frees goes back while it frees it, and
 * what is left goes when some thread next takes a slow path; a process in
 * which nobody calls the allocator any more gives back the rest only so.
 */
#ifndef ZOBJ_HELPER_H
#define ZOBJ_HELPER_H

#include "options.h"

extern _Atomic(bool) helper_runs;

/* Start it.  Outside the guard, no lock held: it allocates. */
void	helper_start(void);
/* In the child of a fork there is none yet. */
void	helper_forget(void);

static inline bool
helper_is_wanted(void)
{
	return options.helper != 0 && !load_relaxed(&helper_runs);
}

#endif /* ZOBJ_HELPER_H */
