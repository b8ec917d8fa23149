/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * work.c - see work.h.  A page that was written to N times holds words that
 * follow from the seed, its number and N; a page that was not, zeros.
 */
#include "work.h"

#include <sys/mman.h>

#include <err.h>
#include <stdbool.h>

#include "map.h"
#include "meta.h"
#include "paging.h"
#include "resident.h"

enum { CUT_SHARE = 2, WRITE_SHARE = 3 };

static struct work work;
static uint32_t *versions;		/* per page; 0: zeros */
static uint32_t *order;
static uint64_t random_state;

/* splitmix64 */
static uint64_t
mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31);
}

static uint64_t
random_number(void)
{
	return (mix(random_state += 0x9e3779b97f4a7c15u));
}

/* Word I of page N is this, plus I times an odd number. */
static uint64_t
first_word(uint64_t n)
{
	return (mix(work.seed + mix(n + ((uint64_t)versions[n] << 32))));
}

#define STEP 0x9e3779b97f4a7c15u

static void
write_words(uint64_t n, uint64_t *words)
{
	uint64_t word;

	versions[n]++;
	word = first_word(n);
	for (size_t i = 0; i < page_size / sizeof (*words); i++, word += STEP)
		words[i] = word;
}

static void
check_words(uint64_t n, const uint64_t *words)
{
	uint64_t word = versions[n] == 0 ? 0 : first_word(n);
	uint64_t step = versions[n] == 0 ? 0 : STEP;

	for (size_t i = 0; i < page_size / sizeof (*words); i++, word += step)
		if (words[i] != word)
			errx(1, "page %ju is wrong: word %zu is %#jx, not %#jx",
			    (uintmax_t)n, i, (uintmax_t)words[i],
			    (uintmax_t)word);
}

static void
use(uint64_t n, bool write)
{
	uint64_t *words;

	if (!map_has(n))
		return;
	words = work.window != NULL ?
	    (uint64_t *)(void *)(work.window + n * page_size) :
	    paging_pin(n, write);
	if (words == NULL)
		paging_give_up();
	check_words(n, words);
	if (write)
		write_words(n, words);
	if (work.window == NULL)
		paging_unpin(n);
}

/* The number of the page whose turn is the N-th. */
static uint64_t
turn(uint64_t n)
{
	return (order[n % work.pages]);
}

uint64_t
work_fill(void)
{
	for (uint64_t n = 0; n < work.pages; n++)
		use(turn(n), true);
	return (work.pages);
}

uint64_t
work_use(void)
{
	uint64_t n = work.rounds * work.pages;

	for (uint64_t i = 0; i < n; i++)
		use(work.order == ORDER_RANDOM ?
		    random_number() % work.pages : turn(i),
		    random_number() % WRITE_SHARE == 0);
	return (n);
}

uint64_t
work_cut(void)
{
	uint64_t cut = 0;

	for (uint64_t i = 0; i < work.pages; i++) {
		uint64_t n = turn(i);

		if (random_number() % CUT_SHARE != 0)
			continue;
		if (!map_cut(n, n + 1))
			paging_give_up();
		paging_drop(n, n + 1);
		versions[n] = 0;
		cut++;
		use(turn(random_number() % work.pages), true);
	}
	return (cut);
}

uint64_t
work_mend(void)
{
	uint64_t mended = 0;

	for (uint64_t i = 0; i < work.pages; i++) {
		uint64_t n = turn(i);

		if (map_has(n))
			continue;
		if (!map_add(n, n + 1))
			paging_give_up();
		use(n, random_number() % WRITE_SHARE == 0);
		mended++;
	}
	return (mended);
}

uint64_t
work_verify(void)
{
	for (uint64_t n = 0; n < work.pages; n++)
		use(n, false);
	return (work.pages);
}

/* Not of the allowance: what the user knows is not the pager's. */
static uint32_t *
numbers(uint64_t n)
{
	uint32_t *p = mmap(NULL, n * sizeof (*p), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "cannot allocate");
	return (p);
}

static void
order_at_random(void)
{
	for (uint32_t i = 0; i < work.pages; i++) {
		uint32_t j = (uint32_t)(random_number() % (i + 1));

		order[i] = order[j];
		order[j] = i;
	}
}

static void
order_by_stride(uint32_t stride)
{
	size_t i = 0;

	for (uint32_t first = 0; first < stride; first++)
		for (uint32_t n = first; n < work.pages; n += stride)
			order[i++] = n;
}

void
work_start(const struct work *w)
{
	work = *w;
	random_state = w->seed;
	versions = numbers(w->pages);
	order = numbers(w->pages);
	if (w->order == ORDER_RANDOM)
		order_at_random();
	else
		order_by_stride(w->order == ORDER_STRIDE ? META_PAGES : 1);
}
