/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record-next.h - the malloc that a recorded program really runs on: the next
 * one in line.
 */
#ifndef ZOBJ_RECORD_NEXT_H
#define ZOBJ_RECORD_NEXT_H

#include "base.h"

struct next {
	void	*(*malloc)(size_t);
	void	*(*calloc)(size_t, size_t);
	void	*(*realloc)(void *, size_t);
	void	 (*free)(void *);
	void	*(*aligned_alloc)(size_t, size_t);
	void	*(*memalign)(size_t, size_t);
	int	 (*posix_memalign)(void **, size_t, size_t);
};
extern struct next next;

void	next_find(void);

/* Found before anything is passed on. */
hot_inline const struct next *
next_malloc(void)
{
	if (unlikely(next.malloc == NULL))
		next_find();
	return &next;
}

/*
 * If dlsym got P while it looked for the functions: how many bytes may be read
 * there; else 0.
 */
size_t	next_early_room(const void *p);

#endif /* ZOBJ_RECORD_NEXT_H */
