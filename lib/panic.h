/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * panic.h - the end of the process, with one line that says why.
 */
#ifndef ZOBJ_PANIC_H
#define ZOBJ_PANIC_H

#include "base.h"

/* Broken invariant: always checked, because continuing would corrupt. */
#define ASSERT(e) \
	(likely(e) ? (void)0 : panic_assertion(#e, __FILE__, __LINE__))

/* The same where the check itself costs too much outside debug builds. */
#ifdef ZOBJ_DEBUG
#define DEBUG_ASSERT(e)	ASSERT(e)
#else
#define DEBUG_ASSERT(e)	((void)sizeof (e))
#endif

_Noreturn void	panic_assertion(const char *expr, const char *file, int line);
_Noreturn void	panic_abort(void);

#endif /* ZOBJ_PANIC_H */
