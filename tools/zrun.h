/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zrun.h - what the parts of zrun share.
 *
 *	zrun.c		command line, library, environment
 *	zrun-record.c	a trace of the program's calls
 *	zrun-image.c	will the program load the library at all?
 *	zrun-tables.c	stay behind, collect the tables, print them
 */
#ifndef ZRUN_H
#define ZRUN_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* What env(1) and nohup(1) return when there is no program to speak for. */
enum { EXIT_ZRUN = 125, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

enum tables { TABLES_NONE, TABLES_PROGRAM, TABLES_ALL };

struct request {
	const char	*lib;		/* as told, then as found */
	const char	*output;	/* --output, NULL: descriptor 2 */
	const char	*record;	/* --record, NULL: no trace */
	enum tables	 tables;
	bool		 json;
	bool		 print;
};

/* A line "zrun: ..." on descriptor 2; die also ends zrun. */
void say(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));
#define die(...) do { say(__VA_ARGS__); exit(EXIT_ZRUN); } while (0)

/* sprintf(3) into new memory, which is never freed in small amounts. */
char *text(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));

/* FILE, which OPTION named, or where it is now if its name is relative. */
char *absolute(const char *file, const char *option);

/* Append NAME=VALUE to the ZOBJ_OPTIONS of the program. */
void add_option(const char *name, const char *value);

/* Put the libraries and the options into the environment. */
void set_environment(const struct request *rq);

/* The same for a trace; returns the path of the library that writes it. */
const char *prepare_record(const struct request *rq);

/* Become the program; returns the exit status if that fails. */
int become(char **argv);

/* Warn if the program ARGV0 names would run without the library. */
void warn_if_in_vain(const char *argv0);

/* Run the program in a child, print the tables; returns the exit status. */
int run_and_tell(const struct request *rq, char **argv);

#endif /* ZRUN_H */
