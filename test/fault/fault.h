/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.h - what the programs of this room have in common: they do everything
 * that can be done with the library while system calls fail, and look after
 * every failure whether something is lost.
 *
 * The argument says what to expect: nothing (no failure), "once" (one call
 * fails: so may one thing here, and not when it is tried again) or "onward"
 * (from some call on all fail).  Exit code 0, or a line that says what is
 * wrong and abort.
 */
#ifndef FAULT_TEST_H
#define FAULT_TEST_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEN(a)		(sizeof (a) / sizeof ((a)[0]))
#define KIB		((size_t)1 << 10)
#define MIB		((size_t)1 << 20)

#define MUST(e)		((e) ? (void)0 : must_fail(#e, __FILE__, __LINE__))

static enum { NEVER, ONCE, ONWARD } mode;
static atomic_int refusals;

_Noreturn static inline void
must_fail(const char *what, const char *file, int line)
{
	int error = errno;

	dprintf(2, "%s:%d: failed: %s (errno %d, %d refusals)\n", file, line,
	    what, error, atomic_load(&refusals));
	abort();
}

static inline void
set_mode(const char *argument)
{
	if (argument != NULL)
		mode = strcmp(argument, "once") == 0 ? ONCE : ONWARD;
}

/* Something has failed with ERROR, which is EXPECTED.  True: try it again. */
static inline bool
refused(int error, int expected)
{
	int n = ++refusals;

	errno = error;
	MUST(error == expected);
	MUST(mode == ONWARD || (mode == ONCE && n == 1));
	return mode == ONCE;
}

static inline uint32_t
next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static inline bool
is_zero(const void *p, size_t n)
{
	const unsigned char *c = p;

	return n == 0 || (c[0] == 0 && memcmp(c, c + 1, n - 1) == 0);
}

#endif /* FAULT_TEST_H */
