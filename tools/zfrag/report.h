/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - what programs that are loads tell the harness; see load-report.c.
 */
#ifndef REPORT_H
#define REPORT_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define MIB	((size_t)1 << 20)

void	report_open(void);
/* The program has reached the end of a phase; nobody else may be busy. */
void	report_phase(const char *name);
/* Sleep without a call of the allocator, then report the phase "idle". */
void	report_idle(unsigned seconds);
/* What is live has changed by BYTES.  Any thread. */
void	report_live(int64_t bytes);
/* Memory for the program's own tables: zeroed, resident, and told. */
void	*own_map(size_t bytes);

/* End the program with a message. */
#define die(...) do {							\
	fprintf(stderr, "%s: ", program_invocation_short_name);		\
	fprintf(stderr, __VA_ARGS__);					\
	fputc('\n', stderr);						\
	exit(1);							\
} while (0)

#endif
