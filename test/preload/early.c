/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Before main: from an IFUNC resolver, where not even thread-local storage
 * works yet, from preinit_array and from constructors.  After main: from
 * atexit and destructors, while another thread goes on.
 */
#include "victim.h"

#include <pthread.h>

extern char *early_library_text;
static char *resolver_block, *preinit_block, *constructor_block;

static char *
make(size_t tag)
{
	char *p = malloc(10), *q;

	free(NULL);
	p = realloc(p, 300);
	free(calloc(3, 50));
	q = malloc(100000);
	q = realloc(q, 300000);
	free(q);
	for (size_t i = 0; i < 300; i++)
		p[i] = (char)(tag + i);
	return p;
}

static int
is_whole(const char *p, size_t tag)
{
	for (size_t i = 0; i < 300; i++)
		if (p[i] != (char)(tag + i))
			return 0;
	return 1;
}

static int
chosen_one(void)
{
	return 42;
}

/* The loader calls this while it relocates the program. */
__attribute__((__used__)) static int
(*resolve(void))(void)
{
	resolver_block = make(1);
	return chosen_one;
}
int chosen(void) __attribute__((__ifunc__("resolve")));

static void
preinit(void)
{
	preinit_block = make(2);
}
__attribute__((__section__(".preinit_array"), __used__))
static void (*const preinit_entry)(void) = preinit;

__attribute__((__constructor__)) static void
construct(void)
{
	constructor_block = make(3);
}

/* free, in another thread, of what was there before threads. */
static void *
release(void *arg)
{
	(void)arg;
	CHECK(is_whole(resolver_block, 1));
	free(resolver_block);
	resolver_block = make(4);
	return NULL;
}

static void *
churn(void *arg)
{
	for (;;)
		free(make((size_t)arg));
	return NULL;
}

static char *late_block;

static void
at_exit(void)
{
	CHECK(is_whole(late_block, 5));
	late_block = realloc(late_block, 100000);
}

__attribute__((__destructor__)) static void
destroy(void)
{
	free(late_block);
	free(make(6));
}

int
main(void)
{
	pthread_t t;

	victim_start();
	CHECK(chosen() == 42);
	CHECK(strcmp(early_library_text, "made by a constructor") == 0);
	if (!victim_is_plain())
		CHECK(zone_name_of(resolver_block) != NULL &&
		    zone_name_of(preinit_block) != NULL &&
		    zone_name_of(early_library_text) != NULL);
	CHECK(is_whole(preinit_block, 2) && is_whole(constructor_block, 3));
	CHECK(pthread_create(&t, NULL, release, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	free(preinit_block);
	free(constructor_block);
	CHECK(is_whole(resolver_block, 4));
	free(resolver_block);
	late_block = make(5);
	CHECK(atexit(at_exit) == 0);
	CHECK(pthread_create(&t, NULL, churn, (void *)7) == 0);
	return 0;
}
