/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * window.h - pages that come by being touched: a range of addresses whose
 * faults the pager serves, by userfaultfd(2).
 */
#ifndef PAGER_WINDOW_H
#define PAGER_WINDOW_H

#include <stddef.h>

/* Room for PAGES pages, or NULL with errno: the system does not allow it. */
char	*window_open(size_t pages);

/* Serve its faults from now on, in a thread. */
void	 window_serve(void);

#endif /* PAGER_WINDOW_H */
