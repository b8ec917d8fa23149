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

#include "fault.h"

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

/*
 * Calls that would be cancellation points of the C library are made by
 * syscall(2), which is none: a thread that ended there would keep its locks.
 */

/*
 * The result of a call that returns -1, or an address like it, on failure;
 * with errno restored.
 */
#define RESULT(call)							\
	({ int saved_ = errno;						\
	   int error_ = (intptr_t)(call) == -1 ? errno : 0;		\
	   errno = saved_; error_; })

/*
 * The same where failure means something: the place in fault.h by which it can
 * be had without the call, and the call.
 */
#define TRY(place, call)						\
	({ int fault_ = fault(place);					\
	   fault_ != 0 ? fault_ : RESULT(call); })

#ifndef __x86_64__
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
#endif

size_t
os_memory_size(void)
{
	struct sysinfo si;

	if (TRY(FAULT_SYSINFO, sysinfo(&si)) != 0)
		return (size_t)1 << 30;
	return (size_t)si.totalram * si.mem_unit;
}

size_t
os_address_limit(void)
{
	struct rlimit rl;

	if (TRY(FAULT_GETRLIMIT, getrlimit(RLIMIT_AS, &rl)) != 0 ||
	    rl.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return rl.rlim_cur;
}

/* What stays for want of a mapping is address space and nothing else. */
static void
trim(char *p, char *start, char *end, char *limit)
{
	if (start != p)
		(void)TRY(FAULT_TRIM_BELOW, munmap(p, (size_t)(start - p)));
	if (end != limit)
		(void)TRY(FAULT_TRIM_ABOVE, munmap(end, (size_t)(limit - end)));
}

int
os_reserve(size_t size, size_t align, void **out)
{
	size_t slack = align > os_page_size() ? align : 0;
	char *p, *start;
	int error = TRY(FAULT_RESERVE, p = mmap(NULL, size + slack, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));

	if (error != 0)
		return error;
	start = slack != 0 ? (char *)round_up((uintptr_t)p, align) : p;
	trim(p, start, start + size, p + size + slack);
	*out = start;
	return 0;
}

int
os_commit(void *p, size_t size)
{
	return TRY(FAULT_COMMIT, mprotect(p, size, PROT_READ | PROT_WRITE));
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
	int error = TRY(FAULT_POPULATE, madvise((void *)from, to - from,
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
	return TRY(FAULT_PURGE, madvise(p, size, MADV_DONTNEED));
}

/* Is all of [P, P + SIZE) mapped?  No, if the system does not say. */
static bool
is_mapped(const char *p, size_t size)
{
	unsigned char present[256];
	size_t page = os_page_size(), n;

	for (; size > 0; p += n, size -= n) {
		n = min_size(size, sizeof present * page);
		if (os_pages_present(p, n, present) != 0)
			return false;
	}
	return true;
}

/*
 * By way of a range of the system's choice, because a move either leaves the
 * old range mapped or lengthens the mapping, not both; and pages that move
 * must be one mapping at TO, or there would be one more with each move.
 */
int
os_move_pages(void *to, void *from, size_t old, size_t size)
{
	void *via = NULL;
	/* The last argument is a hint, and is read without MREMAP_FIXED too. */
	int error = TRY(FAULT_MOVE_AWAY, via = mremap(from, old, old,
	    MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));

	if (error != 0 || TRY(FAULT_MOVE_TO, mremap(via, old, size,
	    MREMAP_MAYMOVE | MREMAP_FIXED, to)) == 0)
		return error;
	/* TO may be half done.  FROM is mapped as before, and empty. */
	error = os_map_anew(to, size);
	memcpy(error == ENOTRECOVERABLE ? from : to, via, old);
	(void)TRY(FAULT_MOVE_UNMAP, munmap(via, old));
	return error == ENOTRECOVERABLE ? error : 0;
}

int
os_map_anew(void *p, size_t size)
{
	int error = TRY(FAULT_MAP_ANEW, mmap(p, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0));

	if (error == 0)
		(void)os_no_huge_pages(p, size);
	/* What was there may have gone before the call failed. */
	return error == 0 || is_mapped(p, size) ? error : ENOTRECOVERABLE;
}

int
os_pages_present(const void *p, size_t size, unsigned char *present)
{
	return TRY(FAULT_PRESENT, mincore((void *)(uintptr_t)p, size, present));
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
	return TRY(FAULT_NO_HUGE, madvise(p, size, MADV_NOHUGEPAGE));
}

int
os_huge_pages(void *p, size_t size)
{
	return TRY(FAULT_HUGE, madvise(p, size, MADV_HUGEPAGE));
}

int
os_membarrier_register(void)
{
	return TRY(FAULT_BARRIER_REGISTER, syscall(SYS_membarrier,
	    BARRIER_REGISTER_PRIVATE_EXPEDITED, 0, 0));
}

int
os_membarrier(void)
{
	return TRY(FAULT_BARRIER, syscall(SYS_membarrier,
	    BARRIER_PRIVATE_EXPEDITED, 0, 0));
}

void
os_wait(_Atomic(uint32_t) *word, uint32_t value)
{
	(void)TRY(FAULT_WAIT, syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE,
	    value, NULL, NULL, 0));
}

/* Not to be had as a failure: who waits would wait for ever. */
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

	(void)TRY(FAULT_SLEEP, syscall(SYS_nanosleep, &ts, NULL));
}

unsigned
os_cpu(void)
{
	int cpu = 0;

	return TRY(FAULT_CPU, cpu = sched_getcpu()) == 0 ? (unsigned)cpu : 0;
}

uint64_t
os_coarse_ms(void)
{
	struct timespec ts = { 0, 0 };

	(void)TRY(FAULT_CLOCK, clock_gettime(CLOCK_MONOTONIC_COARSE, &ts));
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
	int fd = -1;

	return TRY(FAULT_OPEN, fd = (int)syscall(SYS_openat, AT_FDCWD, path,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) == 0 ? fd : -1;
}

/* The descriptor is gone whatever it says. */
void
os_close(int fd)
{
	(void)RESULT(syscall(SYS_close, fd));
}

int
os_read_file(const char *path, char *to, size_t size, size_t *n)
{
	int fd = -1, error = TRY(FAULT_OPEN_READ, fd = (int)syscall(SYS_openat,
	    AT_FDCWD, path, O_RDONLY | O_CLOEXEC));
	ssize_t got = 1;

	*n = 0;
	if (error != 0)
		return error;
	while (got > 0 && *n < size) {
		error = TRY(FAULT_READ, got = syscall(SYS_read, fd, to + *n,
		    size - *n));
		if (error == 0)
			*n += (size_t)got;
		else if (error != EINTR)
			break;
	}
	os_close(fd);
	return error;
}

int
os_write(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = 0;
		int error = TRY(FAULT_WRITE, done = syscall(SYS_write, fd, p, n));

		if (error == 0) {
			p += done;
			n -= (size_t)done;
		} else if (error != EINTR) {
			return error;
		}
	}
	return 0;
}
