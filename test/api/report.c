/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - zone_report as text and as a list of leaks; report.py reads the
 * JSON, which this program prints when it is told to.
 */
#include "api.h"

enum { TEXT_SIZE = 1 << 20 };

static char text[TEXT_SIZE];

/* What a report says. */
static const char *
report(int how)
{
	FILE *f = tmpfile();
	size_t n;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(zone_report(fileno(f), how), 0);
	rewind(f);
	n = fread(text, 1, TEXT_SIZE - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* The line that begins with NAME and a blank; NULL: none. */
static const char *
line_of(const char *in, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = in; *p != '\0'; p = strchr(p, '\n') + 1)
		if (strncmp(p, name, n) == 0 && p[n] == ' ')
			return p + n;
	return NULL;
}

static size_t
count_lines(const char *in)
{
	size_t n = 0;

	for (; *in != '\0'; in++)
		n += *in == '\n';
	return n;
}

START_TEST(bad_arguments)
{
	int fds[2];

	ASSERT_FAILS(zone_report(1, -1), -1, EINVAL);
	ASSERT_FAILS(zone_report(1, 3), -1, EINVAL);
	ASSERT_FAILS(zone_report(-1, ZONE_TEXT), -1, EBADF);
	(void)take(make("x", 8, NULL));
	ASSERT_FAILS(zone_report(12345, ZONE_JSON), -1, EBADF);
	ASSERT_FAILS(zone_report(12345, ZONE_LEAKS), -1, EBADF);
	ck_assert_int_eq(pipe(fds), 0);
	ASSERT_FAILS(zone_report(fds[0], ZONE_TEXT), -1, EBADF);
}
END_TEST

START_TEST(full_disk)
{
	int fd = open("/dev/full", O_WRONLY);

	ck_assert_int_ge(fd, 0);
	(void)take(make("x", 8, NULL));
	ASSERT_FAILS(zone_report(fd, ZONE_TEXT), -1, ENOSPC);
	ASSERT_FAILS(zone_report(fd, ZONE_JSON), -1, ENOSPC);
	ASSERT_FAILS(zone_report(fd, ZONE_LEAKS), -1, ENOSPC);
}
END_TEST

START_TEST(success_keeps_errno)
{
	errno = EXDEV;
	(void)report(ZONE_TEXT);
	(void)report(ZONE_JSON);
	errno = EXDEV;
	ck_assert_int_eq(zone_check_all(), 0);
	zone_trim(NULL, ZONE_TRIM_CACHES);
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

START_TEST(text_without_zones)
{
	const char *t = report(ZONE_TEXT);

	ck_assert(strncmp(t, "zone ", 5) == 0);
	ck_assert_ptr_nonnull(line_of(t, "total"));
	ck_assert_ptr_nonnull(line_of(t, "explained"));
	ck_assert_uint_eq(count_lines(t), 3);
}
END_TEST

START_TEST(text_heading)
{
	static const char heading[] = "zone                               size"
	    "     live     peak  slabs   rss live% cache share  held given\n";

	ck_assert(strncmp(report(ZONE_TEXT), heading, strlen(heading)) == 0);
}
END_TEST

START_TEST(text_figures)
{
	zone_t *z = make("figures", 1000, NULL);
	unsigned long size, live, peak, slabs, resident, percent, cached;
	struct zone_stats st;
	void *objs[300];
	const char *line;

	take_all(z, objs, 300);
	for (int i = 0; i < 300; i++)
		memset(objs[i], 1, 1000);
	(void)report(ZONE_TEXT);
	zone_free_n(z, objs, 100);
	line = line_of(report(ZONE_TEXT), "figures");
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(sscanf(line, "%lu %lu %lu %lu %luK %lu%% %luK", &size,
	    &live, &peak, &slabs, &resident, &percent, &cached), 7);
	st = stats_of(z);
	ck_assert_uint_eq(size, 1000);
	ck_assert_uint_eq(live, 200);
	ck_assert_uint_eq(peak, 300);
	ck_assert_uint_eq(slabs, st.slabs);
	ck_assert_uint_eq(resident, st.bytes_resident / 1024);
	ck_assert_uint_eq(percent, (st.bytes_live * 100 +
	    st.bytes_resident / 2) / st.bytes_resident);
	ck_assert_uint_eq(cached, (st.bytes_cached + 1023) / 1024);
}
END_TEST

/* Large amounts in larger units, in as much room. */
START_TEST(text_of_large_amounts)
{
	zone_t *z = make("large", MIB, NULL);
	unsigned long size, live, peak, slabs, whole, tenth;
	void *p[12];

	take_all(z, p, LEN(p));
	for (size_t i = 0; i < LEN(p); i++)
		memset(p[i], 1, MIB);
	ck_assert_int_eq(sscanf(line_of(report(ZONE_TEXT), "large"),
	    "%lu %lu %lu %lu %lu.%luM 100%%", &size, &live, &peak, &slabs,
	    &whole, &tenth), 6);
	ck_assert_uint_eq(whole * 10 + tenth, 120);
}
END_TEST

/* Columns stand below their headings, names of 31 bytes included. */
START_TEST(text_is_aligned)
{
	const char *t, *end;
	size_t width;

	(void)take(make("abcdefghijklmnopqrstuvwxyz01234", MIB, NULL));
	(void)take(make("", 1, NULL));
	t = report(ZONE_TEXT);
	width = (size_t)(strchr(t, '\n') - t);
	ck_assert_uint_le(width, 100);
	for (; strncmp(t, "explained ", 10) != 0; t = end + 1) {
		end = strchr(t, '\n');
		ck_assert_uint_eq(end - t, width);
	}
}
END_TEST

START_TEST(every_zone_has_a_line)
{
	char name[32];

	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof name, "zone-%d", i);
		(void)make(name, 8, NULL);
	}
	(void)report(ZONE_TEXT);
	for (int i = 0; i < 2000; i += 37) {
		snprintf(name, sizeof name, "zone-%d", i);
		ck_assert_ptr_nonnull(line_of(text, name));
	}
}
END_TEST

START_TEST(leaks)
{
	zone_t *a = make("a", 24, NULL), *b = make("b", 70000, NULL);
	void *p[1000], *at;
	unsigned long size;

	ck_assert_str_eq(report(ZONE_LEAKS), "");
	take_all(a, p, 1000);
	zone_free_n(a, p + 1, 999);
	ck_assert_int_eq(sscanf(line_of(report(ZONE_LEAKS), "a"), "%p %lu",
	    &at, &size), 2);
	ck_assert_ptr_eq(at, p[0]);
	ck_assert_uint_eq(size, 24);
	take_all(b, p + 1, 99);
	ck_assert_uint_eq(count_lines(report(ZONE_LEAKS)), 100);
	free_elsewhere(NULL, p, 100);
	ck_assert_str_eq(report(ZONE_LEAKS), "");
}
END_TEST

/* A reader may be slow: the report is larger than a pipe. */
static void *
read_slowly(void *arg)
{
	char some[1000];
	size_t sum = 0;
	ssize_t n;

	while ((n = read(*(int *)arg, some, sizeof some)) > 0)
		sum += (size_t)n;
	return (void *)sum;
}

START_TEST(into_a_pipe)
{
	zone_t *z = make("pipe", 8, NULL);
	pthread_t t;
	int fds[2];

	for (int i = 0; i < 5000; i++)
		(void)take(z);
	ck_assert_int_eq(pipe(fds), 0);
	start(&t, read_slowly, &fds[0]);
	ck_assert_int_eq(zone_report(fds[1], ZONE_LEAKS), 0);
	close(fds[1]);
	ck_assert_uint_eq((size_t)join(t), strlen(report(ZONE_LEAKS)));
}
END_TEST

static void *
make_and_end(void *arg)
{
	static void *objs[2000];

	(void)arg;
	for (int i = 0; i < 300; i++) {
		zone_t *z = make("passing", 2048, NULL);

		take_all(z, objs, LEN(objs));
		MUST(zone_destroy(z, ZONE_NOW) == 0);
	}
	return NULL;
}

/* Slabs and whole zones go while the report looks at them. */
START_TEST(while_zones_end)
{
	int fd = open("/dev/null", O_WRONLY);
	pthread_t t;

	start(&t, make_and_end, NULL);
	while (pthread_tryjoin_np(t, NULL) != 0)
		ck_assert_int_eq(zone_report(fd, ZONE_TEXT), 0);
	close(fd);
}
END_TEST

RUN_TESTS("report", bad_arguments, full_disk, success_keeps_errno,
    text_without_zones, text_heading, text_figures,
    text_of_large_amounts, text_is_aligned, every_zone_has_a_line, leaks,
    into_a_pipe, while_zones_end)
