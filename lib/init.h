/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * init.h - the library starts itself when it is first used, in two steps: what
 * the first allocation needs, which may come before thread-local storage
 * works; and the rest.
 */
#ifndef ZOBJ_INIT_H
#define ZOBJ_INIT_H

#include "base.h"

extern bool init_is_complete;

void	init_slow(void);

/* Before any use of zones; outside the guard. */
static inline void
init(void)
{
	if (unlikely(!__atomic_load_n(&init_is_complete, __ATOMIC_ACQUIRE)))
		init_slow();
}

#endif /* ZOBJ_INIT_H */
