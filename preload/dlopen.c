/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dlopen.c - no library is bound past the shim.  With RTLD_DEEPBIND a library
 * has its own dependencies' functions before the preloaded ones, so it would
 * take libc's malloc and be given blocks of ours to free.  The flag is dropped;
 * it is the sanitizers that found out that little else can be done.
 */
#include <dlfcn.h>
#include <stddef.h>

#include "zdef.h"

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

static dlopen_fn *
next_dlopen(void)
{
	static _Atomic(dlopen_fn *) next;
	dlopen_fn *found = atomic_load_explicit(&next, memory_order_relaxed);

	if (found == NULL) {
		found = (dlopen_fn *)dlsym(RTLD_NEXT, "dlopen");
		atomic_store_explicit(&next, found, memory_order_relaxed);
	}
	return found;
}

/*
 * The C library looks where the call comes from: whose DT_RUNPATH counts, and
 * in which namespace.  So this must be a jump, and our caller the one it sees.
 */
exported JUMPS void *
zobj_shim_dlopen(const char *file, int mode)
{
	JUMP next_dlopen()(file, mode & ~RTLD_DEEPBIND);
}
#endif
