/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-main.c - zfrag-load: run one of zfrag's synthetic scenarios.
 *
 * What the scenarios are for is told in scenarios.py, beside this file, and
 * in zfrag(1).
 */
#include <getopt.h>
#include <string.h>

#include "load.h"

static const struct scenario {
	const char *name;
	void (*run)(struct load *);
	unsigned arg;
} scenarios[] = {
	{ "drop-50", drop_run, 50 },
	{ "drop-90", drop_run, 90 },
	{ "drop-95", drop_run, 95 },
	{ "server", server_run, 0 },
	{ "one-in-20-64", survivors_run, 64 },
	{ "one-in-20-256", survivors_run, 256 },
	{ "one-in-20-1024", survivors_run, 1024 },
	{ "handover", handover_run, 0 },
	{ "threads", threads_run, 0 },
	{ "short-threads", short_threads_run, 0 },
	{ "swing", swing_run, 0 },
	{ NULL, NULL, 0 }
};

static const struct option options[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "scale", required_argument, NULL, 'f' },
	{ "list", no_argument, NULL, 'l' },
	{ NULL, 0, NULL, 0 }
};

static void
usage(void)
{
	die("usage: zfrag-load [--seed N] [--scale F] SCENARIO | --list");
}

static void
list(void)
{
	for (const struct scenario *s = scenarios; s->name != NULL; s++)
		puts(s->name);
}

static double
scale_of(const char *text)
{
	char *end;
	double scale = strtod(text, &end);

	if (*end != '\0' || !(scale >= 0.001 && scale <= 1000))
		die("--scale: '%s' is not 0.001 to 1000", text);
	return (scale);
}

static const struct scenario *
scenario_of(const char *name)
{
	const struct scenario *s;

	for (s = scenarios; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return (s);
	die("no scenario '%s'; see --list", name);
}

int
main(int argc, char **argv)
{
	struct load load = { .rng = { 1 }, .scale = 1 };
	const struct scenario *s;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 's':
			load.rng.state = strtoull(optarg, NULL, 0);
			break;
		case 'f':
			load.scale = scale_of(optarg);
			break;
		case 'l':
			list();
			return (0);
		default:
			usage();
		}
	if (optind != argc - 1)
		usage();
	s = scenario_of(argv[optind]);
	load.arg = s->arg;
	report_open();
	s->run(&load);
	return (0);
}
