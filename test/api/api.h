/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * api.h - what the tests of the public functions have in common.  These see
 * the installed header only, and run in a process of their own each; the
 * walker looks at what each leaves behind.
 */
#ifndef API_H
#define API_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zobj.h>

#include "rng.h"

#define KIB		((size_t)1 << 10)
#define MIB		((size_t)1 << 20)
#define SLAB		(64 * KIB)		/* the default slab */
#define LEN(a)		(sizeof (a) / sizeof ((a)[0]))

#ifndef API_TIMEOUT
#define API_TIMEOUT	300	/* seconds; only against hanging */
#endif

/* Shadow memory of a sanitizer is in the process's figures. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED	1
#else
#define SANITIZED	0
#endif

/*
 * Check writes the place of each assertion that holds to a file, for whom it
 * kills later.  A place does so once here: some are passed a million times.
 */
#define _mark_point(file, line)						\
	__extension__ ({						\
		static bool marked_;					\
		if (!__atomic_exchange_n(&marked_, true, __ATOMIC_RELAXED)) \
			(_mark_point)(file, line);			\
	})

/* Like ck_assert, for any thread. */
#define MUST(e) \
	((e) ? (void)0 : api_fail(#e, __FILE__, __LINE__))

#define ATTR(...) \
	(&(struct zone_attr){ .attr_size = sizeof (struct zone_attr), \
	    __VA_ARGS__ })

/* A call that has to fail, and with which errno. */
#define ASSERT_FAILS(call, failed, error)				\
	do {								\
		errno = 0;						\
		ck_assert((call) == (failed));				\
		ck_assert_int_eq(errno, (error));			\
	} while (0)

_Noreturn static inline void
api_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
	abort();
}

/* Mistakes go to FN from now on, and nobody reads their messages. */
static inline void
on_error(void (*fn)(enum zone_error, zone_t *, void *, void *), void *arg)
{
	int null = open("/dev/null", O_WRONLY);

	MUST(null >= 0 && dup2(null, STDERR_FILENO) == STDERR_FILENO);
	close(null);
	zone_on_error(fn, arg);
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
	for (size_t i = 0; i < n; i++)
		objs[i] = take(z);
}

static inline struct zone_stats
stats_of(zone_t *z)
{
	struct zone_stats st = { .stats_size = sizeof st };

	MUST(zone_stats(z, &st) == 0);
	MUST(st.slabs == st.slabs_owned + st.slabs_busy + st.slabs_partial +
	    st.slabs_free);
	return st;
}

static inline void
start(pthread_t *t, void *(*fn)(void *), void *arg)
{
	MUST(pthread_create(t, NULL, fn, arg) == 0);
}

static inline void *
join(pthread_t t)
{
	void *result;

	MUST(pthread_join(t, &result) == 0);
	return result;
}

/* Run FN in another thread until it has ended. */
static inline void *
in_thread(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	start(&t, fn, arg);
	return join(t);
}

struct batch {
	zone_t	*z;
	void	**objs;
	size_t	 n;
};

static inline void *
free_batch(void *arg)
{
	struct batch *b = arg;

	for (size_t i = 0; i < b->n; i++)
		zone_free(b->z, b->objs[i]);
	return NULL;
}

static inline void *
take_batch(void *arg)
{
	struct batch *b = arg;

	take_all(b->z, b->objs, b->n);
	return NULL;
}

static inline void
free_elsewhere(zone_t *z, void **objs, size_t n)
{
	(void)in_thread(free_batch, &(struct batch){ z, objs, n });
}

static inline void
take_elsewhere(zone_t *z, void **objs, size_t n)
{
	(void)in_thread(take_batch, &(struct batch){ z, objs, n });
}

/* Bytes of the process in memory; not of files, whose pages come and go. */
static inline size_t
resident(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	unsigned long kib = 0;
	char line[200];

	MUST(f != NULL);
	while (kib == 0 && fgets(line, sizeof line, f) != NULL)
		(void)sscanf(line, "Anonymous: %lu", &kib);
	fclose(f);
	return kib * KIB;
}

static inline size_t
count_mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	size_t lines = 0;

	MUST(f != NULL);
	for (int c; (c = getc(f)) != EOF;)
		lines += c == '\n';
	fclose(f);
	return lines;
}

static inline bool
is_zero(const void *p, size_t n)
{
	const unsigned char *c = p;

	return n == 0 || (c[0] == 0 && memcmp(c, c + 1, n - 1) == 0);
}

static inline void
api_verify(void)
{
	ck_assert_int_eq(zone_check_all(), 0);
}

/* SIGNAL: how each test has to end; 0: by returning. */
static inline int
api_run_with(const char *name, const TTest *const *tests, size_t n, int signal)
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, API_TIMEOUT);
	if (signal == 0)
		tcase_add_checked_fixture(tc, NULL, api_verify);
	for (size_t i = 0; i < n; i++)
		tcase_add_test_raise_signal(tc, tests[i], signal);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

static inline int
api_run(const char *name, const TTest *const *tests, size_t n)
{
	return api_run_with(name, tests, n, 0);
}

static inline int
api_run_deaths(const char *name, const TTest *const *tests, size_t n)
{
	return api_run_with(name, tests, n, SIGABRT);
}

#define RUN_TESTS(name, ...)						\
	int								\
	main(void)							\
	{								\
		const TTest *const tests[] = { __VA_ARGS__ };		\
									\
		return api_run(name, tests, LEN(tests));		\
	}

#endif /* API_H */
