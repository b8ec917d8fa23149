/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list.c - the doubly linked list, against an array.
 */
#include "unit.h"

#include "../../lib/list.h"

enum { MANY = 50 };

struct item {
	unsigned    number;
	struct list link;
};

static struct list head;
static struct item items[MANY];
static unsigned model[MANY], count;

static unsigned
number(struct list *l)
{
	return CONTAINER(l, struct item, link)->number;
}

/* Forwards and backwards. */
static void
verify(void)
{
	unsigned i = 0;

	LIST_FOREACH(l, &head)
		ck_assert_uint_eq(number(l), model[i++]);
	ck_assert_uint_eq(i, count);
	for (struct list *l = head.prev; l != &head; l = l->prev)
		ck_assert_uint_eq(number(l), model[--i]);
	ck_assert_uint_eq(i, 0);
	ck_assert_int_eq(list_empty(&head), count == 0);
}

static void
model_insert(unsigned at, unsigned n)
{
	memmove(model + at + 1, model + at, (count - at) * sizeof model[0]);
	model[at] = n;
	count++;
}

static void
model_remove(unsigned n)
{
	unsigned at = 0;

	while (model[at] != n)
		at++;
	count--;
	memmove(model + at, model + at + 1, (count - at) * sizeof model[0]);
}

static void
reset(void)
{
	count = 0;
	list_init(&head);
	for (unsigned i = 0; i < MANY; i++) {
		items[i].number = i;
		list_init(&items[i].link);
	}
}

START_TEST(random_against_an_array)
{
	struct rng r = { 11 };

	reset();
	for (int i = 0; i < 20000; i++) {
		unsigned n = rng_below(&r, MANY), at;
		struct list *l = &items[n].link;

		if (!list_empty(l)) {
			list_remove(l);
			ck_assert(list_empty(l));
			model_remove(n);
		} else if (rng_one_in(&r, 3)) {
			list_push(&head, l);
			model_insert(0, n);
		} else if (rng_one_in(&r, 2) || count == 0) {
			list_append(&head, l);
			model_insert(count, n);
		} else {
			at = rng_below(&r, count);
			list_insert_before(&items[model[at]].link, l);
			model_insert(at, n);
		}
		verify();
	}
}
END_TEST

START_TEST(safe_loop_may_remove)
{
	reset();
	for (unsigned i = 0; i < MANY; i++) {
		list_append(&head, &items[i].link);
		model_insert(count, i);
	}
	LIST_FOREACH_SAFE(l, &head)
		if (number(l) % 3 != 0) {
			model_remove(number(l));
			list_remove(l);
		}
	verify();
	LIST_FOREACH_SAFE(l, &head)
		list_remove(l);
	count = 0;
	verify();
}
END_TEST

START_TEST(take_all_moves_everything)
{
	struct list to;

	reset();
	list_take_all(&to, &head);
	ck_assert(list_empty(&to) && list_empty(&head));
	for (unsigned i = 0; i < 3; i++)
		list_append(&head, &items[i].link);
	list_take_all(&to, &head);
	verify();
	for (unsigned i = 0; i < 3; i++) {
		struct list *l = to.next;

		ck_assert_uint_eq(number(l), i);
		list_remove(l);
	}
	ck_assert(list_empty(&to));
}
END_TEST

RUN_TESTS("list", random_against_an_array, safe_loop_may_remove,
    take_all_moves_everything)
