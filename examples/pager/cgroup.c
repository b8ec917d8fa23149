/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cgroup.c - see cgroup.h.  A cgroup refuses no memory: it kills.  So it does
 * not take the place of a limit that refuses, but shows that what is refused
 * is what would have been too much: the group holds all memory of the pager,
 * the kernel's own for it and what is cached of the swap file included.
 */
#include "cgroup.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct kind {
	const char	*mark;		/* in /proc/self/cgroup, before a path */
	const char	*root;		/* where that path begins */
	const char	*limit, *peak;	/* files */
} kinds[] = {
	{ "0::", "/sys/fs/cgroup", "memory.max", "memory.peak" },
	{ ":memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes",
	    "memory.max_usage_in_bytes" },
};

static char group[4096];		/* directory */

static FILE *
open_file(const char *name, const char *mode)
{
	char path[sizeof (group) + 64];

	snprintf(path, sizeof (path), "%s/%s", group, name);
	return (fopen(path, mode));
}

static bool
write_number(const char *name, size_t n)
{
	FILE *f = open_file(name, "r+e");
	bool ok = f != NULL && fprintf(f, "%zu", n) > 0;

	return (f != NULL && fclose(f) == 0 && ok);
}

static size_t
read_number(const char *name)
{
	FILE *f = open_file(name, "re");
	size_t n = 0;

	if (f == NULL || fscanf(f, "%zu", &n) != 1)
		n = 0;
	if (f != NULL)
		fclose(f);
	return (n);
}

/* A group with a limit in the directory PARENT. */
static bool
make_in(const struct kind *k, const char *parent, size_t bytes)
{
	if (snprintf(group, sizeof (group), "%s/pager-%ld", parent,
	    (long)getpid()) >= (int)sizeof (group) || mkdir(group, 0755) != 0)
		return (false);
	if (write_number(k->limit, bytes))
		return (true);
	rmdir(group);
	return (false);
}

/* Below our own group, or, where groups with processes have none, beside it. */
static bool
make(const struct kind *k, size_t bytes)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[2048], parent[sizeof (line) + 64], *path = NULL, *slash;

	while (f != NULL && path == NULL && fgets(line, sizeof (line), f))
		path = strstr(line, k->mark);
	if (f != NULL)
		fclose(f);
	if (path == NULL)
		return (false);
	path[strcspn(path, "\n")] = '\0';
	snprintf(parent, sizeof (parent), "%s%s", k->root,
	    path + strlen(k->mark));
	if (make_in(k, parent, bytes))
		return (true);
	slash = strrchr(parent, '/');
	if (slash <= parent + strlen(k->root))
		return (false);
	*slash = '\0';
	return (make_in(k, parent, bytes));
}

/* In the parent, until the child has ended. */
static _Noreturn void
attend(const struct kind *k, pid_t child, size_t bytes)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			err(1, "waitpid");
	printf("cgroup: %.1f MiB at most, of %.1f MiB\n",
	    (double)read_number(k->peak) / 1048576, (double)bytes / 1048576);
	if (rmdir(group) != 0)
		warn("cannot remove %s", group);
	if (WIFSIGNALED(status))
		errx(1, "killed by signal %d%s", WTERMSIG(status),
		    WTERMSIG(status) == SIGKILL ? ": too much memory" : "");
	exit(WEXITSTATUS(status));
}

void
cgroup_enter(size_t bytes)
{
	const struct kind *k = kinds;
	pid_t child;

	while (k < kinds + 2 && !make(k, bytes))
		k++;
	if (k == kinds + 2) {
		printf("no memory cgroup can be made here: going on without\n");
		return;
	}
	fflush(stdout);
	child = fork();
	if (child < 0)
		warn("cannot start a process");
	else if (child == 0 && write_number("cgroup.procs", (size_t)getpid()))
		return;
	else if (child == 0)
		err(1, "cannot enter %s", group);
	else
		attend(k, child, bytes);
	rmdir(group);
	exit(1);
}
