/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * namecache - a kernel's name cache, for a real directory tree.
 *
 * For each directory entry a name cache holds three objects: a vnode, an entry
 * that hangs in a hash table under (parent, name), and the name itself.  They
 * come by the hundred thousand, are looked up all the time, and go in no
 * order: what zones were made for.  This program builds such a cache from a
 * tree, looks up every path, frees a random half, looks up again, and destroys
 * the rest, on zones or on malloc, and says what it took.
 *
 *	nc-cache.c	the cache; read this one for the API
 *	nc-tree.c	the directory tree
 *	namecache.c	the experiment
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <zobj.h>

#include "nc-cache.h"
#include "nc-tree.h"

#define MAX_THREADS 64

/* ---- the experiment ---- */

enum moment { START, PEAK, HALF, TRIMMED, END, MOMENTS };

struct result {
	double	 build, first, again;	/* nanoseconds per name */
	double	 release;		/* nanoseconds per entry freed */
	double	 end;			/* milliseconds */
	long	 kib[MOMENTS];		/* anonymous memory */
};

struct plan {
	const char	*directory;
	unsigned	 rounds, threads;
	unsigned long	 seed;
	bool		 trim, both;
};

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

/* Resident memory that is not of a file, in KiB. */
static long
resident(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	char line[256];
	long kib = -1, all, shared;

	while (f != NULL && fgets(line, sizeof (line), f) != NULL)
		if (sscanf(line, "Anonymous: %ld kB", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	if (kib >= 0 || (f = fopen("/proc/self/statm", "re")) == NULL)
		return (kib);
	if (fscanf(f, "%*d %ld %ld", &all, &shared) == 2)
		kib = (all - shared) * (sysconf(_SC_PAGESIZE) / 1024);
	fclose(f);
	return (kib);
}

struct worker {
	pthread_t	 thread;
	const struct tree *tree;
	unsigned	 number;
	unsigned	 threads, rounds;
	bool		 half_gone;
	size_t		 wrong;
	struct entry	*doomed;	/* to be freed by this thread */
};

/* Every path, from another start in every thread. */
static void *
look_up_all(void *arg)
{
	struct worker *w = arg;
	const struct tree *t = w->tree;
	size_t i = t->count / w->threads * w->number;

	for (size_t n = w->rounds * t->count; n > 0; n--) {
		const struct probe *p = &t->probes[i];
		const struct entry *e = cache_look_up(p->path);

		if (w->half_gone && p->goes ? e != NULL :
		    e == NULL || e->vnode->st.st_ino != p->inode)
			w->wrong++;
		if (++i == t->count)
			i = 0;
	}
	return (NULL);
}

static void *
free_doomed(void *arg)
{
	struct worker *w = arg;

	while (w->doomed != NULL) {
		struct entry *e = w->doomed;

		w->doomed = e->next;
		cache_free(e);
	}
	return (NULL);
}

/* Run FN in all threads; returns the seconds until the last has ended. */
static double
in_threads(struct worker *w, void *(*fn)(void *))
{
	double start = now();
	unsigned i, n = w->threads;

	for (i = 1; i < n; i++) {
		errno = pthread_create(&w[i].thread, NULL, fn, &w[i]);
		if (errno != 0)
			err(1, "cannot start a thread");
	}
	fn(&w[0]);
	for (i = 1; i < n; i++)
		pthread_join(w[i].thread, NULL);
	return (now() - start);
}

/* Nanoseconds per lookup; ends the program if one was wrong. */
static double
time_lookups(struct worker *w)
{
	double seconds = in_threads(w, look_up_all);

	for (unsigned i = 0; i < w->threads; i++)
		if (w[i].wrong != 0)
			errx(1, "%zu of %zu lookups in a round were wrong",
			    w[i].wrong, w->tree->count);
	return (seconds * 1e9 / (double)w->tree->count / w->rounds);
}

/* Nanoseconds to free an entry; they are spread over the threads. */
static double
free_half(struct worker *w)
{
	const struct tree *t = w->tree;
	size_t i, n = 0;
	double seconds;

	for (i = 0; i < t->count; i++)
		if (t->probes[i].goes) {
			struct entry *e = cache_unlink(t->probes[i].path);
			struct worker *to = &w[n++ % w->threads];

			e->next = to->doomed;
			to->doomed = e;
		}
	seconds = in_threads(w, free_doomed);
	for (i = 0; i < w->threads; i++)
		w[i].half_gone = true;
	return (n == 0 ? 0 : seconds * 1e9 / (double)n);
}

static double
build(const struct tree *t)
{
	double start;

	cache_start(t->count, &t->root);
	start = now();
	for (size_t i = 0; i < t->count; i++)
		cache_enter(t->text + t->files[i].path, &t->files[i].st);
	return ((now() - start) * 1e9 / (double)t->count);
}

static struct result
experiment(const struct tree *t, const struct plan *plan)
{
	struct worker w[MAX_THREADS] = { { .tree = NULL } };
	struct result r = { .build = 0 };
	double start;

	for (unsigned i = 0; i < plan->threads; i++)
		w[i] = (struct worker){ .tree = t, .number = i,
		    .threads = plan->threads, .rounds = plan->rounds };
	r.kib[START] = resident();
	r.build = build(t);
	r.first = time_lookups(w);
	r.kib[PEAK] = resident();
	if (!use_malloc && zone_report(STDOUT_FILENO, ZONE_TEXT) != 0)
		err(1, "zone_report");
	r.release = free_half(w);
	r.kib[HALF] = resident();
	if (plan->trim) {
		if (use_malloc)
			malloc_trim(0);
		else
			zone_trim(NULL, ZONE_TRIM_CACHES);
	}
	r.kib[TRIMMED] = resident();
	r.again = time_lookups(w);
	start = now();
	cache_end();
	r.end = (now() - start) * 1e3;
	r.kib[END] = resident();
	return (r);
}

/* The same in a child process, so that nothing is left over for the next. */
static struct result
experiment_apart(const struct tree *t, const struct plan *plan)
{
	struct result r;
	int p[2], status;
	pid_t pid;

	fflush(stdout);
	if (pipe(p) != 0 || (pid = fork()) < 0)
		err(1, "cannot start a process");
	if (pid == 0) {
		r = experiment(t, plan);
		exit(write(p[1], &r, sizeof (r)) == sizeof (r) ? 0 : 1);
	}
	close(p[1]);
	if (read(p[0], &r, sizeof (r)) != sizeof (r) ||
	    waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "the experiment on %s failed",
		    use_malloc ? "malloc" : "zones");
	close(p[0]);
	return (r);
}

/* ---- telling ---- */

static void
row(const char *what, const char *unit, const double *value, int n)
{
	printf("%-34s %-9s", what, unit);
	for (int i = 0; i < n; i++)
		printf(" %10.1f", value[i]);
	putchar('\n');
}

/* COLUMN(x): x of every result, as an array of doubles. */
#define COLUMN(x) (const double[]){ r[0].x, r[n - 1].x }
#define GROWTH(m) (const double[]){					\
	(double)(r[0].kib[m] - r[0].kib[START]) / 1024,			\
	(double)(r[n - 1].kib[m] - r[n - 1].kib[START]) / 1024 }

static void
tell(const struct tree *t, const struct plan *plan, const struct result *r,
    int n)
{
	const double asked = (double)t->bytes / 1048576;

	printf("\n%-44s", "");
	if (n == 2 || !use_malloc)
		printf(" %10s", "zones");
	if (n == 2 || use_malloc)
		printf(" %10s", "malloc");
	putchar('\n');
	row("build", "ns/name", COLUMN(build), n);
	row("look up, random order", "ns/path", COLUMN(first), n);
	row("free a random half", "ns/name", COLUMN(release), n);
	row("look up again", "ns/path", COLUMN(again), n);
	row("destroy the rest", "ms", COLUMN(end), n);
	row("objects need", "MiB", (const double[]){ asked, asked }, n);
	row("RSS at the start", "MiB", (const double[]){
	    (double)r[0].kib[START] / 1024, (double)r[n - 1].kib[START] / 1024
	    }, n);
	row("  and above that: at the peak", "MiB", GROWTH(PEAK), n);
	row("  half freed", "MiB", GROWTH(HALF), n);
	if (plan->trim)
		row("  trimmed", "MiB", GROWTH(TRIMMED), n);
	row("  destroyed", "MiB", GROWTH(END), n);
}

static void
usage(FILE *to)
{
	fputs(
"usage: namecache [--malloc | --both] [--rounds N] [--threads N] [--seed N]\n"
"                 [--trim] [directory]\n"
"Hold the names of a directory tree (/usr) in zones, and measure.\n"
"\n"
"  -m, --malloc     use malloc and free in place of zones\n"
"  -b, --both       one after the other, each in a process of its own\n"
"  -r, --rounds N   look up every path N times (3)\n"
"  -t, --threads N  threads that look up and free (1)\n"
"  -s, --seed N     of the random order (1)\n"
"  -T, --trim       give memory back after the half was freed\n"
"  -h, --help       show this\n"
"\n"
"RSS is resident memory that belongs to no file.\n", to);
}

static unsigned long
number(const char *s, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(s, &end, 10);
	if (*s < '0' || *s > '9' || *end != '\0' || errno != 0 ||
	    n < least || n > most)
		errx(2, "'%s' is not a number from %lu to %lu", s, least, most);
	return (n);
}

static void
parse(int argc, char **argv, struct plan *plan)
{
	static const struct option options[] = {
		{ "malloc",	no_argument,		NULL, 'm' },
		{ "both",	no_argument,		NULL, 'b' },
		{ "rounds",	required_argument,	NULL, 'r' },
		{ "threads",	required_argument,	NULL, 't' },
		{ "seed",	required_argument,	NULL, 's' },
		{ "trim",	no_argument,		NULL, 'T' },
		{ "help",	no_argument,		NULL, 'h' },
		{ NULL,		0,			NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "mbr:t:s:Th", options, NULL)) != -1)
		switch (c) {
		case 'm': use_malloc = true; break;
		case 'b': plan->both = true; break;
		case 'r': plan->rounds = (unsigned)number(optarg, 1, 1000000);
			break;
		case 't': plan->threads = (unsigned)number(optarg, 1,
			MAX_THREADS); break;
		case 's': plan->seed = number(optarg, 0, ULONG_MAX); break;
		case 'T': plan->trim = true; break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	if (argc - optind > 1) {
		usage(stderr);
		exit(2);
	}
	plan->directory = optind < argc ? argv[optind] : "/usr";
}

int
main(int argc, char **argv)
{
	struct plan plan = { .rounds = 3, .threads = 1, .seed = 1 };
	struct tree tree = { .count = 0 };
	struct result r[2];

	parse(argc, argv, &plan);
	tree_read(&tree, plan.directory, plan.seed);
	printf("%s: %zu names in %zu directories, %zu unreadable; "
	    "3 objects per name;\n%zu names go; "
	    "seed %lu, rounds %u, threads %u\n\n", plan.directory, tree.count,
	    tree.directories, tree.unreadable, tree.half, plan.seed,
	    plan.rounds, plan.threads);
	fflush(stdout);
	if (plan.both) {
		use_malloc = false;
		r[0] = experiment_apart(&tree, &plan);
		use_malloc = true;
		r[1] = experiment_apart(&tree, &plan);
	} else
		r[0] = experiment(&tree, &plan);
	tell(&tree, &plan, r, plan.both ? 2 : 1);
	return (0);
}
