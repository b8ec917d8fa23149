/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zones.c - every function of zobj.h while system calls fail.  After each
 * failure every object is where and what it was, and the walker is content.
 * The units that are in use when all is over go to descriptor 1.
 */
#include "fault.h"

#include <fcntl.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <zobj.h>

#include "../../lib/arena.h"

#define MAGIC	0x5ca1ab1e0ddba11u

enum { MOST = 4000, WORKERS = 3, SHARE = 300 };

static int construct(void *obj, void *arg);
static void destruct(void *obj, void *arg);

static char seed[ZONE_CRAM_SIZE(300, 136, 8)];
static char more[ZONE_CRAM_SIZE(200, 136, 8)];

/* One zone's objects, each with its number in it. */
static struct set {
	const char	*name;
	size_t		 size, want;
	struct zone_attr attr;
	zone_t		*z;
	size_t		 n;
	void		*objs[MOST];
} sets[] = {
	{ .name = "tiny", .size = 16, .want = MOST },
	{ .name = "odd", .size = 104, .want = 2000 },
	{ .name = "page", .size = 5000, .want = 80 },
	{ .name = "large", .size = 100000, .want = 40 },
	{ .name = "largest", .size = MIB, .want = 9 },
	{ .name = "aligned", .size = 3000, .want = 10,
	    .attr = { .align = 64 * KIB } },
	{ .name = "limited", .size = 200, .want = 500,
	    .attr = { .limit = 500 } },
	{ .name = "built", .size = 24, .want = 1000,
	    .attr = { .ctor = construct, .dtor = destruct } },
	{ .name = "huge", .size = 1024, .want = 2100,
	    .attr = { .flags = ZONE_HUGE } },
	{ .name = "seeded", .size = 136, .want = 1200,
	    .attr = { .seed = seed, .seed_size = sizeof seed } },
	{ .name = "kept", .size = 300, .want = 700,
	    .attr = { .reserve = 100, .min_free_slabs = 1 } },
	{ .name = "zeros", .size = 600, .want = 60,
	    .attr = { .flags = ZONE_ZERO } }
};

ZONE_DEFINE(defined, "defined", long);
static atomic_size_t constructed;

static int
construct(void *obj, void *arg)
{
	(void)arg;
	*(uint64_t *)obj = MAGIC;
	constructed++;
	return 0;
}

static void
destruct(void *obj, void *arg)
{
	(void)arg;
	MUST(*(uint64_t *)obj == MAGIC);
	constructed--;
}

/* Number I at both ends; behind what the constructor wrote. */
static void
stamp(struct set *s, size_t i)
{
	size_t from = s->attr.ctor != NULL ? sizeof (uint64_t) : 0;

	memcpy((char *)s->objs[i] + from, &i, sizeof i);
	memcpy((char *)s->objs[i] + s->size - sizeof i, &i, sizeof i);
}

static void
verify_object(struct set *s, size_t i)
{
	size_t from = s->attr.ctor != NULL ? sizeof (uint64_t) : 0;

	MUST(zone_holds(s->z, s->objs[i]) == 1);
	MUST(memcmp((char *)s->objs[i] + from, &i, sizeof i) == 0);
	MUST(memcmp((char *)s->objs[i] + s->size - sizeof i, &i,
	    sizeof i) == 0);
	MUST(from == 0 || *(uint64_t *)s->objs[i] == MAGIC);
}

static int
count_object(void *obj, void *arg)
{
	(void)obj;
	++*(size_t *)arg;
	return 0;
}

/* Everything is as we know it. */
static void
verify(void)
{
	for (size_t k = 0; k < LEN(sets); k++) {
		struct zone_stats st = { .stats_size = sizeof st };
		struct set *s = &sets[k];
		size_t walked = 0;

		if (s->z == NULL)
			continue;
		for (size_t i = 0; i < s->n; i++)
			verify_object(s, i);
		MUST(zone_stats(s->z, &st) == 0);
		MUST(st.live == s->n);
		MUST(zone_walk(s->z, count_object, &walked) == 0);
		MUST(walked == s->n);
	}
	MUST(zone_check_all() == 0);
}

/* An object of Z, by whoever calls; NULL: there are none any more. */
static void *
take(zone_t *z, unsigned flags)
{
	void *p;

	do
		p = zone_alloc(z, flags);
	while (p == NULL && refused(errno, ENOMEM));
	return p;
}

static void
put(zone_t *z, void *p)
{
	errno = EXDEV;
	zone_free(z, p);
	MUST(errno == EXDEV);
}

/* Until there are WANT. */
static void
grow(struct set *s, size_t want)
{
	bool zero = (s->attr.flags & ZONE_ZERO) != 0 || s->size == 5000;
	int before = refusals;
	void *p;

	while (s->z != NULL && s->n < want &&
	    (p = take(s->z, zero ? ZONE_ZERO : 0)) != NULL) {
		MUST(!zero || is_zero(p, s->size));
		s->objs[s->n] = p;
		stamp(s, s->n++);
	}
	if (refusals != before)
		verify();
}

/* All but those with numbers below KEEP; the later half backwards. */
static void
reduce(struct set *s, size_t keep)
{
	size_t middle = keep + (s->n - keep) / 2;

	if (s->n <= keep)
		return;
	for (size_t i = keep; i < s->n; i++)
		verify_object(s, i);
	for (size_t i = s->n; i-- > middle;)
		put(s->z, s->objs[i]);
	zone_free_n(s->z, s->objs + keep, middle - keep);
	s->n = keep;
}

static void
make_zones(void)
{
	for (size_t k = 0; k < LEN(sets); k++) {
		struct set *s = &sets[k];

		s->attr.attr_size = sizeof s->attr;
		do
			s->z = zone_create(s->name, s->size, &s->attr);
		while (s->z == NULL && refused(errno, ENOMEM));
		if (s->z != NULL && s->attr.seed != NULL)
			MUST(zone_cram(s->z, more, sizeof more) >= 200);
	}
	verify();
}

/* ---- threads ---- */

struct worker {
	pthread_t	 thread;
	void		*own[SHARE];
	void		*given[SHARE];
	size_t		 n;
};

static struct worker workers[WORKERS];
static pthread_barrier_t barrier;

/* Free what the main thread made, and make something for it to free. */
static void *
work(void *arg)
{
	struct worker *w = arg;
	struct set *s = &sets[0];

	zone_free_n(s->z, w->given, SHARE);
	while (w->n < SHARE && (w->own[w->n] = take(s->z, 0)) != NULL)
		w->n++;
	put(defined, take(defined, 0));
	pthread_barrier_wait(&barrier);
	/* Others stop us, and take what we hold. */
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < SHARE; i++)
		put(s->z, take(s->z, 0));
	return NULL;
}

static void
start_workers(struct set *s)
{
	MUST(pthread_barrier_init(&barrier, NULL, WORKERS + 1) == 0);
	for (size_t i = 0; i < WORKERS; i++) {
		struct worker *w = &workers[i];

		for (size_t k = 0; k < SHARE && s->n > 0; k++)
			w->given[k] = s->objs[--s->n];
		MUST(pthread_create(&w->thread, NULL, work, w) == 0);
	}
}

static void
use_threads(void)
{
	struct set *s = &sets[0];
	zone_t *short_lived;

	if (s->z == NULL)
		return;
	start_workers(s);
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < WORKERS; i++)
		zone_free_n(s->z, workers[i].own, workers[i].n);
	(void)zone_trim(NULL, ZONE_TRIM_CACHES);
	verify();
	short_lived = zone_create("short", 50, NULL);
	if (short_lived == NULL && refused(errno, ENOMEM))
		MUST((short_lived = zone_create("short", 50, NULL)) != NULL);
	if (short_lived != NULL) {
		(void)take(short_lived, 0);
		MUST(zone_destroy(short_lived, ZONE_NOW) == 0);
	}
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < WORKERS; i++)
		MUST(pthread_join(workers[i].thread, NULL) == 0);
	verify();
}

/* ---- processes ---- */

static sem_t go;
static atomic_int waiter;	/* the thread that is going to wait */

/* 'S' if it sleeps. */
static char
state_of(int thread)
{
	char path[64], text[200] = "", *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
	fd = open(path, O_RDONLY);
	MUST(fd >= 0);
	n = read(fd, text, sizeof text - 1);
	close(fd);
	end = n > 0 ? strrchr(text, ')') : NULL;
	return end != NULL ? end[2] : '?';
}

/* All locks are the library's: who wants one has to wait.  Not for ever. */
static void
before_fork(void)
{
	MUST(sem_post(&go) == 0);
	while (atomic_load(&waiter) == 0)
		usleep(100);
	for (int i = 0; i < 1000 && state_of(waiter) != 'S'; i++)
		usleep(100);
}

static void *
wait_for_lock(void *arg)
{
	MUST(sem_wait(&go) == 0);
	atomic_store(&waiter, (int)syscall(SYS_gettid));
	put(arg, take(arg, 0));
	return NULL;
}

static void
live_in_child(void)
{
	verify();
	for (size_t k = 0; k < LEN(sets); k++) {
		grow(&sets[k], sets[k].want);
		reduce(&sets[k], sets[k].n / 2);
	}
	(void)zone_trim(NULL, ZONE_TRIM_CACHES);
	verify();
	exit(0);
}

static void
use_processes(void)
{
	pthread_t thread;
	int status;
	pid_t pid;

	MUST(pthread_create(&thread, NULL, wait_for_lock, defined) == 0);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
		live_in_child();
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	MUST(pthread_join(thread, NULL) == 0);
	verify();
}

/* ---- all of it ---- */

static void
report(int how)
{
	int fd = open("/dev/null", O_WRONLY);

	MUST(fd >= 0);
	while (zone_report(fd, how) != 0 && refused(errno, EIO))
		continue;
	close(fd);
}

/* Memory comes and goes. */
static void
use_memory(void)
{
	for (int how = ZONE_TRIM_EXCESS; how <= ZONE_TRIM_CACHES; how++) {
		for (size_t k = 0; k < LEN(sets); k++)
			grow(&sets[k], sets[k].want);
		for (size_t k = 0; k < LEN(sets); k++)
			reduce(&sets[k], sets[k].n / (size_t)(how + 2));
		(void)zone_trim(how == ZONE_TRIM_FREE ? sets[2].z : NULL, how);
		verify();
		report(how);	/* text, JSON, leaks */
	}
}

/* From any call on the system may refuse to stop threads; there are none. */
static void
end_zones(void)
{
	for (size_t k = 0; k < LEN(sets); k++) {
		struct set *s = &sets[k];

		if (s->z == NULL)
			continue;
		reduce(s, 1);
		if (s->n == 1 && k % 2 == 0) {
			MUST(zone_destroy(s->z, ZONE_WHEN_EMPTY) == 0);
			put(s->z, s->objs[0]);
		} else {
			reduce(s, 0);
			MUST(zone_destroy(s->z, ZONE_IF_EMPTY) == 0);
		}
		s->z = NULL;
	}
	MUST(constructed == 0);
	/* The program's again. */
	memset(seed, 1, sizeof seed);
	memset(more, 1, sizeof more);
}

int
main(int argc, char **argv)
{
	struct arena_usage usage;

	(void)argc;
	set_mode(argv[1]);
	MUST(sem_init(&go, 0, 0) == 0);
	/* Before the library's own: it is called after that. */
	MUST(pthread_atfork(before_fork, NULL, NULL) == 0);
	make_zones();
	use_memory();
	use_threads();
	use_processes();
	use_memory();
	end_zones();
	(void)zone_destroy(defined, ZONE_NOW);
	(void)zone_trim(NULL, ZONE_TRIM_CACHES);
	verify();
	arena_usage(&usage);
	dprintf(1, "%zu\n", usage.used);
	return 0;
}
