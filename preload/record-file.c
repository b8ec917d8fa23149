/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record-file.c - see record-file.h.  Has the recorder's system calls.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "record-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os.h"
#include "trace.h"

/*
 * Small at first: most processes of a build write little.  More than the
 * largest page, for a window begins with the page that was written last.
 */
enum { WINDOW_LEAST = 128 << 10, WINDOW_MOST = 4 << 20 };

/* The same file again; -1: PATH has come to name another. */
static int
reopen(const struct trace_file *f)
{
	int fd = open(f->path, O_RDWR | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_dev == f->device &&
	    st.st_ino == f->inode)
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

/*
 * Blocks for all of it: a store into a hole of a full file system is a
 * SIGBUS.  Where they cannot be had in advance, the hole must do.  Beyond the
 * limit on file sizes there would be a SIGXFSZ.
 */
static int
extend(int fd, size_t from, size_t size)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	    from + size > limit.rlim_cur)
		return EFBIG;
	if (fallocate(fd, 0, (off_t)from, (off_t)size) == 0)
		return 0;
	if (errno != EOPNOTSUPP)
		return errno;
	return ftruncate(fd, (off_t)(from + size)) == 0 ? 0 : errno;
}

/* Move the window to where the next event goes. */
static int
slide(struct trace_file *f, int fd)
{
	size_t end = f->window_at + f->used;
	size_t at = end & ~(os_page_size() - 1);
	size_t size = min_size(max_size(round_up(at, WINDOW_LEAST),
	    WINDOW_LEAST), WINDOW_MOST);
	int error = extend(fd, at, size);
	void *window;

	if (error != 0)
		return error;
	window = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    (off_t)at);
	if (window == MAP_FAILED)
		return errno;
	/* A child has a trace of its own, or none. */
	(void)madvise(window, size, MADV_DONTFORK);
	if (f->window != NULL)
		munmap(f->window, f->window_size);
	f->window = window;
	f->window_size = size;
	f->window_at = at;
	f->used = end - at;
	return 0;
}

/* May this process have the file? */
static int
claim(struct trace_file *f, int fd)
{
	struct trace_header head;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EINVAL;
	if (st.st_size > 0 &&
	    (pread(fd, &head, sizeof head, 0) != sizeof head ||
	    head.process != (uint32_t)os_process_id()))
		return EBUSY;
	f->device = st.st_dev;
	f->inode = st.st_ino;
	return ftruncate(fd, 0) == 0 ? 0 : errno;
}

int
file_begin(struct trace_file *f, const char *path)
{
	int fd, error;

	if (strlen(path) >= sizeof f->path)
		return ENAMETOOLONG;
	strcpy(f->path, path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return errno;
	error = claim(f, fd);
	if (error == 0)
		error = slide(f, fd);
	close(fd);
	return error;
}

int
file_make_room(struct trace_file *f)
{
	int fd = reopen(f), error;

	if (fd < 0)
		return errno;
	error = slide(f, fd);
	close(fd);
	return error;
}

void
file_append(struct trace_file *f, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;
	uint8_t *to = f->window + f->used;

	for (size_t i = 1; i < size; i++)
		to[i] = from[i];
	/* Last: a reader takes a zero here for the end. */
	__atomic_store_n(&to[0], from[0], __ATOMIC_RELEASE);
	f->used += size;
}

int
file_trim(struct trace_file *f)
{
	size_t keep = round_up(f->used, os_page_size());
	int fd = reopen(f), error = 0;

	if (fd < 0)
		return errno;
	if (keep < f->window_size) {
		/* Without the pages that are about to have no file behind. */
		munmap(f->window + keep, f->window_size - keep);
		f->window_size = keep;
		if (ftruncate(fd, (off_t)(f->window_at + keep)) != 0)
			error = errno;
	}
	close(fd);
	return error;
}
