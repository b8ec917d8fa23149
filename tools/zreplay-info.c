/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zreplay-info.c - what is in a trace, for people.
 */
#include "zreplay.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* The largest number of N bits. */
static uint64_t
most(unsigned n)
{
	return (low_bits(n));
}

static double
share(uint64_t part, uint64_t all)
{
	return (all == 0 ? 0 : 100.0 * (double)part / (double)all);
}

static double
mib(uint64_t bytes)
{
	return ((double)bytes / (double)MIB);
}

static void
print_head(const struct survey *s, const struct trace *t)
{
	time_t start = (time_t)(t->head.start / 1000000000);
	char date[32];

	strftime(date, sizeof (date), "%Y-%m-%d %H:%M:%S", localtime(&start));
	printf("program     %s, process %" PRIu32 ", pages of %" PRIu32
	    " bytes\n", t->head.program, t->head.process, t->head.page_size);
	printf("recorded    %s, %.1f s, %s\n", date, (double)s->time / 1000,
	    s->exit ? "to its exit" : "not to an exit: killed, or _exit(2)");
}

static void
print_counts(const struct survey *s)
{
	printf("calls       %" PRIu64 " malloc, %" PRIu64
	    " calloc, %" PRIu64 " aligned, %" PRIu64 " realloc, %" PRIu64
	    " free\n", s->kinds[TRACE_ALLOC],
	    s->kinds[TRACE_ZEROED], s->kinds[TRACE_ALIGNED],
	    s->kinds[TRACE_RESIZE], s->kinds[TRACE_FREE]);
	printf("left out    %" PRIu64 " that failed, %" PRIu64
	    " for objects from before the trace\n", s->failed, s->unknown);
	printf("threads     %" PRIu32 "\n", s->threads);
	printf("peak live   %zu bytes (%.1f MiB) in %" PRIu32
	    " objects, after call %" PRIu64 "\n", s->peak_live,
	    mib(s->peak_live), s->peak_objects, s->peak_event);
	printf("end live    %zu bytes (%.1f MiB) in %" PRIu32 " objects\n",
	    s->end_live, mib(s->end_live), s->end_objects);
}

static void
print_sizes(const struct survey *s)
{
	uint64_t all = 0, bytes = 0;

	for (unsigned n = 0; n <= SURVEY_BITS; n++) {
		all += s->sizes[n];
		bytes += s->bytes[n];
	}
	printf("\nsize up to        requests       %%            MiB       %%\n");
	for (unsigned n = 0; n <= SURVEY_BITS; n++)
		if (s->sizes[n] > 0)
			printf("%12" PRIu64 " %13" PRIu64 " %7.2f %14.1f "
			    "%7.2f\n", most(n), s->sizes[n],
			    share(s->sizes[n], all), mib(s->bytes[n]),
			    share(s->bytes[n], bytes));
}

static void
print_ages(const struct survey *s)
{
	uint64_t freed = s->kinds[TRACE_FREE], all = freed + s->end_objects;

	printf("\nfreed after up to   objects       %%\n");
	for (unsigned n = 0; n <= SURVEY_BITS; n++)
		if (s->ages[n] > 0)
			printf("%13" PRIu64 " %13" PRIu64 " %7.2f\n", most(n),
			    s->ages[n], share(s->ages[n], all));
	printf("%13s %13" PRIu32 " %7.2f\n", "never", s->end_objects,
	    share(s->end_objects, all));
	puts("(further allocations)");
}

void
info_print(const struct survey *s, const struct trace *t)
{
	print_head(s, t);
	print_counts(s);
	print_sizes(s);
	print_ages(s);
}
