/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nowait.c - ZONE_NOWAIT makes no system call and waits for nobody.
 *
 * In a process of its own a filter kills whoever makes a system call other than
 * the one that ends it.  Freeing may call the system, so what was allocated
 * behind the filter is not freed there.
 */
#include "api.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#if defined(__x86_64__)
#define ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH	AUDIT_ARCH_AARCH64
#endif

enum { CANNOT_RUN = 77, MANY = 20000 };

static zone_t *zone;
static void *objs[MANY];

/* From now on, in this thread alone; false: not possible. */
static bool
forbid_calls(void)
{
#ifdef ARCH
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	};
	struct sock_fprog program = { LEN(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
	return false;
#endif
}

/* 0 if FN, behind the filter, returns true; fails if it is killed. */
static int
run_forbidden(int (*prepare)(void), bool (*fn)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int skip = prepare != NULL ? prepare() : 0;

		if (skip != 0 || !forbid_calls())
			_exit(CANNOT_RUN);
		_exit(fn() ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(!WIFSIGNALED(status), "killed by signal %d",
	    WTERMSIG(status));
	return WEXITSTATUS(status);
}

static size_t
take_quickly(size_t n)
{
	size_t got = 0;

	while (got < n && (objs[got] = zone_alloc(zone, ZONE_NOWAIT)) != NULL)
		got++;
	return got;
}

/* The filter does what it should, or none of this says anything. */
static bool
call_the_system(void)
{
	return syscall(SYS_getppid) >= 0;
}

static bool
filter_works(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (!forbid_calls())
			_exit(CANNOT_RUN);
		_exit(call_the_system() ? 0 : 1);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static int
with_free_objects(void)
{
	zone = make("many", 100, ATTR(.max_free_slabs = 100));
	take_all(zone, objs, MANY);
	zone_free_n(zone, objs, MANY);
	return 0;
}

/* From the word, the active slab, the thread's other slabs, shared slabs. */
static bool
take_what_was_freed(void)
{
	return take_quickly(MANY - 1) == MANY - 1 &&
	    zone_alloc(zone, ZONE_NOWAIT | ZONE_ZERO) != NULL;
}

START_TEST(what_is_at_hand)
{
	ck_assert_int_eq(run_forbidden(with_free_objects,
	    take_what_was_freed), 0);
}
END_TEST

static int
with_an_ended_thread(void)
{
	zone = make("shared", 100, ATTR(.max_free_slabs = 100));
	take_elsewhere(zone, objs, MANY);
	free_elsewhere(zone, objs, MANY);
	return 0;
}

START_TEST(shared_slabs)
{
	ck_assert_int_eq(run_forbidden(with_an_ended_thread,
	    take_what_was_freed), 0);
}
END_TEST

/* Units that another zone has left; of two shapes: with maps, and without. */
static int
with_a_depot(size_t size)
{
	zone_t *other = make("other", 1000, NULL);

	/* Bitmaps that lie elsewhere need some that are free there. */
	zone = make("first", size, NULL);
	take_all(zone, objs, MANY);
	take_all(other, objs, 1000);
	zone_free_n(other, objs, 1000);
	(void)zone_destroy(other, ZONE_NOW);
	zone = make("empty", size, NULL);
	return 0;
}

static int
with_a_depot_large(void)
{
	return with_a_depot(500);
}

static int
with_a_depot_small(void)
{
	return with_a_depot(16);
}

static bool
take_some_until_none(void)
{
	size_t n = take_quickly(MANY);

	return n > 0 && (n == MANY || errno == ENOMEM);
}

START_TEST(units_from_the_depot)
{
	ck_assert_int_eq(run_forbidden(with_a_depot_large,
	    take_some_until_none), 0);
	ck_assert_int_eq(run_forbidden(with_a_depot_small,
	    take_some_until_none), 0);
}
END_TEST

static int
with_nothing(void)
{
	zone = make("nothing", 40000, NULL);
	return 0;
}

static bool
take_none(void)
{
	for (int i = 0; i < 1000; i++)
		if (take_quickly(1) != 0 || errno != ENOMEM)
			return false;
	return true;
}

START_TEST(exhausted)
{
	ck_assert_int_eq(run_forbidden(with_nothing, take_none), 0);
}
END_TEST

static int
with_a_limit(void)
{
	zone = make("limit", 64, ATTR(.limit = MANY,
	    .max_free_slabs = 100));
	take_all(zone, objs, MANY);
	zone_free_n(zone, objs, MANY);
	return 0;
}

static bool
take_up_to_the_limit(void)
{
	return take_quickly(MANY) == MANY &&
	    zone_alloc(zone, ZONE_NOWAIT) == NULL && errno == ENOSPC;
}

START_TEST(limited)
{
	ck_assert_int_eq(run_forbidden(with_a_limit, take_up_to_the_limit), 0);
}
END_TEST

/* A thread whose first call it is; it ends with the process. */
static void *
come_new(void *arg)
{
	if (!forbid_calls())
		_exit(CANNOT_RUN);
	_exit(take_what_was_freed() ? 0 : 1);
	return arg;
}

static int
in_a_new_thread(void)
{
	pthread_t t;

	(void)with_an_ended_thread();
	start(&t, come_new, NULL);
	(void)join(t);
	return CANNOT_RUN;
}

START_TEST(first_call_of_a_thread)
{
	ck_assert_int_eq(run_forbidden(in_a_new_thread, NULL), 0);
}
END_TEST

/* Others take and give meanwhile, and wait for what we have for a moment. */
static void *
disturb(void *arg)
{
	void *p[64];

	for (;;) {
		take_all(zone, p, LEN(p));
		zone_free_n(zone, p, LEN(p));
		(void)zone_trim(zone, ZONE_TRIM_CACHES);
	}
	return arg;
}

static int
with_disturbers(void)
{
	pthread_t t[3];

	(void)with_free_objects();
	for (size_t i = 0; i < LEN(t); i++)
		start(&t[i], disturb, NULL);
	return 0;
}

/* There may be none each time; what there is, is ours. */
static bool
take_among_others(void)
{
	size_t got = 0;

	for (int i = 0; i < 200000 && got < MANY; i++) {
		objs[got] = zone_alloc(zone, ZONE_NOWAIT);
		if (objs[got] != NULL)
			memset(objs[got++], 1, zone_size(zone));
	}
	return got == MANY || errno == ENOMEM;
}

START_TEST(among_others)
{
	ck_assert_int_eq(run_forbidden(with_disturbers, take_among_others), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_at_hand, shared_slabs, units_from_the_depot, exhausted,
		limited, first_call_of_a_thread, among_others
	};

#if defined(ZOBJ_YIELD) || defined(__SANITIZE_THREAD__)
	return CANNOT_RUN;	/* such a build makes calls of its own */
#endif
	if (!filter_works())
		return CANNOT_RUN;
	return api_run("nowait", tests, LEN(tests));
}
