/* SPDX-License-Identifier: BSD-2-Clause */
/* cgroup.h - the pager in a memory cgroup of its own. */
#ifndef PAGER_CGROUP_H
#define PAGER_CGROUP_H

#include <stddef.h>

/*
 * Make a cgroup that may hold BYTES, and return in a child process that is in
 * it.  The parent waits for the child, tells how much there was at most,
 * removes the group and ends as the child did.  Where there can be no such
 * group: says so, and returns in the process itself.
 */
void	 cgroup_enter(size_t bytes);

#endif /* PAGER_CGROUP_H */
