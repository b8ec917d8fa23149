/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.h - figures and reports; counted when asked for, never on the way.
 */
#ifndef ZOBJ_STATS_H
#define ZOBJ_STATS_H

#include "zdef.h"

/* And its name, if NAME is not NULL.  False: the zone has ended meanwhile. */
bool	stats_zone(struct zone *z, char *name, struct zone_stats *st);
/* For a program that was compiled when the struct had st->stats_size bytes. */
bool	stats_fill(struct zone *z, struct zone_stats *st);
bool	stats_has_size(size_t size);
int	stats_report(int fd, int how);	/* 0 or an error number */

#endif /* ZOBJ_STATS_H */
