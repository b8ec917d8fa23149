/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.h - is the system short of memory?  ZOBJ_OPTIONS=pressure=PERCENT.
 *
 * It says so long before an allocation fails, where memory is overcommitted:
 * what follows there is not a failure but the death of some process.
 */
#ifndef ZOBJ_WATCH_H
#define ZOBJ_WATCH_H

#include "base.h"

/*
 * Should memory that is free go back now?  NOW is os_coarse_ms().  Looks once
 * a second at most, and says yes every WATCH_REST_MS at most; else no.  Keeps
 * errno.
 */
enum { WATCH_LOOK_MS = 1000, WATCH_REST_MS = 3000 };
bool	watch_is_tight(uint64_t now);

/* Where /proc and /sys are: "" but in tests. */
extern const char *watch_root;

#endif /* ZOBJ_WATCH_H */
