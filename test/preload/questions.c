/* SPDX-License-Identifier: BSD-2-Clause */
/* mallinfo and its relatives answer for the heap that the program uses. */
#include "victim.h"

#include <malloc.h>

#define N	1000

static void *small[N], *large[10];

static void
allocate(void)
{
	for (size_t i = 0; i < N; i++)
		CHECK((small[i] = malloc(1000)) != NULL);
	for (size_t i = 0; i < 10; i++)
		CHECK((large[i] = malloc(MIB)) != NULL);
}

static void
release(void)
{
	for (size_t i = 0; i < N; i++)
		free(small[i]);
	for (size_t i = 0; i < 10; i++)
		free(large[i]);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void
numbers(void)
{
	struct mallinfo2 before = mallinfo2(), during, after;
	struct mallinfo old;

	allocate();
	during = mallinfo2();
	old = mallinfo();
	CHECK(during.uordblks >= before.uordblks + N * 1000);
	CHECK(during.uordblks < before.uordblks + N * 1000 * 5 / 4);
	CHECK(during.hblks == before.hblks + 10);
	CHECK(during.hblkhd >= before.hblkhd + 10 * MIB);
	CHECK(during.arena >= during.uordblks);
	CHECK((size_t)old.uordblks == during.uordblks);
	CHECK((size_t)old.hblkhd == during.hblkhd);
	release();
	after = mallinfo2();
	CHECK(after.uordblks <= before.uordblks + 10000);
	CHECK(after.hblks == before.hblks && after.hblkhd == before.hblkhd);
}
#pragma GCC diagnostic pop

static void
trim(void)
{
	size_t full, empty;

	allocate();
	for (size_t i = 0; i < N; i++)
		memset(small[i], 1, 1000);
	for (size_t i = 0; i < 10; i++)
		memset(large[i], 1, MIB);
	full = resident_kib();
	release();
	malloc_trim(0);
	empty = resident_kib();
	CHECK(empty + 10500 < full);
	CHECK(malloc_trim(0) == 0);
}

/* What FN writes to stderr, in TEXT. */
static void
capture(void (*fn)(void), char *text, size_t size)
{
	int ends[2], saved = dup(2);
	ssize_t n;

	CHECK(pipe(ends) == 0 && dup2(ends[1], 2) == 2);
	fn();
	fflush(stderr);
	dup2(saved, 2);
	n = read(ends[0], text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	close(ends[1]);
	close(saved);
}

static void
reports(void)
{
	char *text = malloc(64 * KIB), *info = NULL;
	size_t size;
	FILE *f;

	allocate();
	capture(malloc_stats, text, 64 * KIB);
	CHECK(strstr(text, "malloc-1024") != NULL);
	CHECK(strstr(text, "malloc-large") != NULL);
	f = open_memstream(&info, &size);
	CHECK(malloc_info(0, f) == 0 && fclose(f) == 0);
	CHECK(strncmp(info, "<malloc version=\"libzobj\">", 26) == 0);
	CHECK(strstr(info, "<zone size=\"1024\" live=\"100") != NULL);
	CHECK(strstr(info, "<large count=\"1") != NULL);
	CHECK(strstr(info, "</malloc>") != NULL);
	errno = 0;
	CHECK(malloc_info(1, stderr) == -1 && errno == EINVAL);
	release();
	free(info);
	free(text);
}

int
main(void)
{
	victim_start();
	if (victim_is_plain())
		return VICTIM_SKIP;
	numbers();
	trim();
	reports();
	CHECK(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1);
	CHECK(mallopt(M_ARENA_MAX, 1) == 1);
	CHECK(mallopt(12345, 1) == 0);
	return 0;
}
