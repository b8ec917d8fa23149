/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fmt.c - text without stdio.
 */
#include "unit.h"

#include "../../lib/fmt.h"

static char text[100000];
static FILE *file;

static void
begin(struct fmt *f)
{
	file = tmpfile();
	ck_assert_ptr_nonnull(file);
	fmt_init(f, fileno(file));
}

static const char *
end(struct fmt *f)
{
	size_t n;

	ck_assert_int_eq(fmt_flush(f), 0);
	rewind(file);
	n = fread(text, 1, sizeof text - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

#define EXPECT(expected, ...)						\
	do {								\
		struct fmt f_;						\
		begin(&f_);						\
		fmt_print(&f_, __VA_ARGS__);				\
		ck_assert_str_eq(end(&f_), expected);			\
	} while (0)

START_TEST(plain)
{
	EXPECT("", "");
	EXPECT("hello, world\n", "hello, world\n");
	EXPECT("100% %", "100%% %%");
}
END_TEST

START_TEST(conversions)
{
	EXPECT("[abc]", "[%s]", "abc");
	EXPECT("[]", "[%s]", "");
	EXPECT("x", "%c", 'x');
	EXPECT("0 7 1000", "%u %u %u", (uint64_t)0, (uint64_t)7,
	    (uint64_t)1000);
	EXPECT("18446744073709551615", "%u", UINT64_MAX);
	EXPECT("0x0", "%p", NULL);
	EXPECT("0xdeadbeef", "%p", (void *)0xdeadbeef);
	EXPECT("0xffffffffffffffff", "%p", (void *)UINTPTR_MAX);
	EXPECT("a1bc0x2", "a%ub%c%p", (uint64_t)1, 'c', (void *)2);
}
END_TEST

START_TEST(widths)
{
	EXPECT("    7|7    |", "%5u|%-5u|", (uint64_t)7, (uint64_t)7);
	EXPECT("  abc|abc  |", "%5s|%-5s|", "abc", "abc");
	EXPECT("abcdef", "%3s", "abcdef");
	EXPECT("123456", "%-3u", (uint64_t)123456);
	EXPECT("       0x1f", "%11p", (void *)0x1f);
	EXPECT("   x", "%4c", 'x');
	EXPECT("            1", "%13u", (uint64_t)1);
}
END_TEST

/* Longer than the buffer, in pieces of every size. */
START_TEST(buffer_is_flushed)
{
	char piece[200];
	struct fmt f;
	size_t sum = 0;

	begin(&f);
	for (size_t n = 0; n < sizeof piece; n++) {
		memset(piece, 'a' + (int)(n % 26), n);
		piece[n] = '\0';
		fmt_print(&f, "%s", piece);
		sum += n;
	}
	(void)end(&f);
	ck_assert_uint_eq(strlen(text), sum);
	for (size_t n = 0, at = 0; n < sizeof piece; at += n++)
		for (size_t i = 0; i < n; i++)
			ck_assert_int_eq(text[at + i], 'a' + (int)(n % 26));
}
END_TEST

START_TEST(first_error_stays)
{
	struct fmt f;

	fmt_init(&f, -1);
	errno = EXDEV;
	for (int i = 0; i < 5000; i++)
		fmt_print(&f, "%u", (uint64_t)i);
	ck_assert_int_eq(fmt_flush(&f), EBADF);
	ck_assert_int_eq(fmt_flush(&f), EBADF);
	ck_assert_int_eq(errno, EXDEV);
	fmt_init(&f, -1);
	ck_assert_int_eq(fmt_flush(&f), 0);
}
END_TEST

static const char *
json(const char *in)
{
	struct fmt f;

	begin(&f);
	fmt_print_json(&f, in);
	return end(&f);
}

START_TEST(json_strings)
{
	ck_assert_str_eq(json(""), "\"\"");
	ck_assert_str_eq(json("node"), "\"node\"");
	ck_assert_str_eq(json("a\"b\\c"), "\"a\\\"b\\\\c\"");
	ck_assert_str_eq(json("\n\t\x01\x1f"),
	    "\"\\u000a\\u0009\\u0001\\u001f\"");
	ck_assert_str_eq(json("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
}
END_TEST

/* JSON is UTF-8: what is not becomes the replacement character. */
START_TEST(json_of_other_bytes)
{
	static const char *const good[] = {
		"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xef\xbf\xbd", "\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf"
	};
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc0", "\xc1", "\xc3", "\xe2", "\xf0", "\xf5",
		"\xff"
	};
	char expected[20];

	for (size_t i = 0; i < LEN(good); i++) {
		snprintf(expected, sizeof expected, "\"%s\"", good[i]);
		ck_assert_str_eq(json(good[i]), expected);
	}
	for (size_t i = 0; i < LEN(bad); i++)
		ck_assert_str_eq(json(bad[i]), "\"\\ufffd\"");
	ck_assert_str_eq(json("a\xe2\x82"), "\"a\\ufffd\\ufffd\"");
	ck_assert_str_eq(json("\xc0\xafz"), "\"\\ufffd\\ufffdz\"");
	ck_assert_str_eq(json("\xed\xa0\x80"),
	    "\"\\ufffd\\ufffd\\ufffd\"");
	ck_assert_str_eq(json("\xc3\""), "\"\\ufffd\\\"\"");
}
END_TEST

RUN_TESTS("fmt", plain, conversions, widths, buffer_is_flushed,
    first_error_stays, json_strings, json_of_other_bytes)
