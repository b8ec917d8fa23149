/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - owns a private copy of ZOBJ_OPTIONS, cut into names and values.
 * Runs inside the first allocation of the process: no malloc, no stdio.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "options.h"

#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "fmt.h"
#include "os.h"

enum {
	OPTIONS_SIZE = 4096,
	OPTIONS_MAX = 64,
	HELPER_MAX = 3600 * 1000	/* milliseconds */
};

struct options options = { .abort = true };

static char text[OPTIONS_SIZE];
static struct { const char *name, *value; } items[OPTIONS_MAX];
static unsigned item_count;
static bool parsed;

static void
complain(const char *format, const char *a, const char *b)
{
	struct fmt f;

	fmt_init(&f, 2);
	fmt_print(&f, "zobj: ZOBJ_OPTIONS: ");
	fmt_print(&f, format, a, b);
	fmt_print(&f, "\n");
	(void)fmt_flush(&f);
}

bool
options_number(const char **at, size_t *n)
{
	static const char suffixes[] = "KMGT";
	const char *p = *at, *suffix;
	size_t value = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (size_t)(*p - '0'), &value))
			return false;
	suffix = *p != '\0' ? strchr(suffixes, *p & ~0x20) : NULL;
	if (suffix != NULL && *p >= 'A') {
		unsigned shift = 10 * (unsigned)(suffix - suffixes + 1);

		if (value > SIZE_MAX >> shift)
			return false;
		value <<= shift;
		p++;
	}
	*at = p;
	*n = value;
	return true;
}

static bool
parse_bool(const char *value, bool *out)
{
	if ((value[0] != '0' && value[0] != '1') || value[1] != '\0')
		return false;
	*out = value[0] == '1';
	return true;
}

static bool
parse_stats(const char *value)
{
	if (strcmp(value, "text") == 0)
		options.stats = OPTIONS_STATS_TEXT;
	else if (strcmp(value, "json") == 0)
		options.stats = OPTIONS_STATS_JSON;
	else
		return false;
	return true;
}

static bool
parse_size(const char *value, size_t *out)
{
	size_t n;

	if (!options_number(&value, &n) || *value != '\0')
		return false;
	*out = n;
	return true;
}

/* Milliseconds. */
static bool
parse_time(const char *value, size_t *out)
{
	size_t n;

	if (!parse_size(value, &n) || n > HELPER_MAX)
		return false;
	*out = n;
	return true;
}

static bool
parse_percent(const char *value, size_t *out)
{
	size_t n;

	if (!parse_size(value, &n) || n > 100)
		return false;
	*out = n;
	return true;
}

/* GLOB:N */
static bool
parse_zones(const char *value)
{
	const char *colon = strrchr(value, ':');
	size_t n;

	return colon != NULL && colon != value && parse_size(colon + 1, &n);
}

/* 1/N@GLOB or 1/N:SEED@GLOB; returns where the glob begins, NULL: wrong. */
static const char *
parse_share(const char *value, size_t *one_in, size_t *seed)
{
	const char *p = value + 2;

	*seed = 0;
	if (value[0] != '1' || value[1] != '/' || !options_number(&p, one_in) ||
	    *one_in == 0)
		return NULL;
	if (*p == ':' && (p++, !options_number(&p, seed)))
		return NULL;
	return p[0] == '@' && p[1] != '\0' ? p + 1 : NULL;
}

/* N or N+, of all calls or of those at @PLACE. */
static bool
parse_call(const char *value)
{
	enum fault_call call = FAULT_ANY;
	bool onward;
	size_t n;

	if (!options_number(&value, &n) || n == 0)
		return false;
	onward = *value == '+';
	value += onward;
	if (*value == '@' &&
	    (call = fault_by_name(value + 1)) == FAULT_CALLS)
		return false;
	return (*value == '\0' || *value == '@') && fault_plan(call, n, onward);
}

static bool
parse_fail(const char *value)
{
	size_t one_in, seed;

	if (strcmp(value, "count") == 0) {
		options.calls = true;
		fault_watch();
		return true;
	}
	return parse_share(value, &one_in, &seed) != NULL || parse_call(value);
}

/* Ranges of sizes with commas between them. */
static bool
parse_route(const char *value)
{
	const char *p = value;
	size_t low, high;

	for (;; p++) {
		if (!options_number(&p, &low))
			return false;
		high = low;
		if (*p == '-' && (p++, !options_number(&p, &high)))
			return false;
		if (high < low)
			return false;
		if (*p != ',')
			break;
	}
	if (*p != '\0')
		return false;
	options.route = value;
	return true;
}

/* -1: no such option; 0: bad value; 1: done. */
static int
apply(const char *name, const char *value)
{
	if (strcmp(name, "abort") == 0)
		return parse_bool(value, &options.abort);
	if (strcmp(name, "check") == 0)
		return parse_bool(value, &options.check);
	if (strcmp(name, "stats") == 0)
		return parse_stats(value);
	if (strcmp(name, "output") == 0) {
		if (*value != '\0')
			options.output = value;
		return *value != '\0';
	}
	if (strcmp(name, "arena") == 0)
		return parse_size(value, &options.arena);
	if (strcmp(name, "helper") == 0)
		return parse_time(value, &options.helper);
	if (strcmp(name, "pressure") == 0)
		return parse_percent(value, &options.pressure);
	if (strcmp(name, "route") == 0)
		return parse_route(value);
	if (strcmp(name, "fail") == 0)
		return parse_fail(value);
	if (strcmp(name, "limit") == 0 || strcmp(name, "keep") == 0)
		return parse_zones(value);
	return -1;
}

static void
parse_item(char *name)
{
	char *equals = strchr(name, '=');
	const char *value = "";
	int result;

	if (*name == '\0')
		return;
	if (equals != NULL) {
		*equals = '\0';
		value = equals + 1;
	}
	result = apply(name, value);
	if (result < 0) {
		complain("unknown option \"%s\"", name, NULL);
	} else if (result == 0) {
		complain("bad value \"%s\" for option \"%s\"", value, name);
	} else if (item_count < OPTIONS_MAX) {
		items[item_count].name = name;
		items[item_count++].value = value;
	} else {
		complain("no room for option \"%s\"", name, NULL);
	}
}

/* getenv, which a constructor of the C library may not have prepared yet. */
static const char *
find_variable(void)
{
	static const char name[] = "ZOBJ_OPTIONS=";

	for (char **e = environ; *e != NULL; e++)
		if (strncmp(*e, name, sizeof name - 1) == 0)
			return *e + sizeof name - 1;
	return NULL;
}

void
options_init(void)
{
	const char *from;
	size_t n;

	if (parsed || environ == NULL)
		return;
	parsed = true;
	from = find_variable();
	if (from == NULL || os_is_privileged())
		return;
	n = strlen(from);
	if (n >= sizeof text) {
		complain("too long: ignored", NULL, NULL);
		return;
	}
	memcpy(text, from, n + 1);
	for (char *p = text, *end; p != NULL; p = end) {
		end = strchr(p, ';');
		if (end != NULL)
			*end++ = '\0';
		parse_item(p);
	}
}

bool
options_are_read(void)
{
	return parsed;
}

/* Shell patterns with * and ?; the pattern ends at END. */
static bool
matches(const char *glob, const char *end, const char *name)
{
	for (; glob < end; glob++, name++) {
		if (*glob == '*') {
			for (;; name++) {
				if (matches(glob + 1, end, name))
					return true;
				if (*name == '\0')
					return false;
			}
		}
		if (*name == '\0' || (*glob != '?' && *glob != *name))
			return false;
	}
	return *name == '\0';
}

size_t
options_for_zone(const char *name, const char *zone, size_t otherwise)
{
	for (unsigned i = 0; i < item_count; i++) {
		const char *value = items[i].value, *colon;

		if (strcmp(items[i].name, name) != 0)
			continue;
		colon = strrchr(value, ':');
		if (matches(value, colon, zone))
			(void)parse_size(colon + 1, &otherwise);
	}
	return otherwise;
}

void
options_fail(const char *zone, size_t *one_in, size_t *seed)
{
	*one_in = *seed = 0;
	for (unsigned i = 0; i < item_count; i++) {
		const char *glob;
		size_t n, s;

		if (strcmp(items[i].name, "fail") != 0)
			continue;
		glob = parse_share(items[i].value, &n, &s);
		if (glob != NULL && matches(glob, strchr(glob, '\0'), zone)) {
			*one_in = n;
			*seed = s;
		}
	}
}
