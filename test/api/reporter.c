/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reporter.c - a program with zones of known contents, for report.py.  With
 * an argument it prints the report of that kind on descriptor 1; what is said
 * at its end is up to ZOBJ_OPTIONS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zobj.h>

static zone_t *
make(const char *name, size_t size, size_t live, size_t limit)
{
	struct zone_attr attr = { .attr_size = sizeof attr, .limit = limit };
	zone_t *z = zone_create(name, size, &attr);

	for (size_t i = 0; z != NULL && i < live; i++)
		if (zone_alloc(z, 0) == NULL)
			fprintf(stderr, "%s is full\n", name);
	return z;
}

int
main(int argc, char **argv)
{
	zone_t *z = make("plain", 100, 1000, 0);

	if (z == NULL || make("empty", 8, 0, 0) == NULL ||
	    make("limited", 24, 6, 7) == NULL ||
	    make("large", 70000, 3, 0) == NULL)
		return 1;
	(void)make("quote\" backslash\\ and\ttab", 8, 1, 0);
	(void)make("\xc3\xbcml\xc3\xa4ut", 8, 2, 0);
	/* Cut at 31 bytes, in the middle of a character. */
	(void)make("123456789012345678901234567890\xe2\x82\xac", 8, 3, 0);
	if (argc < 2)
		return 0;
	if (strcmp(argv[1], "json") == 0)
		return zone_report(1, ZONE_JSON) != 0;
	if (strcmp(argv[1], "text") == 0)
		return zone_report(1, ZONE_TEXT) != 0;
	return zone_report(1, ZONE_LEAKS) != 0;
}
