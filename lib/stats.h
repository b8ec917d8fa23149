/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.h - figures and reports; counted when asked for, never on the way.
 */
#ifndef ZOBJ_STATS_H
#define ZOBJ_STATS_H

#include "zdef.h"

void	stats_zone(struct zone *z, struct zone_stats *st);
int	stats_report(int fd, int how);	/* 0 or an error number */

#endif /* ZOBJ_STATS_H */
