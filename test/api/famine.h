/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * famine.h - from now on the system gives no memory to any thread of this
 * process: mmap, mremap, mprotect, madvise and brk fail with ENOMEM.  There is
 * no way back.
 */
#ifndef FAMINE_H
#define FAMINE_H

#include "api.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#if defined(__x86_64__)
#define FAMINE_ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FAMINE_ARCH	AUDIT_ARCH_AARCH64
#endif

/* Jump to the refusal, which is N instructions further on. */
#define FAMINE_REFUSE(call, n)						\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), (n), 0)

static inline bool
famine_try(void)
{
#ifdef FAMINE_ARCH
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FAMINE_ARCH, 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		FAMINE_REFUSE(SYS_mmap, 5),
		FAMINE_REFUSE(SYS_mremap, 4),
		FAMINE_REFUSE(SYS_mprotect, 3),
		FAMINE_REFUSE(SYS_madvise, 2),
		FAMINE_REFUSE(SYS_brk, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM)
	};
	struct sock_fprog program = { LEN(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
#else
	return false;
#endif
}

static inline void
famine_begin(void)
{
	MUST(famine_try());
}

/*
 * Does that work here?  In a process of its own.  The runtimes of sanitizers
 * do not live without memory.
 */
static inline bool
famine_is_possible(void)
{
	pid_t pid;
	int status;

	if (SANITIZED)
		return false;
	pid = fork();
	if (pid == 0)
		_exit(!(famine_try() && mmap(NULL, 4096, PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
		    errno == ENOMEM));
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Take ordinary objects until there are no more, fewer than MOST; how many. */
static inline size_t
use_up(zone_t *z, void **objs, size_t most)
{
	size_t n = zone_alloc_n(z, objs, most, 0);

	ck_assert_uint_lt(n, most);
	ck_assert_int_eq(errno, ENOMEM);
	return n;
}

#endif /* FAMINE_H */
