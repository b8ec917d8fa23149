/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork.h - a fork of a busy process: the child can allocate, free and start
 * threads.
 */
#ifndef ZOBJ_FORK_H
#define ZOBJ_FORK_H

/* Once per process; 0 or an error number. */
int	fork_init(void);

#endif /* ZOBJ_FORK_H */
