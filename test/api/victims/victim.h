/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * victim.h - a victim is a program that makes one mistake.  Its first comment
 * quotes the line that the library has to write; misuse.sh compares.
 *
 *	victim abort	the mistake must end it
 *	victim handler	zone_on_error: called once, with what `expect` said
 *	victim quiet	run under ZOBJ_OPTIONS=abort=0
 *
 * In the last two the program goes on, and nothing is corrupted: the walker is
 * content, and no object is handed out twice.
 */
#ifndef VICTIM_H
#define VICTIM_H

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zobj.h>

#define ATTR(...) \
	(&(struct zone_attr){ .attr_size = sizeof (struct zone_attr), \
	    __VA_ARGS__ })
#define MUST(e) \
	((e) ? (void)0 : victim_fail(#e, __LINE__))

static void mistake(void);

static struct {
	enum zone_error	 e;
	zone_t		*z;
	void		*obj;
	unsigned	 calls;
	int		 is_handled;
} victim;

static inline void
victim_fail(const char *what, int line)
{
	printf("line %d: failed: %s\n", line, what);
	fflush(stdout);
	_exit(3);
}

static inline zone_t *
make(const char *name, size_t size, const struct zone_attr *attr)
{
	zone_t *z = zone_create(name, size, attr);

	MUST(z != NULL);
	return z;
}

static inline void *
take(zone_t *z)
{
	void *p = zone_alloc(z, 0);

	MUST(p != NULL);
	return p;
}

static inline void
take_all(zone_t *z, void **objs, size_t n)
{
	MUST(zone_alloc_n(z, objs, n, 0) == n);
}

/* What is said about the mistake that comes next. */
static inline void
expect(enum zone_error e, zone_t *z, void *obj)
{
	victim.e = e;
	victim.z = z;
	victim.obj = obj;
}

struct victim_call {
	zone_t	*z;
	void	*p;
};

static inline void *
victim_free(void *arg)
{
	struct victim_call *c = arg;

	zone_free(c->z, c->p);
	return NULL;
}

static inline void *
victim_take(void *arg)
{
	struct victim_call *c = arg;

	c->p = take(c->z);
	return NULL;
}

static inline void
victim_elsewhere(void *(*fn)(void *), struct victim_call *c)
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, fn, c) == 0);
	MUST(pthread_join(t, NULL) == 0);
}

/* Free P in another thread, which ends. */
static inline void
free_elsewhere(zone_t *z, void *p)
{
	victim_elsewhere(victim_free, &(struct victim_call){ z, p });
}

/* An object whose slab belongs to nobody. */
static inline void *
take_elsewhere(zone_t *z)
{
	struct victim_call c = { z, NULL };

	victim_elsewhere(victim_take, &c);
	return c.p;
}

static inline void
victim_note(enum zone_error e, zone_t *z, void *obj, void *arg)
{
	MUST(arg == &victim);
	MUST(e == victim.e && z == victim.z && obj == victim.obj);
	victim.calls++;
}

static inline int
victim_compare(const void *a, const void *b)
{
	uintptr_t p = *(const uintptr_t *)a, q = *(const uintptr_t *)b;

	return p < q ? -1 : p > q;
}

/* Some more objects of each zone: each only once. */
static inline int
victim_go_on(zone_t *z, void *arg)
{
	enum { MORE = 3000 };
	static void *objs[MORE];
	size_t n = zone_alloc_n(z, objs, MORE, 0);

	(void)arg;
	qsort(objs, n, sizeof objs[0], victim_compare);
	for (size_t i = 1; i < n; i++)
		MUST(objs[i] != objs[i - 1]);
	zone_free_n(z, objs, n);
	return 0;
}

int
main(int argc, char **argv)
{
	victim.is_handled = argc > 1 && strcmp(argv[1], "handler") == 0;
	if (victim.is_handled)
		zone_on_error(victim_note, &victim);
	mistake();
	MUST(victim.calls == (unsigned)victim.is_handled ||
	    victim.e == ZONE_LIVE_OBJECT);
	MUST(zone_foreach(victim_go_on, NULL) == 0);
	MUST(zone_check_all() == 0);
	return 0;
}

#endif /* VICTIM_H */
