/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dlopen.c - no library is bound past the shim.  With RTLD_DEEPBIND a library
 * has its own dependencies' functions before the preloaded ones, so it would
 * take libc's malloc and be given blocks of ours to free.  So the flag is
 * dropped, and such a library finds functions in the order that all others do.
 */
#include <dlfcn.h>

#include "base.h"

#ifdef RTLD_DEEPBIND
typedef void *dlopen_fn(const char *file, int mode);

dlopen_fn zobj_shim_dlopen __asm__("dlopen");

/* A return that is a jump, also without optimization. */
#ifdef __clang__
#define JUMPS
#define JUMP	__attribute__((musttail)) return
#else
#define JUMPS	__attribute__((optimize("O2")))
#define JUMP	return
#endif

/*
 * The C library looks where the call comes from: whose DT_RUNPATH counts, and
 * in which namespace.  So this must be a jump, and our caller the one it sees.
 */
exported JUMPS void *
zobj_shim_dlopen(const char *file, int mode)
{
	dlopen_fn *next = (dlopen_fn *)dlsym(RTLD_NEXT, "dlopen");

	JUMP next(file, mode & ~RTLD_DEEPBIND);
}
#endif
