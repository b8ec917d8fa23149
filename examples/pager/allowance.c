/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * allowance.c - see allowance.h.  To be set before a zone is first used: the
 * library reserves addresses then, and under RLIMIT_AS fewer of them.
 */
#include "allowance.h"

#include <sys/resource.h>

#include <err.h>
#include <stdio.h>

const char *
allowance_name(enum allowance how)
{
	return (how == ALLOW_DATA ? "RLIMIT_DATA" : "RLIMIT_AS");
}

/* What the kernel has counted so far, in bytes. */
static size_t
counted(enum allowance how)
{
	const char *format = how == ALLOW_DATA ? "VmData: %zu" : "VmSize: %zu";
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	size_t kib = 0;

	while (f != NULL && fgets(line, sizeof (line), f) != NULL)
		if (sscanf(line, format, &kib) == 1)
			break;
	if (f == NULL || kib == 0)
		errx(1, "cannot find the size of the process in "
		    "/proc/self/status");
	fclose(f);
	return (kib * 1024);
}

void
allowance_set(enum allowance how, size_t bytes)
{
	int which = how == ALLOW_DATA ? RLIMIT_DATA : RLIMIT_AS;
	struct rlimit limit;

	if (getrlimit(which, &limit) != 0)
		err(1, "getrlimit");
	limit.rlim_cur = counted(how) + bytes;
	if (limit.rlim_cur > limit.rlim_max)
		errx(1, "%s is lower already", allowance_name(how));
	if (setrlimit(which, &limit) != 0)
		err(1, "setrlimit");
}
