/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * route.h - which sizes are ours; the others go to the next malloc in line,
 * the C library's or that of another preloaded library.
 */
#ifndef ZOBJ_ROUTE_H
#define ZOBJ_ROUTE_H

#include "base.h"

/* Read the option, find the next malloc; once. */
void	route_init(void);
/* Are there sizes that are not ours? */
bool	route_is_partial(void);
bool	route_is_ours(size_t size);

/* The next malloc's functions; only if route_is_partial. */
void	*route_memalign(size_t align, size_t size);
void	*route_realloc(void *p, size_t size);
size_t	 route_usable(void *p);
void	 route_free(void *p);

#endif /* ZOBJ_ROUTE_H */
