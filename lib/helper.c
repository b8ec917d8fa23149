/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper.c - see helper.h.
 */
#include "helper.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "os.h"
#include "reclaim.h"

enum { STACK = 128 * 1024 };	/* destructors of the program run on it */

_Atomic(bool) helper_runs;

static void *
help(void *arg)
{
	/*
	 * Not alone: a process ends with its last thread, and this one takes
	 * no signals.  Who comes later starts another.
	 */
	while (thread_count() > (zobj_tls.mine != NULL)) {
		reclaim_idle(NULL);
		reclaim_watch(os_coarse_ms());
		os_sleep_ms((unsigned)options.helper);
	}
	helper_forget();
	return arg;
}

/* Signals of the program are for its own threads. */
static int
start_quietly(const pthread_attr_t *attr)
{
	sigset_t all, old;
	pthread_t thread;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread, attr, help, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

void
helper_start(void)
{
	int saved = errno;
	pthread_attr_t attr;

	/* One of those that come here at once; creating a thread allocates. */
	if (atomic_exchange_explicit(&helper_runs, true, memory_order_relaxed))
		return;
	if (pthread_attr_init(&attr) == 0) {
		(void)pthread_attr_setdetachstate(&attr,
		    PTHREAD_CREATE_DETACHED);
		(void)pthread_attr_setstacksize(&attr, STACK);
		/* Not to be had: then not, rather than at every slow path. */
		(void)start_quietly(&attr);
		(void)pthread_attr_destroy(&attr);
	}
	errno = saved;
}

void
helper_forget(void)
{
	store_relaxed(&helper_runs, false);
}
