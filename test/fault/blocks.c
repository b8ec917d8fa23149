/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blocks.c - malloc and its family under the shim while system calls fail:
 * NULL with ENOMEM, and every block what it was.
 */
#include "fault.h"

#include <malloc.h>

enum { BLOCKS = 100, STEPS = 800, THREADS = 3 };

struct block {
	unsigned char	*p;
	size_t		 size;
	unsigned char	 tag;
};

struct world {
	struct block	blocks[BLOCKS];
	uint32_t	random;
};

/* Of large blocks a few bytes in each page. */
static size_t
next(size_t i)
{
	return i < 8 * KIB ? i + 1 : i + 509;
}

static void
fill(struct block *b, size_t from)
{
	for (size_t i = 0; i < b->size; i = next(i))
		if (i >= from)
			b->p[i] = (unsigned char)(b->tag + i + (i >> 8));
}

static void
verify(const struct block *b, size_t size)
{
	for (size_t i = 0; i < size; i = next(i))
		MUST(b->p[i] == (unsigned char)(b->tag + i + (i >> 8)));
}

static void
verify_all(const struct world *w)
{
	for (size_t i = 0; i < BLOCKS; i++)
		if (w->blocks[i].p != NULL)
			verify(&w->blocks[i], w->blocks[i].size);
}

/* Mostly small; some are moved by the page. */
static size_t
pick_size(uint32_t *random)
{
	uint32_t r = next_random(random);

	if (r % 50 == 0)
		return r / 50 % (2 * MIB);
	if (r % 7 == 0)
		return r / 7 % (100 * KIB);
	return r / 64 % 2000;
}

static void *
call(uint32_t which, size_t size)
{
	size_t align = (size_t)16 << which / 4 % 14;
	void *p = NULL;
	int error;

	switch (which % 4) {
	case 0:
		p = calloc(1, size);
		MUST(p == NULL || is_zero(p, size));
		return p;
	case 1:
		error = posix_memalign(&p, align, size);
		MUST(error == 0 || error == ENOMEM);
		MUST(error != 0 || (uintptr_t)p % align == 0);
		errno = error;
		return error == 0 ? p : NULL;
	default:
		return malloc(size);
	}
}

static void
take(struct world *w, struct block *b)
{
	uint32_t which = next_random(&w->random);
	size_t size = pick_size(&w->random);
	void *p;

	do
		p = call(which, size);
	while (p == NULL && refused(errno, ENOMEM));
	if (p == NULL)
		return;
	MUST(malloc_usable_size(p) >= size);
	*b = (struct block){ p, size, (unsigned char)which };
	fill(b, 0);
}

static void
resize(struct world *w, struct block *b)
{
	size_t size = b->size > MIB / 2 ? b->size + MIB / 2 :
	    pick_size(&w->random) + 1, old = b->size;
	void *p;

	do {
		p = realloc(b->p, size);
		if (p == NULL)
			verify(b, old);
	} while (p == NULL && refused(errno, ENOMEM));
	if (p == NULL)
		return;
	b->p = p;
	verify(b, old < size ? old : size);
	b->size = size;
	fill(b, old);
}

static void
give(struct block *b)
{
	verify(b, b->size);
	errno = EXDEV;
	free(b->p);
	MUST(errno == EXDEV);
	b->p = NULL;
}

static void
step(struct world *w)
{
	uint32_t r = next_random(&w->random);
	struct block *b = &w->blocks[r / 8 % BLOCKS];

	if (b->p == NULL)
		take(w, b);
	else if (r % 8 < 3)
		resize(w, b);
	else
		give(b);
}

static void *
live(void *arg)
{
	struct world *w = arg;

	for (int i = 0; i < STEPS; i++)
		step(w);
	verify_all(w);
	return NULL;
}

static void
end(struct world *w)
{
	for (size_t i = 0; i < BLOCKS; i++)
		if (w->blocks[i].p != NULL)
			give(&w->blocks[i]);
}

static struct world worlds[THREADS];

/* The C library allocates for a thread: that may fail, too. */
static void
use_threads(void)
{
	pthread_t t[THREADS];
	bool runs[THREADS];
	int error;

	for (size_t i = 0; i < THREADS; i++) {
		do
			error = pthread_create(&t[i], NULL, live, &worlds[i]);
		while (error != 0 && refused(error, EAGAIN));
		runs[i] = error == 0;
	}
	for (size_t i = 0; i < THREADS; i++)
		MUST(!runs[i] || pthread_join(t[i], NULL) == 0);
}

static void
use_process(void)
{
	int status;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		(void)live(&worlds[0]);
		for (size_t i = 0; i < THREADS; i++)
			verify_all(&worlds[i]);
		exit(0);
	}
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
}

int
main(int argc, char **argv)
{
	(void)argc;
	set_mode(argv[1]);
	for (size_t i = 0; i < THREADS; i++)
		worlds[i].random = (uint32_t)i + 1;
	(void)live(&worlds[0]);
	use_threads();
	(void)malloc_trim(0);
	use_process();
	for (size_t i = 0; i < THREADS; i++) {
		verify_all(&worlds[i]);
		end(&worlds[i]);
	}
	(void)malloc_trim(0);
	(void)live(&worlds[0]);
	end(&worlds[0]);
	return 0;
}
