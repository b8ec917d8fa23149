/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * window.c - see window.h.
 *
 * A page in the window takes the place of its frame: when the contents have
 * been copied there the frame's memory goes back to the system, and the frame
 * remains as the right to as much.  The window itself is not of the allowance,
 * being addresses only.
 *
 * There is one user, and it waits in the kernel while a fault is served: the
 * two threads take turns, so that the pager needs no lock.
 */
#define _GNU_SOURCE
#include "window.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "paging.h"
#include "resident.h"

/* Faults of the program only, which everybody may serve; since Linux 5.11. */
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY	1
#endif

static char *window;
static int faults = -1;

static int
listen_to(char *p, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register all = {
		.range = { (uintptr_t)p, size },
		.mode = UFFDIO_REGISTER_MODE_MISSING
	};

	faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (faults < 0)
		return (-1);
	if (ioctl(faults, UFFDIO_API, &api) == 0 &&
	    ioctl(faults, UFFDIO_REGISTER, &all) == 0)
		return (0);
	close(faults);
	return (-1);
}

char *
window_open(size_t pages)
{
	size_t size = pages * page_size;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int saved;

	if (p == MAP_FAILED)
		return (NULL);
	/* A page that nobody asked for would be one too many. */
	(void)madvise(p, size, MADV_NOHUGEPAGE);
	if (listen_to(p, size) == 0)
		return (window = p);
	saved = errno;
	munmap(p, size);
	errno = saved;
	return (NULL);
}

static void
serve(uint64_t number)
{
	/* Without a look at each write: whoever touches may write. */
	void *frame = paging_pin(number, true);
	struct uffdio_copy copy = {
		.dst = (uintptr_t)window + number * page_size,
		.src = (uintptr_t)frame,
		.len = page_size,
		.mode = UFFDIO_COPY_MODE_DONTWAKE
	};
	struct uffdio_range there = { copy.dst, copy.len };

	if (frame == NULL)
		paging_give_up();
	if (ioctl(faults, UFFDIO_COPY, &copy) != 0)
		err(1, "userfaultfd: cannot copy a page");
	if (madvise(frame, page_size, MADV_DONTNEED) != 0)
		err(1, "madvise");
	paging_unpin(number);
	/* From here on it is the user's turn. */
	if (ioctl(faults, UFFDIO_WAKE, &there) != 0)
		err(1, "userfaultfd: cannot wake");
}

static void *
serve_all(void *arg)
{
	struct uffd_msg m;
	ssize_t n;

	for (;;) {
		n = read(faults, &m, sizeof (m));
		if (n != (ssize_t)sizeof (m) && (n >= 0 || errno != EINTR))
			err(1, "userfaultfd: cannot read a fault");
		if (n > 0 && m.event == UFFD_EVENT_PAGEFAULT)
			serve((m.arg.pagefault.address - (uintptr_t)window) /
			    page_size);
	}
	return (arg);
}

void
window_serve(void)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, serve_all, NULL);
	if (errno != 0)
		err(1, "cannot start a thread");
}
