/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * touch.c - first touch: a program grows by a GiB of small objects that it
 * writes and keeps.
 *
 * The objects are a list, so that nothing but them takes memory.  Freeing them
 * is not timed.
 */
#include <string.h>

#include "bench.h"

#define GIB	((size_t)1 << 30)

struct link {
	struct link	*next;
	size_t		 tag;
};

static void
touch_setup(struct bench_run *r)
{
	r->data = NULL;
}

BENCH_BODY(touch)
{
	struct link *first = r->data;

	for (size_t i = 0; i < r->count; i++) {
		struct link *new = bench_take(r, from);

		memset(new, 0x5a, r->size);
		bench_keep(new);
		new->next = first;
		new->tag = i;
		first = new;
	}
	r->data = first;
	return r->count;
}

static void
touch_teardown(struct bench_run *r)
{
	struct link *l = r->data;

	for (size_t i = r->count; i-- > 0;) {
		struct link *next;

		if (l == NULL || l->tag != i)
			bench_fail("the list is not what it was");
		bench_check((char *)l + r->size - 1, 0x5a);
		next = l->next;
		bench_give(r, r->source, l);
		l = next;
	}
	if (l != NULL)
		bench_fail("the list is longer than it was");
}

#define TOUCH(bytes)							\
	.name = "touch", .setup = touch_setup,				\
	.body = BENCH_BOTH(touch), .teardown = touch_teardown,		\
	.sizes = { bytes }, .counts = { GIB / (bytes) }, .total = 0

const struct bench_row bench_touch[] = {
	{ TOUCH(64) },
	{ TOUCH(1024) },
	{ .name = NULL }
};
