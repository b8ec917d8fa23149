/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.h - failures to order: the system call, or the allocation, that is to
 * fail so that what handles the failure is run.
 *
 * Off unless ZOBJ_OPTIONS says fail=...; then each call of os.c that can fail
 * is counted, and fails without being made if a plan says so.  Makes no call
 * itself and takes no lock.
 */
#ifndef ZOBJ_FAULT_H
#define ZOBJ_FAULT_H

#include "base.h"

/* The places of os.c: each call that can fail, as fault.c names it. */
enum fault_call {
	FAULT_SYSINFO,
	FAULT_GETRLIMIT,
	FAULT_RESERVE,
	FAULT_TRIM_BELOW,
	FAULT_TRIM_ABOVE,
	FAULT_COMMIT,
	FAULT_POPULATE,
	FAULT_PURGE,
	FAULT_MOVE_AWAY,
	FAULT_MOVE_TO,
	FAULT_MOVE_UNMAP,
	FAULT_MAP_ANEW,
	FAULT_PRESENT,
	FAULT_NO_HUGE,
	FAULT_HUGE,
	FAULT_BARRIER_REGISTER,
	FAULT_BARRIER,
	FAULT_WAIT,
	FAULT_SLEEP,
	FAULT_CPU,
	FAULT_CLOCK,
	FAULT_OPEN,
	FAULT_OPEN_READ,
	FAULT_READ,
	FAULT_WRITE,
	FAULT_CALLS,
	FAULT_ANY = FAULT_CALLS
};

/*
 * The N-th call of that kind from now on fails, and with ONWARD all after it.
 * Several plans hold side by side; false: too many.
 */
bool	fault_plan(enum fault_call call, size_t n, bool onward);
void	fault_watch(void);	/* count */
void	fault_stop(void);	/* neither fail nor count any more */
void	fault_forget(void);	/* that, and forget plans and counts */

/* FAULT_CALLS: no call has that name. */
enum fault_call fault_by_name(const char *name);
const char *fault_name(enum fault_call call);
size_t	fault_made(enum fault_call call);	/* or would have been */
size_t	fault_failed(enum fault_call call);	/* of those, ours */

/* Of allocations, one in ONE_IN fails: does number N? */
bool	fault_draws(uint64_t seed, uint64_t n, size_t one_in);

extern internal _Atomic(bool) fault_is_on;
int	fault_look(enum fault_call call);

/* The error that CALL has to fail with; 0: it is to be made. */
static inline int
fault(enum fault_call call)
{
	return unlikely(load_relaxed(&fault_is_on)) ? fault_look(call) : 0;
}

#endif /* ZOBJ_FAULT_H */
