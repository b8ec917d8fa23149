/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cram.h - memory of the program becomes slabs of a zone.
 *
 * Descriptors and bitmaps lie at the front of that memory, so that nothing
 * else is needed: it works when the system has no memory left.  Such a slab
 * has no units (slab_is_seed): nothing of it goes to depot, arena or system.
 */
#ifndef ZOBJ_CRAM_H
#define ZOBJ_CRAM_H

#include "zdef.h"

/*
 * [MEM, MEM + SIZE) is Z's until the zone's end; *NOBJ objects fit.  EINVAL:
 * none does, or part of it is the library's; ENOSPC: too many such ranges.
 */
int	cram(struct zone *z, void *mem, size_t size, size_t *nobj);

#endif /* ZOBJ_CRAM_H */
