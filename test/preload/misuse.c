/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * misuse CASE: make one mistake.  Standard output is what the library has to
 * say about it, word for word; misuse.sh compares.  After a mistake that is
 * reported and no more (abort=0) the program has to go on.
 */
#include "victim.h"

#include <malloc.h>
#include <pthread.h>

#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wuse-after-free"
#pragma GCC diagnostic ignored "-Wfree-nonheap-object"

#define LARGE	(300 * KIB)

static char in_data[100];
static char *volatile p;	/* so that no compiler sees through it */

#define EXPECT(...)	dprintf(1, "zobj: " __VA_ARGS__)

static void *
do_free(void *block)
{
	free(block);
	return NULL;
}

static void
by_other_thread(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, fn, arg) == 0);
	CHECK(pthread_join(t, NULL) == 0);
}

static void
small_twice(void)
{
	p = malloc(100);
	EXPECT("free: double free: object %p in zone \"malloc-112\"\n", p);
	free(p);
	free(p);
}

static void
small_twice_among_others(void)
{
	char *blocks[300];

	for (int i = 0; i < 300; i++)
		blocks[i] = malloc(48);
	for (int i = 0; i < 300; i += 2)
		free(blocks[i]);
	EXPECT("free: double free: object %p in zone \"malloc-48\"\n",
	    blocks[100]);
	free(blocks[100]);
}

static void
middle_twice(void)
{
	p = malloc(20000);
	EXPECT("free: double free: object %p in zone \"malloc-20480\"\n", p);
	free(p);
	free(p);
}

static void
large_twice(void)
{
	p = malloc(LARGE);
	EXPECT("free: stale pointer: %p is in memory that was given back\n", p);
	free(p);
	free(p);
}

static void
local_then_remote(void)
{
	p = malloc(100);
	EXPECT("free: double free: object %p in zone \"malloc-112\"\n", p);
	free(p);
	by_other_thread(do_free, p);
}

static void
remote_twice(void)
{
	p = malloc(100);
	EXPECT("free: double free: object %p in zone \"malloc-112\"\n", p);
	by_other_thread(do_free, p);
	by_other_thread(do_free, p);
}

static void
remote_then_local(void)
{
	char *q = malloc(100);

	p = malloc(100);
	EXPECT("free: double free: object %p in zone \"malloc-112\"\n", p);
	by_other_thread(do_free, p);
	free(p);
	free(q);
}

/* The same where the owner holds another word. */
static void
remote_then_local_elsewhere(void)
{
	char *blocks[300];

	for (int i = 0; i < 300; i++)
		blocks[i] = malloc(48);
	free(blocks[10]);
	free(blocks[20]);
	EXPECT("free: double free: object %p in zone \"malloc-48\"\n",
	    blocks[21]);
	by_other_thread(do_free, blocks[21]);
	free(blocks[21]);
}

static void *
allocate(void *out)
{
	*(char **)out = malloc(100);
	return NULL;
}

/* Its owner has gone. */
static void
orphan_twice(void)
{
	char *q;

	by_other_thread(allocate, &q);
	EXPECT("free: double free: object %p in zone \"malloc-112\"\n", q);
	free(q);
	free(q);
}

static void
inside_small(void)
{
	p = malloc(100);
	EXPECT("free: not an object: %p is 16 bytes inside object %p in zone "
	    "\"malloc-112\"\n", p + 16, p);
	free(p + 16);
}

static void
one_byte_inside(void)
{
	p = malloc(5000);
	EXPECT("free: not an object: %p is 1 bytes inside object %p in zone "
	    "\"malloc-5120\"\n", p + 1, p);
	free(p + 1);
}

static void
inside_large(void)
{
	p = malloc(LARGE);
	EXPECT("free: not an object: %p is 4096 bytes inside allocation %p\n",
	    p + 4096, p);
	free(p + 4096);
}

static void
far_inside_large(void)
{
	p = malloc(LARGE);
	EXPECT("free: not an object: %p is 200000 bytes inside allocation %p\n",
	    p + 200000, p);
	free(p + 200000);
}

/* This class has slabs of 64 KiB, and 65536 = 1365 * 48 + 16. */
static void
behind_the_last(void)
{
	p = malloc(48);
	p = (char *)((uintptr_t)p & ~(uintptr_t)65535) + 1365 * 48;
	EXPECT("free: not an object: %p is behind the last object of a slab in "
	    "zone \"malloc-48\"\n", p);
	free(p);
}

static void
on_stack(void)
{
	char object[100];

	p = object;
	EXPECT("free: foreign pointer: %p is not from this allocator\n", p);
	free(p);
}

static void
in_static_data(void)
{
	p = in_data;
	EXPECT("free: foreign pointer: %p is not from this allocator\n", p);
	free(p);
}

static void
wild(void)
{
	p = (char *)(uintptr_t)0x10;
	EXPECT("free: foreign pointer: %p is not from this allocator\n", p);
	free(p);
}

static void
not_canonical(void)
{
	p = (char *)(uintptr_t)0xdeadbeefdeadbeef;
	EXPECT("free: foreign pointer: %p is not from this allocator\n", p);
	free(p);
}

/* In what we have reserved, where no block ever was. */
static void
far_off(void)
{
	p = (char *)malloc(100) + ((size_t)1 << 36);
	EXPECT("free: foreign pointer: %p is not from this allocator\n", p);
	free(p);
}

static void
realloc_freed(void)
{
	p = malloc(100);
	EXPECT("realloc: double free: object %p in zone \"malloc-112\"\n", p);
	free(p);
	CHECK(realloc(p, 200) == NULL);
}

static void
realloc_freed_large(void)
{
	p = malloc(LARGE);
	EXPECT("realloc: stale pointer: %p is in memory that was given back\n",
	    p);
	free(p);
	CHECK(realloc(p, 200) == NULL);
}

static void
realloc_inside(void)
{
	p = malloc(100);
	EXPECT("realloc: not an object: %p is 8 bytes inside object %p in zone "
	    "\"malloc-112\"\n", p + 8, p);
	CHECK(realloc(p + 8, 200) == NULL);
}

static void
realloc_foreign(void)
{
	p = in_data;
	EXPECT("realloc: foreign pointer: %p is not from this allocator\n", p);
	CHECK(realloc(p, 200) == NULL);
}

static void
size_of_foreign(void)
{
	p = in_data;
	EXPECT("malloc_usable_size: foreign pointer: %p is not from this "
	    "allocator\n", p);
	CHECK(malloc_usable_size(p) == 0);
}

static void
size_of_freed(void)
{
	p = malloc(100);
	EXPECT("malloc_usable_size: double free: object %p in zone "
	    "\"malloc-112\"\n", p);
	free(p);
	CHECK(malloc_usable_size(p) == 0);
}

/* A slab of its own, which goes back as a whole. */
static void
after_trim(void)
{
	p = malloc(28000);
	EXPECT("free: stale pointer: %p is in memory that was given back\n", p);
	free(p);
	malloc_trim(0);
	free(p);
}

static void
large_after_trim(void)
{
	p = malloc(LARGE);
	EXPECT("free: stale pointer: %p is in memory that was given back\n", p);
	free(p);
	malloc_trim(0);
	free(p);
}

static const struct {
	const char *name;
	void (*fn)(void);
} cases[] = {
#define CASE(name)	{ #name, name }
	CASE(small_twice), CASE(small_twice_among_others), CASE(middle_twice),
	CASE(large_twice), CASE(local_then_remote), CASE(remote_twice),
	CASE(remote_then_local), CASE(remote_then_local_elsewhere),
	CASE(orphan_twice), CASE(inside_small), CASE(one_byte_inside),
	CASE(inside_large), CASE(far_inside_large), CASE(behind_the_last),
	CASE(on_stack), CASE(in_static_data), CASE(wild), CASE(not_canonical),
	CASE(far_off), CASE(realloc_freed), CASE(realloc_freed_large),
	CASE(realloc_inside), CASE(realloc_foreign), CASE(size_of_foreign),
	CASE(size_of_freed), CASE(after_trim), CASE(large_after_trim)
};

#define CASES	(sizeof cases / sizeof cases[0])

/* Nothing was handed out twice, nothing is lost but what was misused. */
static void
go_on(void)
{
	unsigned char *blocks[500];

	for (size_t i = 0; i < 500; i++) {
		blocks[i] = malloc(100);
		fill(blocks[i], 0, 100, i);
	}
	for (size_t i = 0; i < 500; i++) {
		CHECK(is_filled(blocks[i], 100, i));
		free(blocks[i]);
	}
	free(realloc(malloc(LARGE), 2 * LARGE));
	malloc_trim(0);
}

/* Without an argument: the names of the cases. */
int
main(int argc, char **argv)
{
	size_t i = 0;

	if (argc < 2) {
		for (i = 0; i < CASES; i++)
			printf("%s\n", cases[i].name);
		return 0;
	}
	victim_start();
	while (i < CASES && strcmp(cases[i].name, argv[1]) != 0)
		i++;
	CHECK(i < CASES);
	cases[i].fn();
	go_on();
	return 0;
}
