/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits.c - zones in processes that may not have much: of address space, of
 * data, of mappings, of memory.  They start, they fail with ENOMEM when there
 * is no more and with nothing else, and go on when there is something again.
 * Each case is a process of its own.
 */
#include "fault.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <zobj.h>

enum { CANNOT_RUN = 77, MOST = 600000, MOST_MAPPINGS = 200000 };

static size_t *objs[MOST];

/* Take objects until there are no more, or N; how many that were. */
static size_t
use_up(zone_t *z, size_t n)
{
	size_t i = 0;

	while (i < n && (objs[i] = zone_alloc(z, 0)) != NULL) {
		*objs[i] = i;
		i++;
	}
	MUST(i == n || errno == ENOMEM);
	for (size_t k = 0; k < i; k++)
		MUST(*objs[k] == k);
	MUST(zone_check_all() == 0);
	return i;
}

static void
give_back(zone_t *z, size_t n)
{
	zone_free_n(z, (void *const *)objs, n);
}

/* ---- address space and data ---- */

static void
set_soft(int what, rlim_t bytes)
{
	struct rlimit rl;

	MUST(getrlimit(what, &rl) == 0);
	rl.rlim_cur = bytes;
	MUST(setrlimit(what, &rl) == 0);
}

/*
 * With so little not even a zone can be made, perhaps.  Otherwise most of what
 * is allowed can be had, given back, had again; and more without the limit.
 */
static void
under(int what, size_t limit)
{
	size_t n, size = 1000;
	zone_t *z;

	set_soft(what, limit);
	z = zone_create("z", size, NULL);
	MUST(z != NULL || errno == ENOMEM);
	n = z != NULL ? use_up(z, MOST) : 0;
	MUST(n < MOST);
	/* The program itself has some of it. */
	MUST(limit < 64 * MIB || n * size > limit / 4);
	if (n > 0) {
		give_back(z, n);
		MUST(use_up(z, MOST) >= n - n / 10);
		give_back(z, n);
		MUST(zone_create("other", 300, NULL) != NULL);
	}
	set_soft(what, RLIM_INFINITY);
	if (z == NULL)
		z = zone_create("z", size, NULL);
	MUST(z != NULL);
	MUST(use_up(z, n + 20000) == n + 20000);
}

static void
small_address_space(size_t limit)
{
	under(RLIMIT_AS, limit);
}

static void
small_data(size_t limit)
{
	under(RLIMIT_DATA, limit);
}

/* ---- mappings ---- */

static size_t page;
static char *splinters;
static size_t splinter_pages;

/* As many mappings as the system allows, SPARE of them then given up. */
static void
use_up_mappings(size_t spare)
{
	size_t i = 1;

	page = (size_t)sysconf(_SC_PAGESIZE);
	splinter_pages = 2 * MOST_MAPPINGS;
	splinters = mmap(NULL, splinter_pages * page, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	MUST(splinters != MAP_FAILED);
	while (i + 1 < splinter_pages &&
	    mprotect(splinters + i * page, page, PROT_READ) == 0)
		i += 2;
	if (i + 1 >= splinter_pages) {
		dprintf(1, "skipped: too many mappings are allowed\n");
		exit(CANNOT_RUN);
	}
	MUST(errno == ENOMEM);
	for (size_t k = 0; k < spare; k += 2)
		MUST(mprotect(splinters + (i -= 2) * page, page,
		    PROT_NONE) == 0);
}

static void
give_mappings(void)
{
	MUST(munmap(splinters, splinter_pages * page) == 0);
}

/* The library starts when there are SPARE mappings left. */
static void
start_with_few_mappings(size_t spare)
{
	zone_t *z;
	size_t n = 0;

	use_up_mappings(spare);
	z = zone_create("z", 1000, NULL);
	MUST(z != NULL || errno == ENOMEM);
	/* An arena, its usable part in the middle, and one for the system. */
	MUST(z != NULL || spare < 4);
	if (z != NULL)
		n = use_up(z, 50000);
	MUST(spare < 4 || n == 50000);
	give_mappings();
	if (z == NULL)
		z = zone_create("z", 1000, NULL);
	MUST(z != NULL);
	give_back(z, n);
	MUST(use_up(z, 100000) == 100000);
}

/* What has started goes on without any: growing, shrinking, threads of ours. */
static void
go_on_without_mappings(size_t unused)
{
	zone_t *z = zone_create("z", 1000, NULL), *large, *huge;
	void *p;

	(void)unused;
	MUST(z != NULL);
	give_back(z, use_up(z, 10));
	use_up_mappings(0);
	for (int i = 0; i < 3; i++) {
		MUST(use_up(z, 100000) == 100000);
		give_back(z, 100000);
		MUST(zone_trim(NULL, ZONE_TRIM_CACHES) > MIB);
	}
	large = zone_create("large", MIB, NULL);
	huge = zone_create("huge", 1024, &(struct zone_attr){
	    .attr_size = sizeof (struct zone_attr), .flags = ZONE_HUGE });
	MUST(large != NULL && huge != NULL);
	MUST((p = zone_alloc(large, ZONE_ZERO)) != NULL && is_zero(p, MIB));
	MUST((p = zone_alloc(huge, 0)) != NULL);
	MUST(zone_destroy(large, ZONE_NOW) == 0);
	MUST(zone_destroy(huge, ZONE_NOW) == 0);
	MUST(use_up(z, 100000) == 100000);
}

/* ---- memory ---- */

/* The directory of our group of the memory controller; false: none. */
static bool
find_group(char *path, size_t size, const char **file)
{
	char line[400], *at;
	FILE *f = fopen("/proc/self/cgroup", "r");
	bool found = false;

	while (f != NULL && !found && fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if ((at = strstr(line, ":memory:")) != NULL) {
			snprintf(path, size, "/sys/fs/cgroup/memory%s", at + 8);
			*file = "memory.limit_in_bytes";
			found = true;
		} else if (strncmp(line, "0::", 3) == 0) {
			snprintf(path, size, "/sys/fs/cgroup%s", line + 3);
			*file = "memory.max";
			found = access(path, W_OK) == 0;
		}
	}
	if (f != NULL)
		fclose(f);
	return found;
}

static bool
write_number(const char *directory, const char *file, size_t n)
{
	char path[600], text[32];
	int fd, length = snprintf(text, sizeof text, "%zu", n);
	bool done;

	snprintf(path, sizeof path, "%s/%s", directory, file);
	fd = open(path, O_WRONLY);
	done = fd >= 0 && write(fd, text, (size_t)length) == length;
	if (fd >= 0)
		close(fd);
	return done;
}

/*
 * In a group that may have LIMIT there is no ENOMEM: who takes more is killed.
 * So nothing that is free may stay in the way: one zone after the other has
 * most of it, and what they held would be many times the limit.
 */
static void
take_turns(size_t limit)
{
	static const size_t sizes[] = { 64, 200, 1000, 3000, 20000, 100000 };

	for (size_t i = 0; i < 2 * LEN(sizes); i++) {
		size_t size = sizes[i % LEN(sizes)], n = limit / 2 / size;
		zone_t *z = zone_create("turn", size, NULL);

		MUST(z != NULL);
		MUST(use_up(z, n) == n);
		for (size_t k = 0; k < n; k++)
			memset(objs[k], 1, size);
		give_back(z, n);
	}
}

static void
small_group(size_t limit)
{
	char path[500];
	const char *file;
	size_t length;
	int status = 0;
	bool can;
	pid_t pid;

	can = find_group(path, sizeof path, &file);
	length = can ? strlen(path) : 0;
	snprintf(path + length, sizeof path - length, "/zobj-test-%d",
	    (int)getpid());
	if (!can || mkdir(path, 0755) != 0 ||
	    !write_number(path, file, limit)) {
		dprintf(1, "skipped: no memory group can be made\n");
		(void)rmdir(path);
		exit(CANNOT_RUN);
	}
	pid = fork();
	if (pid == 0) {
		if (!write_number(path, "cgroup.procs", (size_t)getpid()))
			exit(CANNOT_RUN);
		take_turns(limit);
		exit(0);
	}
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	(void)rmdir(path);
	MUST(pid > 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_RUN) {
		dprintf(1, "skipped: a memory group takes no process\n");
		exit(CANNOT_RUN);
	}
	MUST(status == 0);
}

/* ---- all ---- */

static const struct {
	const char	*name;
	void		(*run)(size_t);
	size_t		 argument;
} cases[] = {
	{ "address space, 8 MiB", small_address_space, 8 * MIB },
	{ "address space, 16 MiB", small_address_space, 16 * MIB },
	{ "address space, 32 MiB", small_address_space, 32 * MIB },
	{ "address space, 64 MiB", small_address_space, 64 * MIB },
	{ "address space, 100 MiB", small_address_space, 100 * MIB },
	{ "address space, 400 MiB", small_address_space, 400 * MIB },
	{ "data, 1 MiB", small_data, MIB },
	{ "data, 4 MiB", small_data, 4 * MIB },
	{ "data, 16 MiB", small_data, 16 * MIB },
	{ "data, 64 MiB", small_data, 64 * MIB },
	{ "data, 300 MiB", small_data, 300 * MIB },
	{ "no mapping at start", start_with_few_mappings, 0 },
	{ "2 mappings at start", start_with_few_mappings, 2 },
	{ "4 mappings at start", start_with_few_mappings, 4 },
	{ "10 mappings at start", start_with_few_mappings, 10 },
	{ "no mapping later", go_on_without_mappings, 0 },
	{ "memory group, 64 MiB", small_group, 64 * MIB }
};

static int
run(size_t i)
{
	int status;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		cases[i].run(cases[i].argument);
		exit(0);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	dprintf(1, "%s: %s\n", cases[i].name, status == 0 ? "passed" :
	    WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_RUN ?
	    "skipped" : "FAILED");
	return status != 0 && !(WIFEXITED(status) &&
	    WEXITSTATUS(status) == CANNOT_RUN);
}

int
main(void)
{
	int failed = 0;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	dprintf(1, "skipped: a sanitizer needs more than any limit\n");
	return CANNOT_RUN;
#endif
	for (size_t i = 0; i < LEN(cases); i++)
		failed += run(i);
	return failed != 0;
}
