/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.c - what the kernel says in files is understood, in files of ours.
 */
#include "unit.h"

#include <sys/stat.h>

#include "../../lib/options.h"
#include "../../lib/os.h"
#include "../../lib/watch.h"

static char root[64];
static uint64_t now = 1000000;

/* A file below the root; TEXT NULL: there is none. */
static void
put(const char *path, const char *text)
{
	char name[300];
	FILE *f;

	snprintf(name, sizeof name, "%s%s", root, path);
	if (text == NULL) {
		(void)unlink(name);
		return;
	}
	for (char *p = name + strlen(root) + 1; (p = strchr(p, '/')) != NULL;
	    p++) {
		*p = '\0';
		(void)mkdir(name, 0700);
		*p = '/';
	}
	f = fopen(name, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void
remove_root(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -rf '%s'", root);
	ck_assert_int_eq(system(command), 0);
}

static void
make_root(void)
{
	strcpy(root, "/tmp/zobj-watch-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	watch_root = root;
	options.pressure = 10;
}

/* Long after the last time. */
static bool
is_tight(void)
{
	now += 60000;
	return watch_is_tight(now);
}

static const char *
psi(const char *some)
{
	static char text[200];

	snprintf(text, sizeof text,
	    "some avg10=%s avg60=90.00 avg300=90.00 total=123456\n"
	    "full avg10=90.00 avg60=90.00 avg300=90.00 total=123456\n", some);
	return text;
}

START_TEST(no_files)
{
	make_root();
	errno = EXDEV;
	ck_assert(!is_tight());
	ck_assert_int_eq(errno, EXDEV);
	remove_root();
}
END_TEST

START_TEST(stalls_of_the_system)
{
	static const struct { const char *some; bool tight; } cases[] = {
		{ "0.00", false }, { "9.99", false }, { "10.00", true },
		{ "55.12", true }, { "100.00", true }, { "x", false },
		{ "", false }
	};

	make_root();
	for (size_t i = 0; i < LEN(cases); i++) {
		put("/proc/pressure/memory", psi(cases[i].some));
		ck_assert_int_eq(is_tight(), cases[i].tight);
	}
	put("/proc/pressure/memory", psi("50.00"));
	options.pressure = 0;
	ck_assert(!is_tight());
	options.pressure = 50;
	ck_assert(is_tight());
	remove_root();
}
END_TEST

#define GROUP	"/sys/fs/cgroup/a.slice/b c/"

START_TEST(stalls_of_the_group)
{
	make_root();
	put("/proc/pressure/memory", psi("0.00"));
	put("/proc/self/cgroup", "1:name=systemd:/x\n0::/a.slice/b c\n");
	put(GROUP "memory.current", "1000\n");
	put(GROUP "memory.pressure", psi("9.00"));
	ck_assert(!is_tight());
	put(GROUP "memory.pressure", psi("11.00"));
	ck_assert(is_tight());
	/* The path of the host says nothing here: the root is ours. */
	put("/proc/self/cgroup", "0::/elsewhere\n");
	ck_assert(!is_tight());
	put("/sys/fs/cgroup/memory.pressure", psi("11.00"));
	ck_assert(is_tight());
	put("/proc/self/cgroup", "3:cpu:/a.slice/b c\n");
	ck_assert(!is_tight());
	remove_root();
}
END_TEST

START_TEST(near_the_bound)
{
	static const struct { const char *high, *max, *current; bool tight; }
	cases[] = {
		{ "max\n", "max\n", "18446744073709551615\n", false },
		{ "1600\n", "max\n", "1499\n", false },
		{ "1600\n", "max\n", "1500\n", true },
		{ "1600\n", "3200\n", "9999\n", true },
		{ "max\n", "3200\n", "2999\n", false },
		{ "max\n", "3200\n", "3000\n", true },
		{ NULL, NULL, "3000\n", false },
		{ "1600\n", NULL, NULL, false }
	};

	make_root();
	put("/proc/self/cgroup", "0::/a.slice/b c\n");
	for (size_t i = 0; i < LEN(cases); i++) {
		put(GROUP "memory.high", cases[i].high);
		put(GROUP "memory.max", cases[i].max);
		put(GROUP "memory.current", cases[i].current);
		ck_assert_int_eq(is_tight(), cases[i].tight);
	}
	remove_root();
}
END_TEST

/* It is growth that counts, not what was before we looked. */
START_TEST(held_up)
{
	make_root();
	put("/proc/self/cgroup", "0::/a.slice/b c\n");
	put(GROUP "memory.current", "1\n");
	put(GROUP "memory.events", "low 5\nhigh 70\nmax 9\noom 1\n");
	ck_assert(!is_tight());
	ck_assert(!is_tight());
	put(GROUP "memory.events", "low 6\nhigh 71\nmax 9\noom 1\n");
	ck_assert(is_tight());
	ck_assert(!is_tight());
	put(GROUP "memory.events", "low 6\nswap.high 99\nhigh 71\n");
	ck_assert(!is_tight());
	put(GROUP "memory.events", "low 6\nhigh 1000\n");
	ck_assert(is_tight());
	remove_root();
}
END_TEST

START_TEST(not_too_often)
{
	make_root();
	put("/proc/pressure/memory", psi("0.00"));
	ck_assert(!is_tight());
	put("/proc/pressure/memory", psi("90.00"));
	now += WATCH_LOOK_MS - 1;
	ck_assert(!watch_is_tight(now));
	now += 1;
	ck_assert(watch_is_tight(now));
	now += WATCH_REST_MS - 1;
	ck_assert(!watch_is_tight(now));
	now += WATCH_LOOK_MS;
	ck_assert(watch_is_tight(now));
	remove_root();
}
END_TEST

START_TEST(odd_files)
{
	static char large[70000];

	make_root();
	memset(large, 'x', sizeof large - 1);
	put("/proc/pressure/memory", large);
	put("/proc/self/cgroup", large);
	ck_assert(!is_tight());
	put("/proc/self/cgroup", "0::");
	ck_assert(!is_tight());
	put("/proc/self/cgroup", "0::/no-end");
	ck_assert(!is_tight());
	/* A path that is too long. */
	memset(large, 'y', 1500);
	memcpy(large, "0::/", 4);
	strcpy(large + 1500, "\n");
	put("/proc/self/cgroup", large);
	ck_assert(!is_tight());
	remove_root();
}
END_TEST

RUN_TESTS("watch", no_files, stalls_of_the_system, stalls_of_the_group,
    near_the_bound, held_up, not_too_often, odd_files)
