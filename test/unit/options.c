/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - ZOBJ_OPTIONS.  It is read once, when a program starts, so this
 * program starts itself with the environment in question and compares what
 * the other says on its two descriptors.
 */
#include "unit.h"

#include <sys/wait.h>

#include "../../lib/options.h"
#include "../../lib/os.h"

enum { TEXT_SIZE = 20000 };

static char out[TEXT_SIZE], err[TEXT_SIZE];

/* What the program that was started says: all that was parsed. */
static int
show(void)
{
	static const char *const zones[] = { "node", "nod", "malloc-16", "" };
	size_t in, seed;

	printf("abort=%d check=%d stats=%d output=%s arena=%zu helper=%zu "
	    "pressure=%zu route=%s\n", options.abort, options.check, options.stats,
	    options.output != NULL ? options.output : "-", options.arena,
	    options.helper, options.pressure,
	    options.route != NULL ? options.route : "-");
	for (size_t i = 0; i < LEN(zones); i++)
		printf("%s: limit %zu keep %zu\n", zones[i],
		    options_for_zone("limit", zones[i], 1),
		    options_for_zone("keep", zones[i], 2));
	options_fail("node", &in, &seed);
	printf("fail 1/%zu:%zu, open %d\n", in, seed,
	    os_open_append("/dev/null") >= 0);
	fflush(stdout);
	_exit(0);
}

static void
read_all(int fd, char *to)
{
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, to + n, TEXT_SIZE - 1 - n)) > 0)
		n += (size_t)got;
	to[n] = '\0';
	close(fd);
}

/* Start ourselves with VALUE (NULL: without) and keep what it writes. */
static void
run_with(const char *value)
{
	int o[2], e[2], status;
	pid_t child;

	ck_assert(pipe(o) == 0 && pipe(e) == 0);
	child = fork();
	if (child == 0) {
		dup2(o[1], 1);
		dup2(e[1], 2);
		close(o[0]);
		close(e[0]);
		unsetenv("ZOBJ_OPTIONS");
		if (value != NULL)
			setenv("ZOBJ_OPTIONS", value, 1);
		execl("/proc/self/exe", "options", "show", (char *)NULL);
		_exit(99);
	}
	close(o[1]);
	close(e[1]);
	read_all(o[0], out);
	read_all(e[0], err);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

#define FIRST		"abort=1 check=0 stats=0 output=- arena=0 helper=0 " \
			"pressure=0 route=-\n"
#define DEFAULTS	FIRST "node: limit 1 keep 2\nnod: limit 1 keep 2\n" \
	"malloc-16: limit 1 keep 2\n: limit 1 keep 2\n" \
	"fail 1/0:0, open 1\n"

/* VALUE gives FIRST_LINE and nothing is complained of. */
static void
expect(const char *value, const char *first_line)
{
	run_with(value);
	ck_assert_str_eq(err, "");
	ck_assert_uint_ge(strlen(out), strlen(first_line));
	out[strlen(first_line)] = '\0';
	ck_assert_str_eq(out, first_line);
}

/* VALUE is complained of, and changes nothing. */
static void
refuse(const char *value, const char *complaint)
{
	char expected[TEXT_SIZE];

	run_with(value);
	snprintf(expected, sizeof expected, "zobj: ZOBJ_OPTIONS: %s\n",
	    complaint);
	ck_assert_str_eq(err, expected);
	ck_assert_str_eq(out, DEFAULTS);
}

START_TEST(nothing)
{
	expect(NULL, DEFAULTS);
	expect("", DEFAULTS);
	expect(";", DEFAULTS);
	expect(";;;", DEFAULTS);
}
END_TEST

START_TEST(each_option)
{
	expect("abort=0", "abort=0 check=0 stats=0 output=- arena=0 ");
	expect("abort=1", FIRST);
	expect("check=1", "abort=1 check=1 stats=0 output=- arena=0 ");
	expect("helper=250", "abort=1 check=0 stats=0 output=- arena=0 "
	    "helper=250 pressure=0 route=-\n");
	expect("pressure=15", "abort=1 check=0 stats=0 output=- arena=0 "
	    "helper=0 pressure=15 route=-\n");
	expect("stats=text", "abort=1 check=0 stats=1 output=- ");
	expect("stats=json", "abort=1 check=0 stats=2 output=- ");
	expect("output=/a/b.%p", "abort=1 check=0 stats=0 output=/a/b.%p ");
	expect("output=a=b", "abort=1 check=0 stats=0 output=a=b ");
	expect("route=1-1024,4096", "abort=1 check=0 stats=0 output=- "
	    "arena=0 helper=0 pressure=0 route=1-1024,4096\n");
	expect("route=16", "abort=1 check=0 stats=0 output=- arena=0 helper=0 "
	    "pressure=0 route=16\n");
	expect("route=1-1K,4k-1M", "abort=1 check=0 stats=0 output=- arena=0 "
	    "helper=0 pressure=0 route=1-1K,4k-1M\n");
}
END_TEST

START_TEST(sizes)
{
	static const struct { const char *text; size_t n; } sizes[] = {
		{ "0", 0 }, { "1", 1 }, { "65536", 65536 }, { "64K", 65536 },
		{ "64k", 65536 }, { "3M", 3 * MIB }, { "2G", 2048 * MIB },
		{ "1t", MIB * MIB }, { "16777215T", 16777215 * MIB * MIB },
		{ "18446744073709551615", SIZE_MAX }
	};

	for (size_t i = 0; i < LEN(sizes); i++) {
		char value[100], line[200];

		snprintf(value, sizeof value, "arena=%s", sizes[i].text);
		snprintf(line, sizeof line, "abort=1 check=0 stats=0 output=- "
		    "arena=%zu helper=0 pressure=0 route=-\n", sizes[i].n);
		expect(value, line);
	}
}
END_TEST

START_TEST(together)
{
	expect("abort=0;check=1;stats=json;output=x;arena=1G",
	    "abort=0 check=1 stats=2 output=x arena=1073741824 helper=0 "
	    "pressure=0 route=-\n");
	expect(";abort=0;;check=1;", "abort=0 check=1 stats=0 ");
	expect("abort=0;abort=1", FIRST);
}
END_TEST

START_TEST(by_zone)
{
	expect("limit=node:10;keep=node:20", FIRST "node: limit 10 keep 20\n"
	    "nod: limit 1 keep 2\nmalloc-16: limit 1 keep 2\n");
	expect("limit=*:7", FIRST "node: limit 7 keep 2\n"
	    "nod: limit 7 keep 2\nmalloc-16: limit 7 keep 2\n"
	    ": limit 7 keep 2\n");
	expect("limit=no?:3;keep=*-*:4K", FIRST "node: limit 1 keep 2\n"
	    "nod: limit 3 keep 2\nmalloc-16: limit 1 keep 4096\n");
	/* The last that matches counts. */
	expect("limit=*:7;limit=node:8", FIRST "node: limit 8 keep 2\n"
	    "nod: limit 7 ");
	expect("limit=node:8;limit=*:7", FIRST "node: limit 7 keep 2\n");
	expect("limit=*o*e:5;limit=n*:6;limit=*d:9", FIRST
	    "node: limit 6 keep 2\nnod: limit 9 keep 2\n");
	expect("limit=a:b:5", DEFAULTS);
}
END_TEST

/* Plans to fail: zone "node", and the first open. */
START_TEST(failures)
{
	static const struct { const char *text; size_t in, seed; bool opens; }
	cases[] = {
		{ "fail=count", 0, 0, true }, { "fail=1", 0, 0, false },
		{ "fail=2", 0, 0, true }, { "fail=1+", 0, 0, false },
		{ "fail=1@open", 0, 0, false }, { "fail=1@write", 0, 0, true },
		{ "fail=1+@open;fail=7", 0, 0, false },
		{ "fail=1/5@node", 5, 0, true }, { "fail=1/5@*", 5, 0, true },
		{ "fail=1/5@nod", 0, 0, true },
		{ "fail=1/5:77@n*", 5, 77, true },
		{ "fail=1/1K:3@*;fail=1/6@x", 1024, 3, true },
		{ "fail=1/5@*;fail=1/6:1@n*;fail=1@open", 6, 1, false }
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		char line[100];

		run_with(cases[i].text);
		ck_assert_str_eq(err, "");
		snprintf(line, sizeof line, "fail 1/%zu:%zu, open %d\n",
		    cases[i].in, cases[i].seed, cases[i].opens);
		ck_assert_ptr_nonnull(strstr(out, line));
	}
}
END_TEST

START_TEST(unknown)
{
	refuse("x=1", "unknown option \"x\"");
	refuse("nonsense", "unknown option \"nonsense\"");
	refuse("Abort=0", "unknown option \"Abort\"");
	refuse("abort =0", "unknown option \"abort \"");
	refuse("=1", "unknown option \"\"");
}
END_TEST

START_TEST(bad_values)
{
	static const char *const bad[][2] = {
		{ "abort", "" }, { "abort", "2" }, { "abort", "yes" },
		{ "abort", "01" }, { "check", "-1" }, { "stats", "xml" },
		{ "stats", "" }, { "output", "" }, { "arena", "" },
		{ "arena", "x" }, { "arena", "5X" }, { "arena", "1KK" },
		{ "arena", "-1" }, { "arena", " 1" }, { "arena", "1 " },
		{ "arena", "18446744073709551616" },
		{ "arena", "16777216T" }, { "arena", "99999999999G" },
		{ "limit", "node" }, { "limit", "node:" },
		{ "limit", "node:x" }, { "limit", ":5" }, { "limit", "" },
		{ "pressure", "101" }, { "pressure", "" }, { "pressure", "5%" },
		{ "keep", "node:1Z" }, { "route", "" }, { "route", "a" },
		{ "route", "5-3" }, { "route", "1-" }, { "route", "1-2-3" },
		{ "route", "1," }, { "route", ",1" },
		{ "fail", "" }, { "fail", "0" }, { "fail", "x" },
		{ "fail", "5-" }, { "fail", "+" }, { "fail", "5++" },
		{ "fail", "5@" }, { "fail", "5@x" }, { "fail", "@purge" },
		{ "fail", "5+@purges" }, { "fail", "1/5" }, { "fail", "1/5@" },
		{ "fail", "1/0@z" }, { "fail", "2/5@z" }, { "fail", "1/5:@z" },
		{ "fail", "1/5:x@z" }, { "fail", "1/x@z" }, { "fail", "counts" },
		{ "route", "1;" }
	};

	for (size_t i = 0; i + 1 < LEN(bad); i++) {
		char value[100], complaint[200];

		snprintf(value, sizeof value, "%s=%s", bad[i][0], bad[i][1]);
		snprintf(complaint, sizeof complaint, "bad value \"%s\" for "
		    "option \"%s\"", bad[i][1], bad[i][0]);
		refuse(value, complaint);
	}
	refuse("abort", "bad value \"\" for option \"abort\"");
}
END_TEST

/* What is wrong is skipped, the rest counts. */
START_TEST(good_beside_bad)
{
	run_with("abort=0;x=1;stats=9;check=1");
	ck_assert_str_eq(err, "zobj: ZOBJ_OPTIONS: unknown option \"x\"\n"
	    "zobj: ZOBJ_OPTIONS: bad value \"9\" for option \"stats\"\n");
	ck_assert(strncmp(out, "abort=0 check=1 stats=0 ", 24) == 0);
}
END_TEST

START_TEST(too_much)
{
	static char value[10000];

	memset(value, 'x', 5000);
	run_with(value);
	ck_assert(strncmp(err, "zobj: ZOBJ_OPTIONS: ", 20) == 0);
	ck_assert_str_eq(out, DEFAULTS);
	value[0] = '\0';
	for (int i = 0; i < 100; i++)
		strcat(value, "limit=a*:5;");
	run_with(value);
	ck_assert(strncmp(err, "zobj: ZOBJ_OPTIONS: ", 20) == 0);
	ck_assert_str_eq(out, DEFAULTS);
}
END_TEST

START_TEST(numbers)
{
	const char *text = "12,34K-5";
	size_t n = 0;

	ck_assert(options_number(&text, &n));
	ck_assert_uint_eq(n, 12);
	ck_assert_str_eq(text, ",34K-5");
	text++;
	ck_assert(options_number(&text, &n));
	ck_assert_uint_eq(n, 34 * KIB);
	ck_assert_str_eq(text, "-5");
	ck_assert(!options_number(&text, &n));
	ck_assert_uint_eq(n, 34 * KIB);
	ck_assert_str_eq(text, "-5");
}
END_TEST

int
main(int argc, char **argv)
{
	const TTest *const tests[] = {
		nothing, each_option, sizes, together, by_zone, failures,
		unknown, bad_values, good_beside_bad, too_much, numbers
	};

	if (argc > 1 && strcmp(argv[1], "show") == 0)
		return show();
	return api_run("options", tests, LEN(tests));
}
