/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zreplay-touch.c - what a program would do with its objects: write them and
 * find again what it wrote.  A byte per page stands for all of them, and the
 * last one is written too, because it may be in a page of its own.
 */
#include "zreplay.h"

enum { SMALLEST_PAGE = 4096 };

static unsigned char
mark(uint32_t number, size_t at)
{
	return ((unsigned char)(number * 167 + at / SMALLEST_PAGE * 31 + 1));
}

void
touch_write(unsigned char *p, size_t size, uint32_t number)
{
	for (size_t at = 0; at < size; at += SMALLEST_PAGE)
		p[at] = mark(number, at);
	if (size > 0)
		p[size - 1] = mark(number, size - 1);
}

bool
touch_check(const unsigned char *p, size_t size, uint32_t number)
{
	for (size_t at = 0; at < size; at += SMALLEST_PAGE)
		if (p[at] != mark(number, at))
			return (false);
	return (true);
}

bool
touch_is_zero(const unsigned char *p, size_t size)
{
	for (size_t at = 0; at < size; at += SMALLEST_PAGE)
		if (p[at] != 0)
			return (false);
	return (size == 0 || p[size - 1] == 0);
}
