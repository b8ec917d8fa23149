/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record-file.h - the file that a trace is written to.
 *
 * What is appended is stored in a window of the file, and so belongs to the
 * kernel at once: it survives whatever ends the process.  No descriptor stays
 * open that the program could close, or read, or hand on.
 *
 * Functions return 0 or an error number.
 */
#ifndef ZOBJ_RECORD_FILE_H
#define ZOBJ_RECORD_FILE_H

#include <limits.h>
#include <sys/types.h>

#include "base.h"

struct trace_file {
	char	 path[PATH_MAX];	/* absolute */
	dev_t	 device;
	ino_t	 inode;
	uint8_t	*window;
	size_t	 window_size;
	size_t	 window_at;		/* its offset in the file */
	size_t	 used;			/* of the window */
};

/*
 * Begin the trace of this process at PATH.  EBUSY: the file has that of
 * another; but an image that this process had before exec(2) gives way.
 */
int	file_begin(struct trace_file *f, const char *path);
/* Make room for some bytes more; trace_header and events fit. */
int	file_make_room(struct trace_file *f);
/* Cut off what has been prepared for more; there may be more. */
int	file_trim(struct trace_file *f);

static inline size_t
file_room(const struct trace_file *f)
{
	return f->window_size - f->used;
}

/* Bytes for which there is room. */
void	file_append(struct trace_file *f, const void *bytes, size_t size);

#endif /* ZOBJ_RECORD_FILE_H */
