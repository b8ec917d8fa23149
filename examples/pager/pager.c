/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager - memory that is larger than memory, and what it takes not to get
 * stuck.
 *
 * A pager keeps more pages than it has memory for: those that were not used
 * for long are in a file.  To free a page it has to note where in the file
 * the page is, and for that it may need memory: when memory is out, it needs
 * some to get some.  Kernels have hung by this.  Here everything, frames and
 * notes, is in zones and comes out of one allowance, which the frames fill to
 * the brim; --reserve=0 shows the deadlock, a reserve of 16 that it is gone.
 *
 *	paging.c	in, out, and when there is no memory; read this first
 *	meta.c		where in the file a page is
 *	resident.c	frames and page entries
 *	map.c		which pages there are
 *	swap.c		the file
 *	tree.c		what the three above keep their things in
 *	window.c	pages on being touched, by userfaultfd
 *	allowance.c	how much memory there is
 *	cgroup.c	the same as the kernel sees it
 *	work.c		a user, who verifies all that it gets
 *	pager.c		options and figures
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zobj.h>

#include "allowance.h"
#include "cgroup.h"
#include "map.h"
#include "meta.h"
#include "paging.h"
#include "resident.h"
#include "swap.h"
#include "window.h"
#include "work.h"

#define LEN(a) (sizeof (a) / sizeof (*(a)))

static const char *const orders[] = {
	[ORDER_RANDOM] = "random",
	[ORDER_SEQUENTIAL] = "sequential",
	[ORDER_STRIDE] = "stride"
};
static const char *const limits[] = {
	[ALLOW_DATA] = "data",
	[ALLOW_ADDRESSES] = "as"
};

/* The cgroup holds more than what is allowed: program, page tables, cache. */
enum { CGROUP_MIB = 8 };

struct plan {
	struct work	 work;
	enum allowance	 by;
	size_t		 mib;		/* allowance */
	size_t		 reserve;	/* blocks */
	bool		 faults, cgroup, check;
};

static const struct phase {
	const char	*name;
	uint64_t	(*run)(void);
} phases[] = {
	{ "fill", work_fill },
	{ "use", work_use },
	{ "cut", work_cut },
	{ "mend", work_mend },
	{ "verify", work_verify },
};

static void
tell_plan(const struct plan *plan)
{
	printf("%" PRIu64 " pages of %zu KiB, %.1f MiB, in %zu MiB of memory "
	    "by %s, in %s order, seed %" PRIu64 "\n"
	    "reserve: %zu of the blocks that hold swap metadata\n\n"
	    "%-8s%9s%9s%9s%9s%9s%8s%7s%9s\n", plan->work.pages,
	    page_size / 1024, (double)(plan->work.pages * page_size) / 1048576,
	    plan->mib, allowance_name(plan->by),
	    orders[plan->work.order], plan->work.seed,
	    plan->reserve, "phase", "touches", "written", "read", "resident",
	    "in swap", "blocks", "maps", "reserve");
}

/* A row: the first three are of this phase, the last is the most so far. */
static void
tell(const char *name, uint64_t touches)
{
	static uint64_t written, read;

	printf("%-8s%9" PRIu64 "%9" PRIu64 "%9" PRIu64 "%9zu%9zu%8zu%7zu%9zu\n",
	    name, touches, swap_writes() - written, swap_reads() - read,
	    resident_count(), swap_used(), meta_blocks(), map_count(),
	    meta_worst());
	fflush(stdout);
	written = swap_writes();
	read = swap_reads();
}

static void
open_window(struct plan *plan)
{
	plan->work.window = window_open(plan->work.pages);
	if (plan->work.window == NULL)
		printf("no userfaultfd here (%s): pages are pinned instead\n",
		    strerror(errno));
	else
		window_serve();
}

/* What is not of the allowance first: the user's own, threads, buffers. */
static void
start(struct plan *plan)
{
	static char buffer[4096];

	setvbuf(stdout, buffer, _IOLBF, sizeof (buffer));
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	if (plan->cgroup)
		cgroup_enter((plan->mib + CGROUP_MIB) << 20);
	if (plan->faults)
		open_window(plan);
	work_start(&plan->work);
	swap_open(plan->work.pages, page_size);
	allowance_set(plan->by, plan->mib << 20);
	resident_start();
	map_start();
	meta_start(plan->reserve);
	paging_start(plan->work.window);
	if (!map_add(0, plan->work.pages))
		err(1, "cannot map the pages");
}

static void
usage(FILE *to)
{
	fputs(
"usage: pager [--pages N] [--memory MIB] [--reserve N] [--by data|as]\n"
"             [--order random|sequential|stride] [--rounds N] [--seed N]\n"
"             [--faults] [--cgroup] [--check]\n"
"Keep more pages than fit into memory, by way of a swap file in TMPDIR, whose\n"
"metadata has to be allocated when memory is out.\n"
"\n"
"  -p, --pages N     pages of the user (16384)\n"
"  -m, --memory MIB  what frames and metadata may take (16)\n"
"  -r, --reserve N   blocks of swap metadata kept back for eviction (16);\n"
"                    0: none, and the pager gets stuck\n"
"  -b, --by LIMIT    which limit there is: data (RLIMIT_DATA) or as (RLIMIT_AS)\n"
"  -o, --order HOW   random (the default), sequential, or stride: neighbours in\n"
"                    time share no block of metadata\n"
"  -n, --rounds N    use every page N times, on average (3)\n"
"  -s, --seed N      of order and contents (1)\n"
"  -f, --faults      let the user touch pages, by userfaultfd where allowed,\n"
"                    rather than pin them\n"
"  -g, --cgroup      in a cgroup that kills who takes more, where allowed\n"
"  -c, --check       verify the allocator itself after each phase\n"
"  -h, --help        show this\n"
"\n"
"Exit status: 0 all done and every page verified, 1 failed, 2 wrong usage.\n",
	    to);
}

static size_t
number(const char *s, size_t least, size_t most)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(s, &end, 10);
	if (*s < '0' || *s > '9' || *end != '\0' || errno != 0 ||
	    n < least || n > most)
		errx(2, "'%s' is not a number from %zu to %zu", s, least, most);
	return (n);
}

static unsigned
choice(const char *s, const char *const *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(s, words[i]) == 0)
			return (i);
	errx(2, "'%s' is not among the choices; see --help", s);
}

static void
parse(int argc, char **argv, struct plan *plan)
{
	static const struct option options[] = {
		{ "pages",	required_argument,	NULL, 'p' },
		{ "memory",	required_argument,	NULL, 'm' },
		{ "reserve",	required_argument,	NULL, 'r' },
		{ "by",		required_argument,	NULL, 'b' },
		{ "order",	required_argument,	NULL, 'o' },
		{ "rounds",	required_argument,	NULL, 'n' },
		{ "seed",	required_argument,	NULL, 's' },
		{ "faults",	no_argument,		NULL, 'f' },
		{ "cgroup",	no_argument,		NULL, 'g' },
		{ "check",	no_argument,		NULL, 'c' },
		{ "help",	no_argument,		NULL, 'h' },
		{ NULL,		0,			NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "p:m:r:b:o:n:s:fgch", options,
	    NULL)) != -1)
		switch (c) {
		case 'p': plan->work.pages = number(optarg, 1, 1 << 24); break;
		case 'm': plan->mib = number(optarg, 8, 1 << 20); break;
		case 'r': plan->reserve = number(optarg, 0, 1 << 16); break;
		case 'b': plan->by = choice(optarg, limits, LEN(limits)); break;
		case 'o': plan->work.order = choice(optarg, orders,
			LEN(orders)); break;
		case 'n': plan->work.rounds = number(optarg, 0, 1 << 20); break;
		case 's': plan->work.seed = number(optarg, 0, SIZE_MAX); break;
		case 'f': plan->faults = true; break;
		case 'g': plan->cgroup = true; break;
		case 'c': plan->check = true; break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	if (optind < argc) {
		usage(stderr);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	struct plan plan = { .work = { .pages = 16384, .seed = 1, .rounds = 3 },
	    .by = ALLOW_DATA, .mib = 16, .reserve = BANK_FRAMES };

	parse(argc, argv, &plan);
	start(&plan);
	tell_plan(&plan);
	for (size_t i = 0; i < LEN(phases); i++) {
		tell(phases[i].name, phases[i].run());
		if (plan.check)
			zone_check_all();
	}
	printf("\nevery page is as it was written\n\n");
	fflush(stdout);
	if (zone_report(STDOUT_FILENO, ZONE_TEXT) != 0)
		err(1, "zone_report");
	return (0);
}
