/* SPDX-License-Identifier: BSD-2-Clause */
/* A program that does nothing but say what it costs to be there. */
#include "victim.h"

int
main(void)
{
	size_t mappings = count_mappings(), resident = resident_kib();

	dprintf(1, "%zu %zu\n", resident, mappings);
	return 0;
}
