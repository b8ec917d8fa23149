/* SPDX-License-Identifier: BSD-2-Clause */
/* allowance.h - how much memory the program may still take. */
#ifndef PAGER_ALLOWANCE_H
#define PAGER_ALLOWANCE_H

#include <stddef.h>

enum allowance { ALLOW_DATA, ALLOW_ADDRESSES };

/*
 * From now on BYTES more, by RLIMIT_DATA, which counts private memory that can
 * be written to, or by RLIMIT_AS, which counts addresses of any kind.
 */
void		 allowance_set(enum allowance how, size_t bytes);
const char	*allowance_name(enum allowance how);

#endif /* PAGER_ALLOWANCE_H */
