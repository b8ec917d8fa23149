/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zones.c - a little of everything through the C API: is the core alive on
 * this processor and this libc?  Exit code 0, or 1 with a line that says what
 * was wrong.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zobj.h>

#define OBJECTS	5000
#define THREADS	4

struct node {
	struct node	*next;
	char		 text[40];
};

ZONE_DEFINE(lines, "line", char[64], .align = 64);

static void *objects[THREADS][OBJECTS];

static int
wrong(const char *what)
{
	fprintf(stderr, "zones: %s\n", what);
	return 1;
}

/* Free what the next thread allocated: each free is a remote one. */
static void *
free_neighbours(void *arg)
{
	void **objs = arg;

	for (int i = 0; i < OBJECTS; i++)
		zone_free(NULL, objs[i]);
	return NULL;
}

static void *
allocate(void *arg)
{
	void **objs = arg;

	for (int i = 0; i < OBJECTS; i++) {
		if ((objs[i] = zone_alloc(lines, ZONE_ZERO)) == NULL)
			return NULL;
		memset(objs[i], i, 64);
	}
	return arg;
}

static int
in_threads(void *(*fn)(void *), int shift)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++) {
		void *objs = objects[(i + shift) % THREADS];

		if (pthread_create(&t[i], NULL, fn, objs) != 0)
			return wrong("pthread_create");
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	return 0;
}

static int
one_thread(void)
{
	zone_t *z = zone_create("node", sizeof (struct node), NULL);
	struct node *list = NULL, *n;

	if (z == NULL)
		return wrong("zone_create");
	for (int i = 0; i < OBJECTS; i++) {
		if ((n = zone_alloc(z, 0)) == NULL)
			return wrong("zone_alloc");
		n->next = list;
		list = n;
	}
	if (zone_of(list->text) != z || zone_base(list->text) != list)
		return wrong("zone_of, zone_base");
	while ((n = list) != NULL) {
		list = n->next;
		zone_free(z, n);
	}
	if (zone_check_all() != 0)
		return wrong("zone_check_all");
	if (zone_destroy(z, ZONE_IF_EMPTY) != 0)
		return wrong("zone_destroy");
	return 0;
}

static int
many_threads(void)
{
	struct zone_stats st = { .stats_size = sizeof (st) };

	if (in_threads(allocate, 0) != 0)
		return 1;
	if (zone_stats(lines, &st) != 0 || st.live != THREADS * OBJECTS)
		return wrong("not all objects are live");
	if ((uintptr_t)objects[0][0] % 64 != 0)
		return wrong("alignment");
	if (in_threads(free_neighbours, 1) != 0)
		return 1;
	if (zone_stats(lines, &st) != 0 || st.live != 0)
		return wrong("objects are live after all were freed");
	zone_trim(NULL, ZONE_TRIM_CACHES);
	return zone_check_all() == 0 ? 0 : wrong("zone_check_all");
}

int
main(void)
{
	return one_thread() != 0 || many_threads() != 0;
}
