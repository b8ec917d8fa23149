/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-namecache.c - zfrag-namecache: the name cache of examples/ as a load.
 *
 * The cache is filled with made-up names, a random half of them goes, nothing
 * happens for two seconds, other names come, and all of it is destroyed.  Each
 * name is three objects.
 *
 * With --zones they come from zones, if this program runs on libzobj; under
 * another allocator, and without the option, from malloc.
 */
#include <sys/stat.h>

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include <zobj.h>

#include "load.h"
#include "nc-cache.h"

#define NAMES		350000	/* at scale 1 */
#define PER_DIRECTORY	64
#define IDLE_SECONDS	2
#define PATH_SIZE	320

struct names {
	uint32_t count;
	uint64_t seed;
	unsigned generation;	/* later names are others */
	int64_t	 live;
};

/* The bits that are the same for a name whenever they are asked for. */
static uint64_t
bits_of(const struct names *n, uint32_t i)
{
	struct rng r = { n->seed + i };

	return (rng_next(&r));
}

/* Directories come before what is in them, and stay. */
static bool
is_directory(uint32_t i)
{
	return (i % PER_DIRECTORY == 0);
}

static bool
goes(const struct names *n, uint32_t i)
{
	return (!is_directory(i) && bits_of(n, i) % 2 == 0);
}

/* Path of the Ith name; returns the length of its last component. */
static size_t
make_path(const struct names *n, uint32_t i, char *path)
{
	static const char letters[] = "the_name_of_a_file_is_as_long_as_it_is";
	int directory = snprintf(path, PATH_SIZE, "dir%u",
	    i / PER_DIRECTORY);
	int some = bits_of(n, i + n->generation) >> 8 &
	    (bits_of(n, i) % 8 == 0 ? 127 : 31);

	if (is_directory(i))
		return (directory);
	return (snprintf(path + directory, PATH_SIZE - directory,
	    "/%u%.*s%.*s%.*s", i, some, letters, some / 2, letters, some / 4,
	    letters) - 1);
}

static void
change_live(struct names *n, int64_t bytes)
{
	n->live += bytes;
	report_live(bytes);
}

static int64_t
bytes_of(size_t length)
{
	return (sizeof (struct vnode) + sizeof (struct entry) + length + 1);
}

/* Of the hash table, as cache_start makes it. */
static int64_t
table_bytes(const struct names *n)
{
	size_t size = 1024;

	while (size < n->count)
		size *= 2;
	return (size * sizeof (struct entry *));
}

static void
enter(struct names *n, uint32_t i)
{
	struct stat st = { .st_ino = i };
	char path[PATH_SIZE];
	size_t length = make_path(n, i, path);

	cache_enter(path, &st);
	change_live(n, bytes_of(length));
}

static void
leave(struct names *n, uint32_t i)
{
	char path[PATH_SIZE];
	size_t length = make_path(n, i, path);
	struct entry *e = cache_unlink(path);

	if (e->vnode->st.st_ino != i)
		die("a vnode has been overwritten");
	cache_free(e);
	change_live(n, -bytes_of(length));
}

/* Call DO for those that go, not in the order in which they came. */
static void
each_that_goes(struct names *n, void (*each)(struct names *, uint32_t))
{
	const uint32_t step = 1000003;	/* a prime: every name's turn comes */

	for (uint32_t k = 0; k < n->count; k++) {
		uint32_t i = (uint64_t)k * step % n->count;

		if (goes(n, i))
			each(n, i);
	}
}

static void
run(struct names *n)
{
	struct stat root = { .st_ino = 0 };

	cache_start(n->count, &root);
	change_live(n, table_bytes(n) + bytes_of(0));
	for (uint32_t i = 0; i < n->count; i++)
		enter(n, i);
	report_phase("peak");
	each_that_goes(n, leave);
	report_phase("freed");
	report_idle(IDLE_SECONDS);
	n->generation++;
	each_that_goes(n, enter);
	report_phase("refill");
	cache_end();
	change_live(n, -n->live);
	report_phase("destroyed");
}

/* Is malloc that of libzobj? */
static bool
runs_on_zobj(void)
{
	void *p = malloc(1);
	bool is = zone_of(p) != NULL;

	free(p);
	return (is);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed",	required_argument,	NULL, 's' },
		{ "scale",	required_argument,	NULL, 'f' },
		{ "zones",	no_argument,		NULL, 'z' },
		{ NULL,		0,			NULL, 0 }
	};
	struct names names = { .seed = 1 };
	double scale = 1;
	bool zones = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 's': names.seed = strtoull(optarg, NULL, 0); break;
		case 'f': scale = strtod(optarg, NULL); break;
		case 'z': zones = true; break;
		default: optind = argc + 1;
		}
	if (optind != argc || !(scale > 0 && scale <= 1000))
		die("usage: zfrag-namecache [--seed N] [--scale F] [--zones]");
	names.count = 2 + NAMES * scale;
	use_malloc = !zones || !runs_on_zobj();
	report_open();
	run(&names);
	return (0);
}
