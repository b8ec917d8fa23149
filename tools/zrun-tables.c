/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zrun-tables.c - run the program in a child and print tables when it ends.
 *
 * Children of the program inherit ZOBJ_OPTIONS and would print tables of
 * their own in between.  So every process writes its table into a private
 * directory, under its process id, and the one that was asked for is printed.
 * Meanwhile zrun is invisible: it passes signals on, and ends as the program
 * ended.  Owns the directory and removes it.
 */
#include "zrun.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char *
make_directory(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = absolute(tmp != NULL && *tmp != '\0' ? tmp : "/tmp",
	    "TMPDIR");

	dir = text("%s/zrun.XXXXXX", dir);
	if (mkdtemp(dir) == NULL)
		die("cannot make the directory %s: %s; set TMPDIR to a place "
		    "that can be written, or use --stats-all --output FILE",
		    dir, strerror(errno));
	return (dir);
}

static void
remove_directory(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *de;

	if (d == NULL)
		return;
	while ((de = readdir(d)) != NULL)
		if (de->d_name[0] != '.')
			unlinkat(dirfd(d), de->d_name, 0);
	closedir(d);
	rmdir(dir);
}

static int
open_output(const char *file, pid_t pid)
{
	const char *at;
	char *name;
	int fd;

	if (file == NULL)
		return (STDERR_FILENO);
	if ((at = strstr(file, "%p")) != NULL)
		name = text("%.*s%d%s", (int)(at - file), file, (int)pid,
		    at + 2);
	else
		name = text("%s", file);
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd >= 0)
		return (fd);
	say("cannot write to '%s': %s; the table follows here", name,
	    strerror(errno));
	return (STDERR_FILENO);
}

/* Copy what one process left; false if it left nothing. */
static bool
copy_table(const char *dir, const char *name, int to)
{
	char buf[8192], *path = text("%s/%s", dir, name);
	int from = open(path, O_RDONLY | O_CLOEXEC);
	bool any = false;
	ssize_t n;

	while (from >= 0 && (n = read(from, buf, sizeof (buf))) > 0) {
		any = true;
		if (write(to, buf, (size_t)n) != n)
			break;
	}
	if (from >= 0)
		close(from);
	free(path);
	return (any);
}

static int
is_table(const struct dirent *de)
{
	return (de->d_name[0] != '.');
}

static void
print_all(const struct request *rq, const char *dir)
{
	struct dirent **list;
	int i, n = scandir(dir, &list, is_table, versionsort);

	for (i = 0; i < n; i++) {
		if (!rq->json)
			say("process %s", list[i]->d_name);
		copy_table(dir, list[i]->d_name, STDERR_FILENO);
	}
	if (n <= 0)
		say("no process left a table: none that allocated loaded %s "
		    "and ended by exit(3)", rq->lib);
}

static void
print_one(const struct request *rq, const char *dir, pid_t pid, int status)
{
	char *name = text("%d", (int)pid);
	int to = open_output(rq->output, pid);

	if (copy_table(dir, name, to))
		return;
	if (WIFSIGNALED(status))
		say("no table: the program ended by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		say("no table: the program allocated nothing, ended by "
		    "_exit(2), changed its user or root directory, or did not "
		    "load %s", rq->lib);
}

/* ---- staying behind ---- */

/* Run the program in a child.  Does not return if it cannot be run. */
static pid_t
start(char **argv, const char *dir, const sigset_t *mask,
    const struct sigaction *chld)
{
	unsigned char failed = 0;
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) != 0 || (pid = fork()) < 0)
		die("cannot start a process: %s", strerror(errno));
	if (pid == 0) {
		sigaction(SIGCHLD, chld, NULL);
		sigprocmask(SIG_SETMASK, mask, NULL);
		failed = (unsigned char)become(argv);
		if (write(p[1], &failed, 1) != 1)
			_exit(EXIT_ZRUN);
		_exit(failed);
	}
	close(p[1]);
	if (read(p[0], &failed, 1) == 1) {
		remove_directory(dir);
		exit(failed);
	}
	close(p[0]);
	return (pid);
}

/*
 * Wait for PID and hand on what arrives for it.  What the terminal sends goes
 * to the whole process group, so the program has it already; so it has what
 * it sent to its own group.
 */
static int
wait_for(pid_t pid, const sigset_t *set)
{
	siginfo_t si;
	int status;

	for (;;) {
		if (sigwaitinfo(set, &si) < 0)
			continue;
		if (si.si_signo == SIGCHLD) {
			if (waitpid(pid, &status, WNOHANG) == pid &&
			    (WIFEXITED(status) || WIFSIGNALED(status)))
				return (status);
		} else if (si.si_code <= 0 && si.si_pid != pid)
			kill(pid, si.si_signo);
	}
}

/* End as the program did, so that our parent cannot tell the difference. */
static int
end_as(int status)
{
	struct rlimit no_core = { 0, 0 };
	sigset_t set;
	int sig;

	if (!WIFSIGNALED(status))
		return (WEXITSTATUS(status));
	sig = WTERMSIG(status);
	setrlimit(RLIMIT_CORE, &no_core);
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	return (128 + sig);
}

int
run_and_tell(const struct request *rq, char **argv)
{
	static const int passed_on[] = { SIGCHLD, SIGHUP, SIGINT, SIGQUIT,
	    SIGTERM, SIGUSR1, SIGUSR2, SIGCONT };
	struct sigaction dfl = { .sa_handler = SIG_DFL }, chld;
	char *dir = make_directory();
	sigset_t set, mask;
	pid_t pid;
	size_t i;
	int status;

	add_option("output", text("%s/%%p", dir));
	set_environment(rq);
	sigemptyset(&set);
	for (i = 0; i < sizeof (passed_on) / sizeof (passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	sigprocmask(SIG_BLOCK, &set, &mask);
	/* Where SIGCHLD is ignored there is nothing to wait for. */
	sigaction(SIGCHLD, &dfl, &chld);
	pid = start(argv, dir, &mask, &chld);
	status = wait_for(pid, &set);
	if (rq->tables == TABLES_ALL)
		print_all(rq, dir);
	else
		print_one(rq, dir, pid, status);
	remove_directory(dir);
	return (end_as(status));
}
