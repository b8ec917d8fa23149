/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.c - see fault.h.  Owns the plans and the counts.
 */
#include "fault.h"

#include <errno.h>
#include <string.h>

enum { PLANS = 8 };

struct plan {
	enum fault_call	call;
	size_t		n;
	bool		onward;
	_Atomic(size_t)	seen;
};

/* Each with the error that the system most likely gives there. */
static const struct { const char *name; int error; } calls[FAULT_CALLS] = {
	[FAULT_SYSINFO] = { "sysinfo", ENOSYS },
	[FAULT_GETRLIMIT] = { "getrlimit", ENOSYS },
	[FAULT_RESERVE] = { "reserve", ENOMEM },
	[FAULT_TRIM_BELOW] = { "trim-below", ENOMEM },
	[FAULT_TRIM_ABOVE] = { "trim-above", ENOMEM },
	[FAULT_COMMIT] = { "commit", ENOMEM },
	[FAULT_POPULATE] = { "populate", ENOMEM },
	[FAULT_PURGE] = { "purge", EINVAL },	/* locked in memory */
	[FAULT_MOVE_AWAY] = { "move-away", ENOMEM },
	[FAULT_MOVE_TO] = { "move-to", ENOMEM },
	[FAULT_MOVE_UNMAP] = { "move-unmap", ENOMEM },
	[FAULT_MAP_ANEW] = { "map-anew", ENOMEM },
	[FAULT_PRESENT] = { "present", EAGAIN },
	[FAULT_NO_HUGE] = { "no-huge", EINVAL },
	[FAULT_HUGE] = { "huge", EINVAL },
	[FAULT_BARRIER_REGISTER] = { "barrier-register", ENOSYS },
	[FAULT_BARRIER] = { "barrier", ENOSYS },
	[FAULT_WAIT] = { "wait", EINTR },
	[FAULT_SLEEP] = { "sleep", EINTR },
	[FAULT_CPU] = { "cpu", ENOSYS },
	[FAULT_CLOCK] = { "clock", EINVAL },
	[FAULT_OPEN] = { "open", EACCES },
	[FAULT_OPEN_READ] = { "open-read", EACCES },
	[FAULT_READ] = { "read", EIO },
	[FAULT_WRITE] = { "write", EIO }
};

_Atomic(bool) fault_is_on;

/* Only added to, and read again once the calls are over: relaxed. */
static _Atomic(size_t) made[FAULT_CALLS], failed[FAULT_CALLS];
static struct plan plans[PLANS];
static unsigned plan_count;

bool
fault_plan(enum fault_call call, size_t n, bool onward)
{
	if (plan_count == PLANS)
		return false;
	plans[plan_count].call = call;
	plans[plan_count].n = n;
	plans[plan_count].onward = onward;
	store_relaxed(&plans[plan_count++].seen, 0);
	fault_watch();
	return true;
}

void
fault_watch(void)
{
	store_relaxed(&fault_is_on, true);
}

void
fault_stop(void)
{
	store_relaxed(&fault_is_on, false);
}

void
fault_forget(void)
{
	fault_stop();
	plan_count = 0;
	for (unsigned i = 0; i < FAULT_CALLS; i++) {
		store_relaxed(&made[i], 0);
		store_relaxed(&failed[i], 0);
	}
}

static size_t
count(_Atomic(size_t) *n)
{
	return atomic_fetch_add_explicit(n, 1, memory_order_relaxed) + 1;
}

/* Each plan counts, whatever the others say. */
int
fault_look(enum fault_call call)
{
	bool fails = false;

	(void)count(&made[call]);
	for (unsigned i = 0; i < plan_count; i++) {
		struct plan *p = &plans[i];
		size_t n;

		if (p->call != FAULT_ANY && p->call != call)
			continue;
		n = count(&p->seen);
		fails |= n == p->n || (n > p->n && p->onward);
	}
	if (!fails)
		return 0;
	(void)count(&failed[call]);
	return calls[call].error;
}

enum fault_call
fault_by_name(const char *name)
{
	unsigned i = 0;

	while (i < FAULT_CALLS && strcmp(calls[i].name, name) != 0)
		i++;
	return i;
}

const char *
fault_name(enum fault_call call)
{
	return calls[call].name;
}

size_t
fault_made(enum fault_call call)
{
	return load_relaxed(&made[call]);
}

size_t
fault_failed(enum fault_call call)
{
	return load_relaxed(&failed[call]);
}

/* The finalizer of SplitMix64 (Steele, Lea and Flood, 2014). */
bool
fault_draws(uint64_t seed, uint64_t n, size_t one_in)
{
	uint64_t x = (seed + 1) * 0xbf58476d1ce4e5b9u + n * 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (x ^ x >> 31) % one_in == 0;
}
