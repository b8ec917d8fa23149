/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A signal after every instruction of malloc, free and realloc, of their slow
 * paths, of a trim, and of a thread's first and last call: the handler
 * allocates, frees and resizes, and gets what it asks for.
 */
#include "victim.h"

#include <malloc.h>
#include <pthread.h>

#include "../step.h"

#define HELD		48
#define SMALL		4096	/* bytes a handler can count on */
#define OBJECTS		120

struct block {
	unsigned char *p;
	size_t	       size;
};

/* The handler's own, of all threads: only one steps at a time. */
static struct block held[HELD];
static uint32_t seed = 2463534242u;
static unsigned long traps, refused;

/*
 * Time passes when we say so: stepping takes so long that otherwise every call
 * would do what is to be done now and then.
 */
static time_t now = 1000;

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;
	ts->tv_sec = now;
	ts->tv_nsec = 0;
	return 0;
}

static size_t
any_size(void)
{
	uint32_t r = next_random(&seed);

	if (r % 256 == 0)
		return 40000 + (r >> 8) % 100000;
	return (r >> 8) % (r % 16 == 0 ? SMALL : 300);
}

static void
resize(struct block *b, size_t i)
{
	size_t size = any_size() + 1;
	void *p = realloc(b->p, size);

	if (p == NULL) {
		CHECK(size > SMALL);
		refused++;
		return;
	}
	CHECK(is_filled(p, b->size < size ? b->size : size, i));
	b->p = p;
	b->size = size;
	fill(p, 0, size, i);
}

static void
replace(struct block *b, size_t i)
{
	size_t size = any_size();

	free(b->p);
	b->p = (traps & 8) != 0 ? calloc(1, size) : malloc(size);
	b->size = b->p != NULL ? size : 0;
	refused += b->p == NULL;
	CHECK(b->p != NULL || size > SMALL);
	CHECK((traps & 8) == 0 || is_zero(b->p, b->size));
	fill(b->p, 0, b->size, i);
}

/* Some things are for every instruction, some for every few. */
static void
handler(int number)
{
	size_t i = traps++ % HELD;
	struct block *b = &held[i];
	int saved = errno;

	(void)number;
	CHECK(is_filled(b->p, b->size, i));
	if (next_random(&seed) % 4 == 0)
		resize(b, i);
	else
		replace(b, i);
	free(malloc(64));
	errno = saved;
}

/* A long copy is an instruction that traps after each byte: none of them. */
static void
pairs(void)
{
	static const size_t sizes[] = { 1, 64, 500, 1000, 100000 };

	for (size_t i = 0; i < 5 * sizeof sizes / sizeof sizes[0]; i++) {
		size_t size = sizes[i / 5];
		unsigned char *p;

		step_begin();
		p = malloc(size);
		step_end();
		CHECK(p != NULL);
		fill(p, 0, size, i);
		step_begin();
		p = realloc(p, size < 2000 ? size * 2 : size / 2);
		step_end();
		CHECK(p != NULL && is_filled(p, size / 2, i));
		step_begin();
		free(p);
		step_end();
	}
}

/* More than the thread has at hand, and back in another order. */
static void
batch(size_t size)
{
	static unsigned char *p[OBJECTS];

	step_begin();
	for (size_t i = 0; i < OBJECTS; i++)
		p[i] = malloc(size);
	step_end();
	for (size_t i = 0; i < OBJECTS; i++)
		fill(p[i], 0, size, i);
	for (size_t i = 0; i < OBJECTS; i++)
		CHECK(is_filled(p[i], size, i));
	step_begin();
	for (size_t i = 0; i < OBJECTS; i++)
		free(p[i * 7 % OBJECTS]);
	step_end();
}

static void *
allocate(void *arg)
{
	void **p = arg;

	for (size_t i = 0; i < 40; i++)
		CHECK((p[i] = malloc(200)) != NULL);
	return NULL;
}

/* Objects of another thread's slabs, and of one's that has ended. */
static void
others(void)
{
	void *p[40];
	pthread_t t;

	CHECK(pthread_create(&t, NULL, allocate, p) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	step_begin();
	for (size_t i = 0; i < 40; i++)
		free(p[i]);
	step_end();
}

static pthread_key_t key;

static void
end_stepping(void *arg)
{
	(void)arg;
	step_end();
}

/* From its first call to behind its destructors. */
static void *
live_and_die(void *arg)
{
	void *p;

	CHECK(pthread_setspecific(key, &key) == 0);
	step_begin();
	p = malloc(100);
	free(malloc(1000));
	free(p);
	return arg;
}

static void
a_thread(void)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, live_and_die, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
}

int
main(void)
{
	int (*check)(void);

	victim_start();
	if (!STEP_WORKS)
		victim_skip("no trap flag");
	free(malloc(100));
	/* Later than the malloc's own: its destructor comes last. */
	CHECK(pthread_key_create(&key, end_stepping) == 0);
	CHECK(step_install(handler) == 0);
	for (size_t n = 0; victim_goes_on(n, 1); n++) {
		now++;
		pairs();
		batch(48);
		batch(1500);
		others();
		a_thread();
		step_begin();
		malloc_trim(0);
		step_end();
	}
	for (size_t i = 0; i < HELD; i++)
		free(held[i].p);
	CHECK(traps > 50000);
	dprintf(1, "%lu traps, %lu large blocks refused\n", traps, refused);
	check = (int (*)(void))dlsym(RTLD_DEFAULT, "zobj_check_all");
	CHECK(victim_is_plain() || check() == 0);
	return 0;
}
