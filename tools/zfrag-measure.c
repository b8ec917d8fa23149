/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zfrag-measure - run one program and write down what it used.
 *
 * usage: zfrag-measure FD [NAME=VALUE ...] -- program [argument ...]
 *
 * Writes a JSON object with the program's process number to descriptor FD,
 * and another one when it has ended.  The variables are set for the program
 * only.
 *
 * Why not from Python: the kernel counts the memory image that a process had
 * before exec(2) in its peak RSS, also after vfork(2).  Started from Python,
 * every program seems to need the 13 MiB of the interpreter.  This image is
 * so small that no program is smaller.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec * 1000000000LL + ts.tv_nsec);
}

static long long
microseconds(struct timeval tv)
{
	return (tv.tv_sec * 1000000LL + tv.tv_usec);
}

/* In the child: become the program, or tell the parent why not. */
static void
become(char **vars, char **argv, int tell)
{
	int err;

	for (; vars < argv - 1; vars++)	/* up to the "--" */
		putenv(*vars);
	execvp(argv[0], argv);
	err = errno;
	if (write(tell, &err, sizeof (err)) != sizeof (err))
		_exit(126);
	_exit(127);
}

static void
report(int fd, int status, long long wall, const struct rusage *ru)
{
	dprintf(fd, "{\"status\": %d, \"signal\": %d, \"wall_ns\": %lld, "
	    "\"user_us\": %lld, \"sys_us\": %lld, \"peak_rss_kib\": %ld, "
	    "\"minor_faults\": %ld, \"major_faults\": %ld, "
	    "\"waits\": %ld, \"preemptions\": %ld}\n",
	    WIFEXITED(status) ? WEXITSTATUS(status) : -1,
	    WIFSIGNALED(status) ? WTERMSIG(status) : 0, wall,
	    microseconds(ru->ru_utime), microseconds(ru->ru_stime),
	    ru->ru_maxrss, ru->ru_minflt, ru->ru_majflt, ru->ru_nvcsw,
	    ru->ru_nivcsw);
}

static int
measure(int fd, char **vars, char **argv)
{
	struct rusage ru;
	long long start;
	int p[2], status, err;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) != 0)
		return (perror("zfrag-measure: pipe"), 125);
	start = now_ns();
	if ((pid = fork()) < 0)
		return (perror("zfrag-measure: fork"), 125);
	if (pid == 0)
		become(vars, argv, p[1]);
	close(p[1]);
	dprintf(fd, "{\"pid\": %d}\n", (int)pid);
	while (wait4(pid, &status, 0, &ru) < 0)
		if (errno != EINTR)
			return (perror("zfrag-measure: wait"), 125);
	start = now_ns() - start;
	if (read(p[0], &err, sizeof (err)) == sizeof (err))
		dprintf(fd, "{\"errno\": %d}\n", err);
	else
		report(fd, status, start, &ru);
	return (0);
}

int
main(int argc, char **argv)
{
	char **split;
	char *end;
	long fd;

	for (split = argv; *split != NULL; split++)
		if (split > argv + 1 && strcmp(*split, "--") == 0)
			break;
	if (argc < 4 || *split == NULL || split[1] == NULL) {
		fputs("usage: zfrag-measure FD [NAME=VALUE ...] -- program "
		    "[argument ...]\n", stderr);
		return (125);
	}
	fd = strtol(argv[1], &end, 10);
	if (*end != '\0' || fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0) {
		fprintf(stderr, "zfrag-measure: %s is not an open descriptor\n",
		    argv[1]);
		return (125);
	}
	return (measure((int)fd, argv + 2, split + 1));
}
