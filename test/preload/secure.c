/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses a zone and says whether the kernel calls us privileged. */
#include <stdio.h>
#include <sys/auxv.h>

#include "zobj.h"

int
main(void)
{
	zone_t *z = zone_create("object", 100, NULL);
	void *p = z != NULL ? zone_alloc(z, 0) : NULL;

	if (p == NULL)
		return 1;
	puts(getauxval(AT_SECURE) != 0 ? "secure" : "plain");
	zone_free(z, p);
	return 0;
}
