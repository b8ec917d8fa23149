/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As signals.c, but the handler does what POSIX does not allow it: it
 * allocates, and resizes and frees what other handlers have allocated.
 */
#include "storm.h"

#define CELLS	64

/* Blocks that one handler makes and another ends; the size is in front. */
static _Atomic(size_t *) cells[CELLS];
static _Atomic(unsigned) served;

static void
seal(size_t *p, size_t size, size_t i)
{
	fill(p, 0, size, i);
	*p = size;
}

/* The pattern is whole again; how large it is. */
static size_t
unseal(size_t *p, size_t i)
{
	size_t size = *p;

	fill(p, 0, sizeof *p, i);
	CHECK(is_filled(p, size, i));
	return size;
}

/* A block of SIZE in place of P; P if that is refused. */
static size_t *
renew(size_t *p, size_t size, size_t i)
{
	size_t old = p != NULL ? unseal(p, i) : 0;
	size_t *q = size % 3 == 0 ? realloc(p, size) : malloc(size);

	if (q == NULL) {
		if (p != NULL)
			seal(p, old, i);
		return p;
	}
	if (size % 3 == 0)
		CHECK(is_filled(q, old < size ? old : size, i));
	else
		free(p);
	served++;
	seal(q, size, i);
	return q;
}

static void
handler(int number)
{
	static _Atomic(uint32_t) seeds = 1;
	uint32_t seed = seeds++ * 2654435761u, r = next_random(&seed);
	int saved = errno;
	size_t i = r % CELLS, size;

	(void)number;
	handled++;
	CHECK(write(null, "x", 1) == 1);
	r = next_random(&seed);
	size = sizeof (size_t) + (r % 64 == 0 ? r / 64 % 200000 :
	    r / 64 % 1000);
	free(atomic_exchange(&cells[i], renew(atomic_exchange(&cells[i], NULL),
	    size, i)));
	errno = saved;
}

int
main(void)
{
	int status = run_storm(handler);

	/* What a handler is refused, it is refused rarely. */
	CHECK(served >= handled / 10 * 9);
	return status;
}
