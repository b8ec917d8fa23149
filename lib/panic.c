/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * panic.c - see panic.h.  Takes no lock and allocates nothing.
 */
#include "panic.h"

#include <stdlib.h>
#include <string.h>

#include "fmt.h"

_Noreturn void
panic_assertion(const char *expr, const char *file, int line)
{
	const char *slash = strrchr(file, '/');
	struct fmt f;

	fmt_init(&f, 2);
	fmt_print(&f, "zobj: assertion failed: %s (%s:%u)\n", expr,
	    slash != NULL ? slash + 1 : file, (uint64_t)line);
	fmt_flush(&f);
	panic_abort();
}

_Noreturn void
panic_abort(void)
{
	abort();
}
