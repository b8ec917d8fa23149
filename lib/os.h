/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * os.h - everything that libzobj asks of the system, and all of it.
 *
 * Functions that can fail return 0 or an error number; none prints, none
 * touches errno.  Addresses and sizes are multiples of os_page_size().
 */
#ifndef ZOBJ_OS_H
#define ZOBJ_OS_H

#include "base.h"

#ifdef __x86_64__
static inline size_t
os_page_size(void)
{
	return 4096;
}
#else
size_t	 os_page_size(void);
#endif
size_t	 os_memory_size(void);		/* bytes of physical memory */
size_t	 os_address_limit(void);	/* RLIMIT_AS in bytes; SIZE_MAX: none */

/* Address space without memory behind it, aligned to ALIGN. */
int	 os_reserve(size_t size, size_t align, void **out);
/* Make reserved space usable; zero filled. */
int	 os_commit(void *p, size_t size);
/*
 * Have the pages of the SIZE bytes at P, both of any value, in memory now:
 * what is written there later does not fail.  The bytes stay what they are;
 * nobody else writes them meanwhile.
 */
int	 os_populate(void *p, size_t size);
/* Give the pages back; the range stays usable and reads as zero. */
int	 os_purge(void *p, size_t size);
/*
 * Move the OLD bytes of pages at FROM to TO, whose SIZE bytes become a mapping
 * of their own; FROM reads as zero afterwards.  ENOTRECOVERABLE: TO is lost and
 * nobody may touch it again, FROM is as before; another error: both are.
 */
int	 os_move_pages(void *to, void *from, size_t old, size_t size);
/*
 * Fresh pages in place of those of [P, P + SIZE), like the arena around.
 * ENOTRECOVERABLE: the range is lost; another error: it is as before.
 */
int	 os_map_anew(void *p, size_t size);
/* Which pages of [P, P + SIZE) are in memory: bit 0 of PRESENT[i]. */
int	 os_pages_present(const void *p, size_t size, unsigned char *present);
/* Bytes of [P, P + SIZE) that are in memory. */
size_t	 os_resident(const void *p, size_t size);
int	 os_no_huge_pages(void *p, size_t size);
int	 os_huge_pages(void *p, size_t size);

/* After os_membarrier every thread of the process has passed a full fence. */
int	 os_membarrier_register(void);
int	 os_membarrier(void);

void	 os_wait(_Atomic(uint32_t) *word, uint32_t value);
void	 os_wake(_Atomic(uint32_t) *word);
void	 os_yield(void);
void	 os_sleep_ms(unsigned ms);
unsigned os_cpu(void);			/* the processor we are on */
uint64_t os_coarse_ms(void);		/* monotonic, cheap, coarse */
long	 os_process_id(void);

bool	 os_is_privileged(void);	/* AT_SECURE */
int	 os_open_append(const char *path);
void	 os_close(int fd);
/* The first SIZE bytes of a file; *N: how many there are. */
int	 os_read_file(const char *path, char *to, size_t size, size_t *n);
int	 os_write(int fd, const char *p, size_t n);	/* all of it */

#endif /* ZOBJ_OS_H */
