/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork.c - the child of a busy process can use every zone there is.
 */
#include "api.h"

#include <sys/wait.h>

enum { MANY = 3000, THREADS = 3, FORKS = SANITIZED ? 15 : 60 };

static void *objs[MANY];
static _Atomic(bool) stop;

/*
 * A sanitizer's runtime is not made for threads in the child: it may have been
 * copied with a lock of its own held.
 */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define CHILD_HAS_THREADS	0
#else
#define CHILD_HAS_THREADS	1
#endif

static void *
churn(void *arg)
{
	void *mine[300];

	while (!stop) {
		take_all(arg, mine, LEN(mine));
		zone_free_n(arg, mine, LEN(mine));
	}
	return NULL;
}

static void *
use_a_little(void *arg)
{
	void *mine[100];

	take_all(arg, mine, LEN(mine));
	zone_free_n(arg, mine, LEN(mine));
	return NULL;
}

static bool
child_works(zone_t *z)
{
	void *mine[500];
	zone_t *fresh;

	for (int i = 0; i < MANY; i++)
		if (!zone_holds(z, objs[i]) || *(void **)objs[i] != objs[i])
			return false;
	take_all(z, mine, LEN(mine));
	zone_free_n(z, mine, LEN(mine));
	zone_free_n(NULL, objs, MANY);
	fresh = make("child", 100, NULL);
	take_all(fresh, mine, LEN(mine));
	if (CHILD_HAS_THREADS) {
		(void)in_thread(use_a_little, z);
		free_elsewhere(fresh, mine, LEN(mine));
	}
	zone_trim(NULL, ZONE_TRIM_CACHES);
	return zone_check_all() == 0 && zone_destroy(fresh, ZONE_NOW) == 0;
}

static void
fork_and_wait(zone_t *z)
{
	int status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(child_works(z) ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

static zone_t *
make_filled(const struct zone_attr *attr)
{
	zone_t *z = make("parent", 64, attr);

	take_all(z, objs, MANY);
	for (int i = 0; i < MANY; i++)
		*(void **)objs[i] = objs[i];
	return z;
}

START_TEST(of_a_quiet_process)
{
	zone_t *z = make_filled(NULL);

	for (int i = 0; i < FORKS; i++)
		fork_and_wait(z);
	ck_assert_uint_eq(stats_of(z).live, MANY);
}
END_TEST

static void
fork_while_busy(zone_t *z)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		start(&t[i], churn, z);
	for (int i = 0; i < FORKS; i++)
		fork_and_wait(z);
	stop = true;
	for (int i = 0; i < THREADS; i++)
		(void)join(t[i]);
	ck_assert_uint_eq(stats_of(z).live, MANY);
}

START_TEST(of_a_busy_process)
{
	fork_while_busy(make_filled(NULL));
}
END_TEST

START_TEST(with_a_limited_zone)
{
	fork_while_busy(make_filled(ATTR(.limit = 2 * MANY)));
}
END_TEST

/* By a thread that has never allocated. */
static void *
fork_first(void *arg)
{
	fork_and_wait(arg);
	return NULL;
}

START_TEST(by_a_new_thread)
{
	zone_t *z = make_filled(NULL);

	for (int i = 0; i < FORKS; i++)
		(void)in_thread(fork_first, z);
}
END_TEST

START_TEST(before_any_use)
{
	int status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(child_works(make_filled(NULL)) ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* Child of child of child. */
START_TEST(generations)
{
	zone_t *z = make_filled(NULL);
	int status;
	pid_t child;

	for (int i = 0; i < 10; i++) {
		child = fork();
		ck_assert_int_ge(child, 0);
		if (child != 0) {
			ck_assert_int_eq(waitpid(child, &status, 0), child);
			_exit(status == 0 ? 0 : 1);
		}
		(void)use_a_little(z);
		api_verify();
	}
	_exit(child_works(z) ? 0 : 1);
}
END_TEST

RUN_TESTS("fork", of_a_quiet_process, of_a_busy_process, with_a_limited_zone,
    by_a_new_thread, before_any_use, generations)
