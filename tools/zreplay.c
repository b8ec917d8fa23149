/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zfrag-replay - make the calls of malloc that a trace has recorded, under
 * whatever malloc is loaded.
 *
 * The trace is read twice: once to see whether it makes sense and when most is
 * live, and once to replay it.  Then the harness is told as by zfrag-load.
 */
#include "zreplay.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
usage(FILE *to)
{
	fputs(
"usage: zfrag-replay [options] TRACE\n"
"Replay a trace that 'zrun --record TRACE program' has made.\n"
"\n"
"      --info           say what is in the trace; replay nothing\n"
"      --speed SPEED    asap, recorded, or a number: so many times as fast as\n"
"                       recorded (asap)\n"
"      --idle SECONDS   at the end, with what is still live; 0: not (2)\n"
"      --threads        in as many threads as recorded, in turn\n"
"      --help           show this\n", to);
}

static double
speed_of(const char *text)
{
	char *end;
	double speed = strtod(text, &end);

	if (strcmp(text, "asap") == 0)
		return (0);
	if (strcmp(text, "recorded") == 0)
		return (1);
	if (*text == '\0' || *end != '\0' || !(speed > 0 && speed < 1e6))
		die("--speed: '%s' is not asap, recorded or a number", text);
	return (speed);
}

static unsigned
seconds_of(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n > 3600)
		die("--idle: '%s' is not 0 to 3600 seconds", text);
	return ((unsigned)n);
}

static void
check_memory(const struct survey *s, const char *name)
{
	size_t memory = (size_t)sysconf(_SC_PHYS_PAGES) *
	    (size_t)sysconf(_SC_PAGESIZE);

	if (s->peak_live > memory)
		die("'%s' needs %zu MiB of memory, this machine has %zu",
		    name, s->peak_live / MIB, memory / MIB);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "info",	no_argument,		NULL, 'i' },
		{ "speed",	required_argument,	NULL, 's' },
		{ "idle",	required_argument,	NULL, 'I' },
		{ "threads",	no_argument,		NULL, 't' },
		{ "help",	no_argument,		NULL, 'h' },
		{ NULL,		0,			NULL, 0 }
	};
	static struct trace first, second;
	static struct survey survey;
	struct manner manner = { .idle = 2 };
	bool info = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'i': info = true; break;
		case 's': manner.speed = speed_of(optarg); break;
		case 'I': manner.idle = seconds_of(optarg); break;
		case 't': manner.threads = true; break;
		case 'h': usage(stdout); return (0);
		default: usage(stderr); return (1);
		}
	if (optind != argc - 1) {
		usage(stderr);
		return (1);
	}
	trace_open(&first, argv[optind]);
	survey_make(&survey, &first);
	if (info) {
		info_print(&survey, &first);
		return (0);
	}
	trace_close(&first);
	check_memory(&survey, first.name);
	report_open();
	trace_open(&second, argv[optind]);
	run(&second, &survey, &manner);
	return (0);
}
