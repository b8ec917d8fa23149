/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every thread frees what the others allocated: blocks go round a ring of
 * mailboxes, and their content says whether two ever were the same.
 */
#include "victim.h"

#include <pthread.h>

#define THREADS	6
#define BOXES	512
#define STEPS	150000	/* of each thread, at least */

struct block {
	size_t size, tag;
	unsigned char bytes[];
};

static struct block *boxes[THREADS][BOXES];

static struct block *
make(uint32_t *seed)
{
	uint32_t r = next_random(seed);
	size_t size = r % 200 == 0 ? 40000 : r % 10 == 0 ? 2000 : r % 150;
	struct block *b = malloc(sizeof *b + size);

	CHECK(b != NULL);
	b->size = size;
	b->tag = r >> 8 & 0xff;
	fill(b->bytes, 0, size, b->tag);
	return b;
}

static void
discard(struct block *b)
{
	if (b != NULL)
		CHECK(is_filled(b->bytes, b->size, b->tag));
	free(b);
}

/* Put into the next one's boxes; free what is found there. */
static void *
work(void *arg)
{
	size_t me = (size_t)arg;
	uint32_t seed = (uint32_t)me + 1;

	for (size_t n = 0; victim_goes_on(n, STEPS); n++) {
		size_t to = (me + 1 + next_random(&seed) % 2) % THREADS;
		size_t box = next_random(&seed) % BOXES;

		discard(__atomic_exchange_n(&boxes[to][box], make(&seed),
		    __ATOMIC_ACQ_REL));
	}
	return NULL;
}

int
main(void)
{
	pthread_t t[THREADS];

	victim_start();
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, work, (void *)i) == 0);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	for (size_t i = 0; i < THREADS * BOXES; i++)
		discard(boxes[i / BOXES][i % BOXES]);
	return 0;
}
