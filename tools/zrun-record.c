/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zrun-record.c - have libzobj-record.so write a trace of the program's calls.
 *
 * Without %p in its name the file is for the program alone: the library takes
 * it only while it is empty, so an old one is emptied here.
 */
#include "zrun.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <unistd.h>

#define RECORDER "libzobj-record.so"

static bool
can_make(const char *file)
{
	int fd;

	if (strstr(file, "%p") != NULL)
		return (access(dirname(text("%s", file)), W_OK) == 0);
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd >= 0)
		close(fd);
	return (fd >= 0);
}

const char *
prepare_record(const struct request *rq)
{
	const char *slash = strrchr(rq->lib, '/');
	const char *recorder = text("%.*s/" RECORDER, (int)(slash - rq->lib),
	    rq->lib);
	const char *path = absolute(rq->record, "--record");

	if (access(recorder, R_OK) != 0)
		die("--record: cannot use '%s': %s; it belongs beside '%s'",
		    recorder, strerror(errno), rq->lib);
	/* Better now than a message from the middle of the program. */
	if (!rq->print && !can_make(path))
		die("cannot write to '%s': %s; give --record a file in a "
		    "directory that can be written", path, strerror(errno));
	if (setenv("ZOBJ_RECORD", path, 1) != 0)
		die("cannot set the environment: %s", strerror(errno));
	return (recorder);
}
