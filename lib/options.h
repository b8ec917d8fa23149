/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the environment variable ZOBJ_OPTIONS; see zobj_options(7).
 */
#ifndef ZOBJ_OPTIONS_H
#define ZOBJ_OPTIONS_H

#include "base.h"

enum { OPTIONS_STATS_NONE, OPTIONS_STATS_TEXT, OPTIONS_STATS_JSON };

struct options {
	bool	    abort;		/* a mistake ends the process */
	bool	    check;		/* run the walker at exit */
	int	    stats;		/* report at exit */
	const char *output;		/* where to; NULL: descriptor 2 */
	size_t	    arena;		/* bytes to reserve at most; 0: default */
	size_t	    helper;		/* milliseconds between two looks of the
					   helper thread; 0: none */
	size_t	    pressure;		/* percent of the time; 0: see watch.h */
	const char *route;		/* sizes that go to zones; NULL: all */
	bool	    calls;		/* say at exit which system calls were
					   made and which failed */
};
extern struct options options;

/* Read the environment, once it exists; later calls do nothing. */
void	options_init(void);
bool	options_are_read(void);

/* The value of the last GLOB:N of option NAME whose glob matches; or ELSE. */
size_t	options_for_zone(const char *name, const char *zone, size_t otherwise);

/* One allocation in ONE_IN (0: none) of zone ZONE is to fail: fault_draws. */
void	options_fail(const char *zone, size_t *one_in, size_t *seed);

/*
 * Parse a number with an optional suffix K, M, G or T at *TEXT, which moves
 * behind it; false: there is none, or it is too large.
 */
bool	options_number(const char **text, size_t *n);

#endif /* ZOBJ_OPTIONS_H */
