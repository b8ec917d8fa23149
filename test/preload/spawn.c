/* SPDX-License-Identifier: BSD-2-Clause */
/* vfork and exec, posix_spawn, system and popen from a busy process. */
#include "victim.h"

#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;
static _Atomic(int) stop;

static void *
churn(void *arg)
{
	uint32_t seed = (uint32_t)(size_t)arg;

	while (!stop) {
		size_t size = next_random(&seed) % 3000;

		free(memset(malloc(size), 1, size));
		free(malloc(200000));
	}
	return NULL;
}

static int
status_of(pid_t pid)
{
	int status;

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
by_vfork(void)
{
	char *const command[] = { "sh", "-c", "exit 4", NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		execv("/bin/sh", command);
		_exit(99);
	}
	CHECK(status_of(pid) == 4);
}

static void
by_spawn(void)
{
	char *command[] = { "sh", "-c", "exit 5", NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;

	CHECK(posix_spawn_file_actions_init(&actions) == 0);
	CHECK(posix_spawn_file_actions_addclose(&actions, 200) == 0);
	CHECK(posix_spawnp(&pid, "sh", &actions, NULL, command, environ) == 0);
	CHECK(posix_spawn_file_actions_destroy(&actions) == 0);
	CHECK(status_of(pid) == 5);
}

static void
by_stdio(void)
{
	char line[100];
	FILE *f = popen("echo hello; exit 6", "r");

	CHECK(f != NULL && fgets(line, sizeof line, f) != NULL);
	CHECK(strcmp(line, "hello\n") == 0);
	CHECK(WEXITSTATUS(pclose(f)) == 6);
	CHECK(WEXITSTATUS(system("exit 7")) == 7);
}

int
main(void)
{
	pthread_t t[2];

	victim_start();
	for (size_t i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, churn, (void *)(i + 1)) == 0);
	for (int n = 0; n < 30; n++) {
		by_vfork();
		by_spawn();
		by_stdio();
	}
	stop = 1;
	for (size_t i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	return 0;
}
