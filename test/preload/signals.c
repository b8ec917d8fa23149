/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals arrive in the middle of malloc and free, thousands a second; the
 * handler does what POSIX allows it, and somebody trims meanwhile.
 */
#include "storm.h"

static void
handler(int number)
{
	int saved = errno;

	(void)number;
	handled++;
	CHECK(write(null, "x", 1) == 1);
	errno = saved;
}

int
main(void)
{
	return run_storm(handler);
}
