/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.c - threads are registered, stopped and resumed, and go; the struct
 * of one that went serves the next.
 */
#include "unit.h"

#include <semaphore.h>
#include <sys/wait.h>

#include "../../lib/arena.h"
#include "../../lib/thread.h"

enum { THREADS = 4 };

struct peer {
	zone_t		 *z;
	pthread_t	  thread;
	sem_t		  ready, go;
	struct thread	 *self;
	_Atomic(uint64_t) steps;
	_Atomic(bool)	  end;
};

static struct thread *
self(void)
{
	return load_acquire(&zobj_tls.self);
}

START_TEST(registered_when_first_needed)
{
	zone_t *z = make("first", 8, NULL);

	ck_assert_ptr_eq(self(), &thread_nobody);
	ck_assert_uint_eq(thread_count(), 0);
	(void)take(z);
	ck_assert_ptr_ne(self(), &thread_nobody);
	ck_assert_ptr_eq(self(), zobj_tls.mine);
	ck_assert_int_eq(zobj_tls.phase, THREAD_RUNNING);
	ck_assert_uint_eq(thread_count(), 1);
	ck_assert_uint_eq(load_relaxed(&zobj_tls.guard), 0);
}
END_TEST

/* Nobody owns nothing; a thread owns its caches and no others. */
START_TEST(owning)
{
	zone_t *z = make("own", 8, NULL);
	struct thread *t;
	uintptr_t first, last;

	(void)take(z);
	t = self();
	first = (uintptr_t)thread_cache(t, thread_slot(0));
	last = (uintptr_t)thread_cache(t, thread_slot(ZONE_SLOTS - 1));
	ck_assert(thread_owns(t, first));
	ck_assert(thread_owns(t, last));
	ck_assert(!thread_owns(t, 0));
	ck_assert(!thread_owns(t, (uintptr_t)(t + 1)));
	ck_assert(!thread_owns(t, first | OWNER_ANNOUNCED));
	ck_assert(!thread_owns(t, first | OWNER_CAREFUL));
	ck_assert(!thread_owns(&thread_nobody, first));
	ck_assert(!thread_owns(&thread_nobody, 0));
	ck_assert_ptr_eq(thread_cache(t, z->slot)->zone, z);
	ck_assert_uint_eq(load_relaxed(&thread_cache(t, 0)->word), 0);
}
END_TEST

static void *
wait_quietly(void *arg)
{
	struct peer *p = arg;

	zone_free(p->z, take(p->z));
	p->self = self();
	sem_post(&p->ready);
	sem_wait(&p->go);
	zone_free(p->z, take(p->z));
	MUST(self() == p->self);
	return NULL;
}

static void
start_peers(struct peer *p, size_t n, zone_t *z, void *(*fn)(void *))
{
	for (size_t i = 0; i < n; i++) {
		p[i].z = z;
		p[i].steps = 0;
		p[i].end = false;
		sem_init(&p[i].ready, 0, 0);
		sem_init(&p[i].go, 0, 0);
		start(&p[i].thread, fn, &p[i]);
	}
}

static void
join_peers(struct peer *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sem_post(&p[i].go);
		(void)join(p[i].thread);
	}
}

static size_t seen;

static void
count_seen(struct thread *t, void *arg)
{
	(void)arg;
	if (t->tls != NULL)
		seen++;
}

START_TEST(idle_threads_are_stopped)
{
	zone_t *z = make("idle", 8, NULL);
	struct peer p[THREADS];

	start_peers(p, THREADS, z, wait_quietly);
	for (int i = 0; i < THREADS; i++)
		sem_wait(&p[i].ready);
	for (int round = 1; round <= 2; round++) {
		seen = 0;
		ck_assert_uint_eq(thread_stop_all(), 0);
		thread_foreach_stopped(count_seen, NULL);
		ck_assert_uint_eq(seen, THREADS + (size_t)round - 1);
		for (int i = 0; i < THREADS; i++)
			ck_assert(p[i].self->stopped);
		thread_resume_all();
		/* The second time we are registered ourselves. */
		(void)take(z);
	}
	for (int i = 0; i < THREADS; i++)
		ck_assert(!p[i].self->stopped);
	join_peers(p, THREADS);
}
END_TEST

static void *
step_on(void *arg)
{
	struct peer *p = arg;

	while (!p->end) {
		zone_free(p->z, take(p->z));
		p->steps++;
	}
	return NULL;
}

/* While they are stopped nobody takes a step: they wait for the resume. */
START_TEST(busy_threads_stand_still)
{
	zone_t *z = make("busy", 8, NULL);
	struct peer p[THREADS];

	start_peers(p, THREADS, z, step_on);
	for (int round = 0; round < 200; round++) {
		uint64_t before[THREADS];
		bool all = thread_stop_all() == 0;

		/* One step may have been on its way to the counter. */
		for (int i = 0; i < THREADS; i++)
			before[i] = p[i].steps;
		for (int k = 0; k < 5; k++)
			sched_yield();
		for (int i = 0; all && i < THREADS; i++)
			ck_assert_uint_le(p[i].steps, before[i] + 1);
		thread_resume_all();
	}
	for (int i = 0; i < THREADS; i++)
		p[i].end = true;
	join_peers(p, THREADS);
}
END_TEST

/* Who is inside and stays there is not stopped, and nothing of his touched. */
static void *
stay_inside(void *arg)
{
	struct peer *p = arg;

	zone_free(p->z, take(p->z));
	p->self = guard_enter();
	sem_post(&p->ready);
	sem_wait(&p->go);
	guard_leave();
	return NULL;
}

static void
never(struct thread *t, void *arg)
{
	ck_assert_ptr_ne(t, arg);
}

START_TEST(inside_is_not_stopped)
{
	zone_t *z = make("inside", 8, NULL);
	struct peer p;

	start_peers(&p, 1, z, stay_inside);
	sem_wait(&p.ready);
	ck_assert_uint_eq(thread_stop_all(), 1);
	ck_assert(!p.self->stopped);
	thread_foreach_stopped(never, p.self);
	thread_resume_all();
	ck_assert_ptr_eq(load_relaxed(&p.self->tls->self), p.self);
	join_peers(&p, 1);
}
END_TEST

static void *
tell_struct(void *arg)
{
	zone_free(arg, take(arg));
	return self();
}

/*
 * A handler that interrupts its thread inside finds caches that are empty, has
 * what it needs all the same, and leaves the guard as it was.
 */
START_TEST(interrupted_inside)
{
	zone_t *z = make("inside", 8, NULL);
	char *mine = take(z), *other;
	struct thread *t = guard_enter(), *displaced = guard_enter();
	struct tcache *tc = thread_cache(displaced, z->slot);
	uint64_t word = load_relaxed(&thread_cache(t, z->slot)->word);

	ck_assert(!thread_is_displaced(t));
	ck_assert(thread_is_displaced(displaced));
	ck_assert(thread_is_interrupted());
	ck_assert_uint_eq(load_relaxed(&tc->word), 0);
	ck_assert_uint_eq(load_relaxed(&tc->base), 0);
	ck_assert_uint_eq(tc->span, 0);
	guard_leave_as(displaced);
	other = take(z);
	ck_assert_ptr_ne(arena_find(other), arena_find(mine));
	zone_free(z, mine);
	zone_free(z, other);
	ck_assert(thread_is_interrupted());
	ck_assert_uint_eq(load_relaxed(&thread_cache(t, z->slot)->word), word);
	guard_leave_as(t);
	ck_assert(!thread_is_interrupted());
	ck_assert_uint_eq(stats_of(z).live, 0);
}
END_TEST

/* Who has left a handler by a jump lives on; what it owned is abandoned. */
static void *
stay_for_ever(void *arg)
{
	struct peer *p = arg;
	void *q = take(p->z);

	p->self = guard_enter();
	for (int i = 0; i < 5000; i++)
		zone_free(p->z, take(p->z));
	zone_free(p->z, q);
	sem_post(&p->ready);
	sem_wait(&p->go);
	(void)zone_trim(NULL, ZONE_TRIM_CACHES);
	return take(p->z);
}

START_TEST(inside_for_ever)
{
	zone_t *z = make("ever", 8, NULL);
	struct peer p;

	start_peers(&p, 1, z, stay_for_ever);
	sem_wait(&p.ready);
	for (int i = 0; i < 100; i++) {
		ck_assert_uint_eq(thread_stop_all(), 1);
		ck_assert(p.self->deaf);
		thread_resume_all();
	}
	ck_assert_uint_eq(stats_of(z).live, 0);
	join_peers(&p, 1);
	ck_assert_uint_eq(thread_count(), 0);
	ck_assert_ptr_ne(in_thread(tell_struct, z), p.self);
	ck_assert_uint_eq(stats_of(z).live, 1);
	ck_assert_uint_eq(stats_of(z).slabs_owned, 1);
	ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
}
END_TEST

/* Last out, first in. */
START_TEST(structs_are_reused)
{
	zone_t *z = make("reuse", 8, NULL);
	void *first = in_thread(tell_struct, z);

	for (int i = 0; i < 100; i++)
		ck_assert_ptr_eq(in_thread(tell_struct, z), first);
	ck_assert_uint_eq(thread_count(), 0);
}
END_TEST

/* After its last round of destructors a thread has no caches, but lives. */
static pthread_key_t key;
static _Atomic(int) rounds;

static void
use_late(void *arg)
{
	zone_free(arg, take(arg));
	if (++rounds < 20)
		(void)pthread_setspecific(key, arg);
	if (rounds == 4)
		zone_free(arg, take(arg));
}

static void *
exit_late(void *arg)
{
	zone_free(arg, take(arg));
	MUST(pthread_setspecific(key, arg) == 0);
	return NULL;
}

START_TEST(late_destructors)
{
	zone_t *z = make("late", 8, NULL);

	ck_assert_int_eq(pthread_key_create(&key, use_late), 0);
	for (int i = 0; i < 50; i++) {
		rounds = 0;
		(void)in_thread(exit_late, z);
		ck_assert_int_gt(rounds, 0);
	}
	ck_assert_uint_eq(thread_count(), 0);
	ck_assert_uint_eq(stats_of(z).live, 0);
	ck_assert_uint_eq(stats_of(z).slabs_owned, 0);
}
END_TEST

/* The first threads of a process come all at once: each is heard of. */
static pthread_barrier_t barrier;

static void *
come_at_once(void *arg)
{
	zone_t *z;

	(void)arg;
	pthread_barrier_wait(&barrier);
	z = make("first", 8, NULL);
	zone_free(z, take(z));
	return NULL;
}

static bool
first_threads_are_heard_of(void)
{
	pthread_t t[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		start(&t[i], come_at_once, NULL);
	for (int i = 0; i < THREADS; i++)
		(void)join(t[i]);
	return thread_count() == 0 && zone_check_all() == 0;
}

START_TEST(first_threads)
{
	for (int i = 0; i < 200; i++) {
		int status;
		pid_t child = fork();

		ck_assert_int_ge(child, 0);
		if (child == 0)
			_exit(first_threads_are_heard_of() ? 0 : 1);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

/* Strangers are kept apart from who stops threads. */
START_TEST(strangers)
{
	zone_t *z = make("stranger", 8, NULL);

	(void)take(z);
	(void)guard_enter();
	thread_stranger_enter();
	ck_assert_uint_eq(load_relaxed(&zobj_tls.guard), 0);
	ck_assert(!lock_try(&threads_lock));
	thread_stranger_leave();
	ck_assert(lock_try(&threads_lock));
	lock_release(&threads_lock);
}
END_TEST

static void *
take_one(void *arg)
{
	return take(arg);
}

/* The pages of the dead are kept for the next, until they are asked for. */
START_TEST(dead_are_purged)
{
	zone_t *z = make("dead", 8, NULL);

	(void)in_thread(take_one, z);
	ck_assert_uint_gt(thread_purge_dead(), 0);
	ck_assert_uint_eq(thread_purge_dead(), 0);
	(void)in_thread(take_one, z);
	ck_assert_uint_eq(stats_of(z).live, 2);
}
END_TEST

static void *
take_and_be_announced(void *arg)
{
	struct slab *d = arena_find(take(arg));

	atomic_fetch_or(&d->owner, OWNER_ANNOUNCED);
	return d;
}

/*
 * Who ends while somebody announces a slab to it leaves the slab with its
 * struct; the next to end, say the announcer, sees to it.
 */
START_TEST(slabs_left_to_an_announcer)
{
	struct peer p = { .z = make("left", 8, NULL) };
	struct slab *d;

	sem_init(&p.ready, 0, 0);
	sem_init(&p.go, 0, 0);
	start(&p.thread, wait_quietly, &p);
	sem_wait(&p.ready);
	d = in_thread(take_and_be_announced, p.z);
	ck_assert_ptr_nonnull(slab_owner(d));
	(void)in_thread(take_and_be_announced, make("other", 8, NULL));
	ck_assert_ptr_nonnull(slab_owner(d));
	atomic_fetch_and(&d->owner, ~OWNER_ANNOUNCED);
	sem_post(&p.go);
	(void)join(p.thread);
	ck_assert_ptr_null(slab_owner(d));
}
END_TEST

RUN_TESTS("thread", registered_when_first_needed, owning,
    idle_threads_are_stopped, busy_threads_stand_still,
    inside_is_not_stopped, interrupted_inside, inside_for_ever,
    structs_are_reused, late_destructors,
    first_threads, strangers, dead_are_purged,
    slabs_left_to_an_announcer)
