/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pointer.c - questions about a pointer; any value may be asked about.
 */
#include "api.h"

#include <semaphore.h>
#include <sys/mman.h>

static const size_t sizes[] = { 1, 24, 100, 4096, 70000, 300000, MIB };

static void
expect_none(const void *p)
{
	ck_assert_ptr_null(zone_of(p));
	ck_assert_ptr_null(zone_base(p));
	ck_assert_int_eq(zone_holds(NULL, p), 0);
}

static void
expect_foreign(void)
{
	static char data;
	char stack, *heap = malloc(8);
	void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);

	ck_assert(page != MAP_FAILED);
	expect_none(NULL);
	expect_none((void *)1);
	expect_none((void *)UINTPTR_MAX);
	expect_none((void *)((uintptr_t)1 << 63));
	expect_none((void *)((uintptr_t)1 << 46));
	expect_none(&data);
	expect_none(&stack);
	expect_none(heap);
	expect_none(page);
	expect_none((void *)(uintptr_t)expect_foreign);
	free(heap);
}

START_TEST(foreign)
{
	expect_foreign();
	(void)take(make("any", 8, NULL));
	expect_foreign();
}
END_TEST

/* All around our memory, what is not in use included. */
START_TEST(every_page_around)
{
	struct rng r = { 3 };
	uintptr_t p = (uintptr_t)take(make("any", 8, NULL));

	for (uintptr_t off = 0; off < 64 * MIB; off += 4096) {
		expect_none((void *)(p + SLAB + off));
		expect_none((void *)(p - SLAB - off));
	}
	for (int i = 0; i < 100000; i++)
		expect_none((void *)(p + SLAB + rng_next(&r) % (MIB * MIB)));
}
END_TEST

START_TEST(every_byte_of_an_object)
{
	for (size_t i = 0; i < LEN(sizes); i++) {
		zone_t *z = make("size", sizes[i], NULL);
		char *p[3];

		take_all(z, (void **)p, 3);
		for (size_t at = 0; at < sizes[i]; at += 1 + at / 50)
			for (int k = 0; k < 3; k++) {
				ck_assert_ptr_eq(zone_of(p[k] + at), z);
				ck_assert_ptr_eq(zone_base(p[k] + at), p[k]);
				ck_assert_int_eq(zone_holds(z, p[k] + at),
				    at == 0);
			}
	}
}
END_TEST

/* What the alignment adds belongs to the object before it. */
START_TEST(padding)
{
	zone_t *z = make("padded", 10, ATTR(.align = 64));
	char *p = take(z);

	ck_assert_ptr_eq(zone_base(p + 63), p);
	ck_assert_ptr_eq(zone_of(p + 63), z);
	ck_assert_ptr_ne(zone_base(p + 64), p);
}
END_TEST

START_TEST(behind_the_last_object)
{
	zone_t *z = make("rest", 30000, NULL), *few = make("few", 1, NULL);
	char *p = take(z), *q = take(few);
	uintptr_t slab = (uintptr_t)p & ~(4 * SLAB - 1);
	size_t n = stats_of(z).capacity;

	while (zone_of((void *)slab) != z)
		slab += SLAB;
	ck_assert_ptr_eq(zone_of((void *)(slab + n * 30000 - 1)), z);
	expect_none((void *)(slab + n * 30000));
	expect_none((void *)(((uintptr_t)q & ~(SLAB - 1)) + 4096));
	ck_assert_uint_eq(stats_of(few).capacity, 4096);
}
END_TEST

START_TEST(holds_asks_for_live_objects)
{
	zone_t *a = make("a", 48, NULL), *b = make("b", 48, NULL);
	void *p[500];

	take_all(a, p, LEN(p));
	for (size_t i = 0; i < LEN(p); i++) {
		ck_assert_int_eq(zone_holds(a, p[i]), 1);
		ck_assert_int_eq(zone_holds(NULL, p[i]), 1);
		ck_assert_int_eq(zone_holds(b, p[i]), 0);
		ck_assert_int_eq(zone_holds(a, (char *)p[i] + 8), 0);
	}
	for (size_t i = 0; i < LEN(p); i += 2)
		zone_free(a, p[i]);
	for (size_t i = 0; i < LEN(p); i++) {
		ck_assert_int_eq(zone_holds(a, p[i]), i % 2);
		ck_assert_int_eq(zone_holds(NULL, p[i]), i % 2);
		ck_assert_ptr_eq(zone_of(p[i]), a);
		ck_assert_ptr_eq(zone_base(p[i]), p[i]);
	}
}
END_TEST

/* Freed by another thread is free, whether collected or not. */
START_TEST(holds_after_remote_free)
{
	zone_t *z = make("remote", 48, NULL);
	void *p[300];

	take_all(z, p, LEN(p));
	free_elsewhere(z, p + 100, 100);
	for (size_t i = 0; i < LEN(p); i++)
		ck_assert_int_eq(zone_holds(z, p[i]), i < 100 || i >= 200);
	zone_free(z, p[0]);
	for (size_t i = 1; i < LEN(p); i++)
		ck_assert_int_eq(zone_holds(z, p[i]), i < 100 || i >= 200);
}
END_TEST

enum { WORDS = 10, WORD = 64, ROUNDS = 300 };

struct turns {
	zone_t		*z;
	sem_t		 ready;
	_Atomic(bool)	 over;
	void		*p[WORDS * WORD];
};

/* Of any two words next to each other the one keeps what the other does not. */
static bool
is_kept(size_t i)
{
	return ((i ^ i / WORD) & 1) != 0;
}

/* Their owner goes through the words, with what is free of each. */
static void *
take_turns(void *arg)
{
	struct turns *t = arg;

	take_all(t->z, t->p, LEN(t->p));
	sem_post(&t->ready);
	while (!t->over) {
		for (size_t i = 0; i < LEN(t->p); i++)
			if (!is_kept(i))
				zone_free(t->z, t->p[i]);
		for (size_t i = 0; i < LEN(t->p); i++)
			if (!is_kept(i))
				t->p[i] = take(t->z);
	}
	return NULL;
}

/* What is live is live, whatever word its owner comes to hold meanwhile. */
START_TEST(holds_while_words_change)
{
	static struct turns t;
	pthread_t owner;

	t.z = make("turns", 48, NULL);
	sem_init(&t.ready, 0, 0);
	start(&owner, take_turns, &t);
	sem_wait(&t.ready);
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < LEN(t.p); i++)
			if (is_kept(i))
				ck_assert_int_eq(zone_holds(t.z, t.p[i]), 1);
	t.over = true;
	(void)join(owner);
	zone_free_n(t.z, t.p, LEN(t.p));
	ck_assert_int_eq(zone_destroy(t.z, ZONE_IF_EMPTY), 0);
}
END_TEST

START_TEST(after_memory_went_back)
{
	zone_t *z = make("gone", 48, NULL);
	void *p[5000];

	take_all(z, p, LEN(p));
	zone_free_n(z, p, LEN(p));
	zone_trim(z, ZONE_TRIM_CACHES);
	for (size_t i = 0; i < LEN(p); i++)
		expect_none(p[i]);
}
END_TEST

/* The library's own records are no objects of anybody. */
START_TEST(handles_are_nothing)
{
	zone_t *z = make("handle", 48, NULL);

	expect_none(z);
	(void)take(make("maps", 8, NULL));
	expect_none((char *)z + 64);
}
END_TEST

RUN_TESTS("pointer", foreign, every_page_around, every_byte_of_an_object,
    padding, behind_the_last_object, holds_asks_for_live_objects,
    holds_after_remote_free, holds_while_words_change, after_memory_went_back,
    handles_are_nothing)
