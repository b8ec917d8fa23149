/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * misuse.h - the program's mistakes: one line on descriptor 2, then the
 * program's handler or abort(3).
 *
 * VERB is the function the program called.  All of these leave the guard
 * (thread.h) to their caller: they must be called outside of it.  When they
 * return the caller does nothing more: the object is leaked.
 */
#ifndef ZOBJ_MISUSE_H
#define ZOBJ_MISUSE_H

#include "zdef.h"

void	misuse_set_abort(bool abort);
void	misuse_set_handler(void (*fn)(enum zone_error, zone_t *, void *, void *),
	    void *arg);

void	misuse_double_free(const char *verb, struct zone *z, uintptr_t p);
/* The same later, when no lock is held: for who finds it under one. */
void	misuse_defer_double_free(struct zone *z, uintptr_t p);
void	misuse_report_deferred(void);
void	misuse_wrong_zone(const char *verb, struct zone *is, struct zone *asked,
	    uintptr_t p);
/* OBJECT 0: behind the last object. */
void	misuse_not_an_object(const char *verb, struct zone *z, uintptr_t p,
	    uintptr_t object);
/* In registered memory. */
void	misuse_before_objects(const char *verb, struct zone *z, uintptr_t p);
void	misuse_inside_extent(const char *verb, uintptr_t p, uintptr_t extent);
void	misuse_foreign(const char *verb, uintptr_t p);
void	misuse_stale(const char *verb, uintptr_t p);
void	misuse_destroyed(const char *verb, struct zone *z);
/* AT_LIMIT: of objects, which is why.  Z may be a handle without a zone. */
void	misuse_out_of_memory(const char *verb, struct zone *z,
	    const char *name, size_t size, bool at_limit);
void	misuse_live_object(struct zone *z, uintptr_t p);

#endif /* ZOBJ_MISUSE_H */
