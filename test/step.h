/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * step.h - a signal after every instruction: between step_begin and step_end
 * the processor traps after each, and the handler of SIGTRAP runs.
 *
 * The trap flag is off while the handler runs.  SIGTRAP must not be blocked.
 */
#ifndef STEP_H
#define STEP_H

#include <signal.h>

/* A checker of races has code of its own in between, which is in no state. */
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define STEP_WORKS	1

/* Below the red zone, which is in use. */
#define STEP_FLAGS(change)						\
	__asm__ volatile(						\
	    "leaq -128(%%rsp), %%rsp\n\t"				\
	    "pushfq\n\t"						\
	    change "\n\t"						\
	    "popfq\n\t"							\
	    "leaq 128(%%rsp), %%rsp" : : : "memory", "cc")

static inline __attribute__((__always_inline__)) void
step_begin(void)
{
	STEP_FLAGS("orq $0x100, (%%rsp)");
}

static inline __attribute__((__always_inline__)) void
step_end(void)
{
	STEP_FLAGS("andq $~0x100, (%%rsp)");
}
#else
#define STEP_WORKS	0

static inline void
step_begin(void)
{
}

static inline void
step_end(void)
{
}
#endif

static inline int
step_install(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	return sigaction(SIGTRAP, &action, NULL);
}

#endif /* STEP_H */
