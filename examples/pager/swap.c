/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swap.c - see swap.h.  The file is in TMPDIR, and in no directory any more as
 * soon as it is open, so that nothing is left of it whatever happens.  Must
 * not take memory after swap_open: it is used when there is none.
 */
#define _GNU_SOURCE
#include "swap.h"

#include <sys/mman.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int file = -1;
static const char *directory;
static uint64_t *taken;			/* a bit per slot */
static size_t slots, slot_size, used, next;
static uint64_t reads, writes;

void
swap_open(size_t n, size_t size)
{
	static char path[4096];

	directory = getenv("TMPDIR");
	if (directory == NULL || *directory == '\0')
		directory = "/tmp";
	if (snprintf(path, sizeof (path), "%s/pager.XXXXXX", directory) >=
	    (int)sizeof (path))
		errx(1, "TMPDIR is too long");
	file = mkostemp(path, O_CLOEXEC);
	if (file < 0)
		err(1, "cannot make a swap file in %s", directory);
	unlink(path);
	/* A file that may not grow any more is an error like others. */
	signal(SIGXFSZ, SIG_IGN);
	slots = n;
	slot_size = size;
	taken = mmap(NULL, (n + 63) / 64 * sizeof (*taken),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (taken == MAP_FAILED)
		err(1, "cannot allocate the map of the swap file");
}

/* The next free slot, starting behind the last one: neighbours in time. */
static uint32_t
find_slot(void)
{
	if (used == slots)
		errx(1, "the swap file is full: %zu pages", slots);
	while ((taken[next / 64] >> next % 64 & 1) != 0)
		next = (next + 1) % slots;
	return ((uint32_t)next);
}

/* FNV-1a, by words. */
static uint64_t
sum_of(const uint64_t *words)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < slot_size / sizeof (*words); i++)
		sum = (sum ^ words[i]) * 0x100000001b3u;
	return (sum);
}

struct swapped
swap_write(const void *page)
{
	struct swapped where = { sum_of(page), find_slot() };
	size_t done = 0;

	while (done < slot_size) {
		ssize_t n = pwrite(file, (const char *)page + done,
		    slot_size - done, (off_t)(where.slot * slot_size + done));

		if (n < 0 && errno != EINTR)
			err(1, "cannot write to the swap file in %s",
			    directory);
		done += n > 0 ? (size_t)n : 0;
	}
	taken[where.slot / 64] |= (uint64_t)1 << where.slot % 64;
	used++;
	writes++;
	return (where);
}

void
swap_read(const struct swapped *where, void *page)
{
	size_t done = 0;

	while (done < slot_size) {
		ssize_t n = pread(file, (char *)page + done, slot_size - done,
		    (off_t)(where->slot * slot_size + done));

		if (n == 0 || (n < 0 && errno != EINTR))
			err(1, "cannot read the swap file in %s", directory);
		done += n > 0 ? (size_t)n : 0;
	}
	if (sum_of(page) != where->sum)
		errx(1, "slot %u of the swap file has changed", where->slot);
	reads++;
}

void
swap_free(uint32_t slot)
{
	taken[slot / 64] &= ~((uint64_t)1 << slot % 64);
	used--;
}

size_t
swap_used(void)
{
	return (used);
}

uint64_t
swap_reads(void)
{
	return (reads);
}

uint64_t
swap_writes(void)
{
	return (writes);
}
