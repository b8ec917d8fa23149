/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zrun - run a program on libzobj's malloc.
 *
 * Sets LD_PRELOAD and ZOBJ_OPTIONS and becomes the program, or, when tables
 * are wanted, has zrun-tables.c run it in a child.
 *
 * Owns the environment of the program.  Never touches memory of the program,
 * and runs on the system's malloc itself.
 */
#include "zrun.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zobj.h"

#ifndef ZOBJ_MALLOC_PATH
#define ZOBJ_MALLOC_PATH "/usr/local/lib/libzobj-malloc.so"
#endif

#define SHIM "libzobj-malloc.so"

/* The value of ZOBJ_OPTIONS as it grows. */
static char *options;

/* ---- messages ---- */

void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("zrun: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

char *
text(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	return (s);
}

static void
usage(FILE *to)
{
	fputs(
"usage: zrun [options] [--] program [argument ...]\n"
"Run a program, unchanged, on libzobj's malloc.\n"
"\n"
"  -s, --stats             at the end print the program's table of zones\n"
"  -a, --stats-all         the same for every process the program started\n"
"  -j, --json              print JSON instead of a table (implies --stats)\n"
"  -o, --output FILE       append it to FILE (implies --stats); in the name\n"
"                          %p is the process id\n"
"  -R, --record FILE       write a trace of all calls of malloc to FILE, for\n"
"                          zfrag --trace; in the name %p is the process id\n"
"  -c, --check             verify the allocator's invariants at exit\n"
"  -r, --route LIST        sizes served by zones, such as 1-1024,4096\n"
"  -l, --limit GLOB:N      at most N live objects in zones named GLOB\n"
"  -k, --keep GLOB:N       zones named GLOB keep at most N free slabs\n"
"      --no-abort          report a mistake and go on instead of aborting\n"
"  -O, --option NAME=VALUE any other item of ZOBJ_OPTIONS\n"
"  -L, --lib PATH          the " SHIM " to use\n"
"  -p, --print             show the environment and the command; run nothing\n"
"  -h, --help              show this\n"
"  -V, --version           show the version\n"
"\n"
"Exit status: the program's; 125 if zrun itself failed, 126 if the program\n"
"could not be run, 127 if it was not found.\n", to);
}

/* ---- command line ---- */

void
add_option(const char *name, const char *value)
{
	const char *sep = options != NULL && *options != '\0' ? ";" : "";

	if (strchr(value, ';') != NULL)
		die("%s: '%s' contains ';', which separates options; "
		    "give each option its own --option", name, value);
	options = text("%s%s%s=%s", options != NULL ? options : "", sep, name,
	    value);
}

static void
add_glob(const char *name, const char *value)
{
	const char *colon = strrchr(value, ':');

	if (colon == NULL || colon == value || colon[1] == '\0' ||
	    colon[1 + strspn(colon + 1, "0123456789")] != '\0')
		die("--%s: '%s' is not GLOB:N, such as 'malloc-*:1000'", name,
		    value);
	add_option(name, value);
}

static void
add_pair(char *pair)
{
	char *eq = strchr(pair, '=');

	if (eq == NULL || eq == pair)
		die("--option: '%s' is not NAME=VALUE, such as arena=64G",
		    pair);
	*eq = '\0';
	add_option(pair, eq + 1);
	*eq = '=';
}

static void
show_version(void)
{
#ifdef PACKAGE_VERSION
	puts("zrun (libzobj) " PACKAGE_VERSION);
#else
	printf("zrun (libzobj) %d.%d\n", ZOBJ_VERSION_MAJOR,
	    ZOBJ_VERSION_MINOR);
#endif
}

static const struct option long_options[] = {
	{ "stats",	no_argument,		NULL, 's' },
	{ "stats-all",	no_argument,		NULL, 'a' },
	{ "json",	no_argument,		NULL, 'j' },
	{ "output",	required_argument,	NULL, 'o' },
	{ "record",	required_argument,	NULL, 'R' },
	{ "check",	no_argument,		NULL, 'c' },
	{ "route",	required_argument,	NULL, 'r' },
	{ "limit",	required_argument,	NULL, 'l' },
	{ "keep",	required_argument,	NULL, 'k' },
	{ "no-abort",	no_argument,		NULL, 'A' },
	{ "option",	required_argument,	NULL, 'O' },
	{ "lib",	required_argument,	NULL, 'L' },
	{ "print",	no_argument,		NULL, 'p' },
	{ "help",	no_argument,		NULL, 'h' },
	{ "version",	no_argument,		NULL, 'V' },
	{ NULL,		0,			NULL, 0 }
};

static void
want_tables(struct request *rq, enum tables which)
{
	if (rq->tables < which)
		rq->tables = which;
}

static void
take_option(struct request *rq, int opt)
{
	switch (opt) {
	case 's': want_tables(rq, TABLES_PROGRAM); break;
	case 'a': want_tables(rq, TABLES_ALL); break;
	case 'j': want_tables(rq, TABLES_PROGRAM); rq->json = true; break;
	case 'o': want_tables(rq, TABLES_PROGRAM); rq->output = optarg; break;
	case 'R': rq->record = optarg; break;
	case 'c': add_option("check", "1"); break;
	case 'r': add_option("route", optarg); break;
	case 'l': add_glob("limit", optarg); break;
	case 'k': add_glob("keep", optarg); break;
	case 'A': add_option("abort", "0"); break;
	case 'O': add_pair(optarg); break;
	case 'L': rq->lib = optarg; break;
	case 'p': rq->print = true; break;
	case 'h': usage(stdout); exit(0);
	case 'V': show_version(); exit(0);
	default:
		fputs("Try 'zrun --help'.\n", stderr);
		exit(EXIT_ZRUN);
	}
}

/* Returns the program and its arguments. */
static char **
parse(int argc, char **argv, struct request *rq)
{
	const char *old = getenv("ZOBJ_OPTIONS");
	int opt;

	options = text("%s", old != NULL ? old : "");
	while ((opt = getopt_long(argc, argv, "+sajo:R:cr:l:k:O:L:phV",
	    long_options, NULL)) != -1)
		take_option(rq, opt);
	if (argv[optind] == NULL && !rq->print) {
		usage(stderr);
		exit(EXIT_ZRUN);
	}
	return (argv + optind);
}

/* ---- the library ---- */

static char *
usable(const char *path)
{
	char *real = realpath(path, NULL);
	struct stat st;

	if (real == NULL)
		return (NULL);
	if (stat(real, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(real, R_OK) == 0)
		return (real);
	if (S_ISDIR(st.st_mode))
		errno = EISDIR;
	free(real);
	return (NULL);
}

/* Where PATH was named by the user, something else is no substitute. */
static const char *
lib_as_told(const char *path, const char *who)
{
	const char *lib = usable(path);

	if (lib == NULL)
		die("%s: cannot use '%s': %s; name the file " SHIM, who, path,
		    strerror(errno));
	return (lib);
}

/* The library of the build tree that zrun is in, else the installed one. */
static const char *
lib_nearby(void)
{
	static const char *const dirs[] = {
		"../.libs", ".libs", "../preload/.libs"
	};
	char self[PATH_MAX], *places[4];
	ssize_t n = readlink("/proc/self/exe", self, sizeof (self) - 1);
	size_t i, count = 0;

	if (n > 0) {
		self[n] = '\0';
		dirname(self);
		for (i = 0; i < 3; i++)
			places[count++] = text("%s/%s/" SHIM, self, dirs[i]);
	}
	places[count++] = text("%s", ZOBJ_MALLOC_PATH);
	for (i = 0; i < count; i++) {
		const char *lib = usable(places[i]);

		if (lib != NULL)
			return (lib);
	}
	say("cannot find " SHIM "; looked for");
	for (i = 0; i < count; i++)
		fprintf(stderr, "\t%s\n", places[i]);
	die("say where it is: --lib PATH, or set ZOBJ_MALLOC_LIB");
}

static const char *
find_lib(const char *told)
{
	const char *env = getenv("ZOBJ_MALLOC_LIB");
	const char *lib;

	if (told != NULL)
		lib = lib_as_told(told, "--lib");
	else if (env != NULL && *env != '\0')
		lib = lib_as_told(env, "ZOBJ_MALLOC_LIB");
	else
		lib = lib_nearby();
	if (strpbrk(lib, " :") != NULL)
		die("'%s' contains a space or a colon, which separate paths in "
		    "LD_PRELOAD; copy or link it to another place", lib);
	return (lib);
}

/* ---- the environment ---- */

/* LIB first of all that is preloaded. */
static void
preload(const char *lib)
{
	const char *old = getenv("LD_PRELOAD");
	char *list = text("%s%s%s", lib,
	    old != NULL && *old != '\0' ? ":" : "", old != NULL ? old : "");

	if (setenv("LD_PRELOAD", list, 1) != 0)
		die("cannot set the environment: %s", strerror(errno));
}

void
set_environment(const struct request *rq)
{
	preload(rq->lib);
	if (rq->record != NULL)
		preload(prepare_record(rq));
	if (*options != '\0' && setenv("ZOBJ_OPTIONS", options, 1) != 0)
		die("cannot set the environment: %s", strerror(errno));
}

/* WORD so that a shell reads it back unchanged. */
static void
print_quoted(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";

	if (*word != '\0' && word[strspn(word, plain)] == '\0') {
		fputs(word, stdout);
		return;
	}
	putchar('\'');
	for (; *word != '\0'; word++)
		if (*word == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*word);
	putchar('\'');
}

static void
print_variable(const char *name)
{
	printf("%s=", name);
	print_quoted(getenv(name));
}

static void
print_command(const struct request *rq, char **argv)
{
	print_variable("LD_PRELOAD");
	if (*options != '\0') {
		putchar(' ');
		print_variable("ZOBJ_OPTIONS");
	}
	if (rq->record != NULL) {
		putchar(' ');
		print_variable("ZOBJ_RECORD");
	}
	for (; *argv != NULL; argv++) {
		putchar(' ');
		print_quoted(*argv);
	}
	putchar('\n');
}

/* A relative FILE would move with the program's working directory. */
char *
absolute(const char *file, const char *option)
{
	char cwd[PATH_MAX];

	if (*file == '/')
		return (text("%s", file));
	if (getcwd(cwd, sizeof (cwd)) == NULL)
		die("cannot tell the working directory: %s; "
		    "give %s an absolute path", strerror(errno), option);
	return (text("%s/%s", cwd, file));
}

int
become(char **argv)
{
	const char *hint = "";
	struct stat st;
	int err;

	execvp(argv[0], argv);
	err = errno;
	if (err == ENOENT && strchr(argv[0], '/') == NULL &&
	    access(argv[0], X_OK) == 0)
		hint = " on PATH, but there is one here: run it as ./NAME";
	else if (err == ENOENT && access(argv[0], F_OK) == 0)
		hint = " (its interpreter or dynamic linker is missing)";
	else if (err == EACCES && stat(argv[0], &st) == 0)
		hint = S_ISDIR(st.st_mode) ? " (it is a directory)" :
		    " (is it a program? chmod +x makes it one)";
	say("cannot run '%s': %s%s", argv[0], strerror(err), hint);
	return (err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

int
main(int argc, char **argv)
{
	struct request rq = { .tables = TABLES_NONE };
	bool collect;

	argv = parse(argc, argv, &rq);
	rq.lib = find_lib(rq.lib);
	if (argv[0] != NULL)
		warn_if_in_vain(argv[0]);
	collect = rq.tables == TABLES_PROGRAM ||
	    (rq.tables == TABLES_ALL && rq.output == NULL);
	if (rq.tables != TABLES_NONE)
		add_option("stats", rq.json ? "json" : "text");
	if (rq.output != NULL && (!collect || rq.print))
		add_option("output", absolute(rq.output, "--output"));
	if (collect && !rq.print)
		return (run_and_tell(&rq, argv));
	set_environment(&rq);
	if (rq.print) {
		print_command(&rq, argv);
		return (0);
	}
	return (become(argv));
}
