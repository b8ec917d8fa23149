/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * os.c - the system, behind os.h.
 *
 * Owns every system call of the library.  Never allocates, never prints, and
 * leaves errno as it was: the callers run inside free(3).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

/* Values of the kernel's interface that older headers lack. */
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif
enum {
	BARRIER_PRIVATE_EXPEDITED = 1 << 3,
	BARRIER_REGISTER_PRIVATE_EXPEDITED = 1 << 4
};

/* The result of a call that returns -1 on failure, with errno restored. */
#define RESULT(call)							\
	({ int saved_ = errno;						\
	   int error_ = (call) == -1 ? errno : 0;			\
	   errno = saved_; error_; })

size_t
os_page_size(void)
{
	static _Atomic(size_t) page_size;
	size_t n = load_relaxed(&page_size);

	if (n == 0) {
		n = getauxval(AT_PAGESZ);
		store_relaxed(&page_size, n);
	}
	return n;
}

size_t
os_memory_size(void)
{
	struct sysinfo si;

	if (RESULT(sysinfo(&si)) != 0)
		return (size_t)1 << 30;
	return (size_t)si.totalram * si.mem_unit;
}

size_t
os_address_limit(void)
{
	struct rlimit rl;

	if (RESULT(getrlimit(RLIMIT_AS, &rl)) != 0 ||
	    rl.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return rl.rlim_cur;
}

int
os_reserve(size_t size, size_t align, void **out)
{
	int saved = errno;
	size_t slack = align > os_page_size() ? align : 0;
	char *p = mmap(NULL, size + slack, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		int error = errno;

		errno = saved;
		return error;
	}
	if (slack != 0) {
		char *start = (char *)round_up((uintptr_t)p, align);

		if (start != p)
			munmap(p, (size_t)(start - p));
		if (start + size != p + size + slack)
			munmap(start + size, (size_t)(p + slack - start));
		p = start;
	}
	errno = saved;
	*out = p;
	return 0;
}

void
os_unreserve(void *p, size_t size)
{
	(void)RESULT(munmap(p, size));
}

int
os_commit(void *p, size_t size)
{
	return RESULT(mprotect(p, size, PROT_READ | PROT_WRITE));
}

/*
 * Write what is there, a byte of each page.  If there is no memory, this is
 * where we are killed.
 */
static void
touch(char *p, size_t size)
{
	size_t page = os_page_size();
	char *end = p + size;

	while (p < end) {
		volatile char *c = p;

		*c = *c;
		p = (char *)round_up((uintptr_t)p + 1, page);
	}
}

int
os_populate(void *p, size_t size)
{
	uintptr_t from = (uintptr_t)p & ~(os_page_size() - 1);
	uintptr_t to = round_up((uintptr_t)p + size, os_page_size());
	int error = RESULT(madvise((void *)from, to - from,
	    MADV_POPULATE_WRITE));

	/* Kernels before 5.14 do not know it; filters may forbid it. */
	if (error != EINVAL && error != ENOSYS && error != EPERM)
		return error;
	touch(p, size);
	return 0;
}

int
os_purge(void *p, size_t size)
{
	return RESULT(madvise(p, size, MADV_DONTNEED));
}

/*
 * By way of a range of the system's choice, because a move either leaves the
 * old range mapped or lengthens the mapping, not both; and pages that move
 * must be one mapping at TO, or there would be one more with each move.
 */
int
os_move_pages(void *to, void *from, size_t old, size_t size)
{
	int saved = errno, error = 0;
	/* The last argument is a hint, and is read without MREMAP_FIXED too. */
	void *via = mremap(from, old, old, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
	    NULL);

	if (via == MAP_FAILED) {
		error = errno;
	} else if (mremap(via, old, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) ==
	    MAP_FAILED) {
		/* TO may be half done. */
		(void)os_map_anew(to, size);
		memcpy(to, via, old);
		munmap(via, old);
	}
	errno = saved;
	return error;
}

int
os_map_anew(void *p, size_t size)
{
	int saved = errno, error = 0;

	if (mmap(p, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
	    MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
		error = errno;
	errno = saved;
	if (error == 0)
		(void)os_no_huge_pages(p, size);
	return error;
}

int
os_pages_present(const void *p, size_t size, unsigned char *present)
{
	return RESULT(mincore((void *)(uintptr_t)p, size, present));
}

size_t
os_resident(const void *p, size_t size)
{
	unsigned char present[256];
	size_t page = os_page_size(), pages = 0;
	const char *at = p, *end = at + size;

	while (at < end) {
		size_t n = min_size((size_t)(end - at) / page, sizeof present);

		if (os_pages_present(at, n * page, present) != 0)
			break;
		for (size_t i = 0; i < n; i++)
			pages += present[i] & 1;
		at += n * page;
	}
	return pages * page;
}

int
os_no_huge_pages(void *p, size_t size)
{
	return RESULT(madvise(p, size, MADV_NOHUGEPAGE));
}

int
os_huge_pages(void *p, size_t size)
{
	return RESULT(madvise(p, size, MADV_HUGEPAGE));
}

int
os_membarrier_register(void)
{
	return RESULT(syscall(SYS_membarrier,
	    BARRIER_REGISTER_PRIVATE_EXPEDITED, 0, 0));
}

int
os_membarrier(void)
{
	return RESULT(syscall(SYS_membarrier, BARRIER_PRIVATE_EXPEDITED, 0, 0));
}

void
os_wait(_Atomic(uint32_t) *word, uint32_t value)
{
	(void)RESULT(syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value,
	    NULL, NULL, 0));
}

void
os_wake(_Atomic(uint32_t) *word)
{
	(void)RESULT(syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1,
	    NULL, NULL, 0));
}

void
os_yield(void)
{
	(void)RESULT(sched_yield());
}

void
os_sleep_ms(unsigned ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	(void)RESULT(nanosleep(&ts, NULL));
}

unsigned
os_cpu(void)
{
	int cpu;

	(void)RESULT(cpu = sched_getcpu());
	return cpu < 0 ? 0 : (unsigned)cpu;
}

uint64_t
os_coarse_ms(void)
{
	struct timespec ts = { 0, 0 };

	(void)RESULT(clock_gettime(CLOCK_MONOTONIC_COARSE, &ts));
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

long
os_process_id(void)
{
	return (long)getpid();
}

bool
os_is_privileged(void)
{
	return getauxval(AT_SECURE) != 0;
}

int
os_open_append(const char *path)
{
	int saved = errno;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

	errno = saved;
	return fd;
}

void
os_close(int fd)
{
	(void)RESULT(close(fd));
}

int
os_read_file(const char *path, char *to, size_t size, size_t *n)
{
	int saved = errno, error = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? 1 : -1;

	for (*n = 0; got > 0 && *n < size;) {
		got = read(fd, to + *n, size - *n);
		if (got > 0)
			*n += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	if (got < 0)
		error = errno;
	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return error;
}

int
os_write(int fd, const char *p, size_t n)
{
	int saved = errno, error = 0;

	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done >= 0) {
			p += done;
			n -= (size_t)done;
		} else if (errno != EINTR) {
			error = errno;
			break;
		}
	}
	errno = saved;
	return error;
}
