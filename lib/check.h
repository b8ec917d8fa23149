/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.h - the walker: every invariant that the structs promise.
 */
#ifndef ZOBJ_CHECK_H
#define ZOBJ_CHECK_H

/* Outside the guard.  Asserts; returns how many slabs it looked at. */
unsigned long check_all(void);

#endif /* ZOBJ_CHECK_H */
