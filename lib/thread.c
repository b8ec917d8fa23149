/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.c - threads come, are stopped and resumed, and go.
 *
 * Owns zobj_tls, the list of threads and the structs of dead ones, which are
 * reused last in, first out and never unmapped: somebody may still be about to
 * announce a slab to one (rotate.h).
 *
 * A thread is registered when it first takes a slow path and leaves when the
 * destructor of our key runs.  Destructors of other keys may allocate and free
 * after that: then the thread has no caches and uses the shared path.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "thread.h"

#include <errno.h>
#include <pthread.h>

#include "arena.h"
#include "misuse.h"
#include "os.h"
#include "panic.h"
#include "yield.h"

enum {
	STOP_YIELDS = 200,		/* looks at a guard before giving up */
	STOP_SLEEPS = 500,		/* the later ones a millisecond apart */
	WARM_STRUCTS = 32		/* dead structs that keep their pages,
					   some 20 KiB each: with 4, short
					   threads took half as long again */
};

__thread struct tls zobj_tls
    __attribute__((__tls_model__("initial-exec"))) = { .self = &thread_nobody };
struct thread thread_nobody;
struct lock threads_lock = LOCK_INITIALIZER(RANK_THREADS);

static struct list threads = { &threads, &threads };	/* registered */
struct list threads_dead = { &threads_dead, &threads_dead };
static size_t dead;
static bool dead_hold;			/* caches: see exit_round */
static _Atomic(size_t) registered;	/* written under threads_lock */
static size_t running_at_fork;		/* of the last thread_stop_all */
static _Atomic(bool) can_stop;		/* membarrier works */
static pthread_key_t exit_key;
static _Atomic(bool) have_key;		/* and the two above are set */
static void (*empty_fn)(struct thread *t);
static void (*left_fn)(void);

#define THREAD_OF_LINK(l)	CONTAINER(l, struct thread, link)

void
thread_stranger_enter(void)
{
	guard_leave();
	lock_acquire(&threads_lock);
}

bool
thread_stranger_try(void)
{
	guard_leave();
	return lock_try_briefly(&threads_lock);
}

void
thread_stranger_leave(void)
{
	lock_release(&threads_lock);
}

void
thread_on_exit(void (*empty)(struct thread *t), void (*left)(void))
{
	empty_fn = empty;
	left_fn = left;
}

/* A struct for the calling thread; threads_lock is not held. */
static struct thread *
struct_get(void)
{
	struct thread *t = NULL;
	struct slab *run;

	lock_acquire(&threads_lock);
	if (!list_empty(&threads_dead)) {
		t = THREAD_OF_LINK(threads_dead.next);
		list_remove(&t->link);
		dead--;
	}
	lock_release(&threads_lock);
	if (t != NULL)
		return t;
	run = arena_alloc_sparse((sizeof *t + UNIT_SIZE - 1) >> UNIT_SHIFT);
	if (run == NULL)
		return NULL;
	return (struct thread *)run->base;
}

static bool
holds_caches(const struct thread *t)
{
	uint64_t used = 0;

	for (unsigned i = 0; i < ARRAY_LEN(t->used); i++)
		used |= t->used[i];
	return used != 0;
}

/* The pages of the caches go; bytes given back.  threads_lock held. */
static size_t
purge_caches(struct thread *t)
{
	size_t page = os_page_size(), bytes, resident;
	char *from = (char *)round_up((uintptr_t)&t->caches[0], page);

	bytes = (size_t)((char *)(t + 1) - from) & ~(page - 1);
	resident = os_resident(from, bytes);
	return os_purge(from, bytes) == 0 ? resident : 0;
}

/* threads_lock held; T has no cache left, or some that others announce to. */
static void
struct_put(struct thread *t)
{
	if (holds_caches(t))
		dead_hold = true;
	else if (dead >= WARM_STRUCTS)
		(void)purge_caches(t);
	t->tls = NULL;
	list_push(&threads_dead, &t->link);
	dead++;
}

static struct thread *
register_self(void)
{
	struct tls *tls = &zobj_tls;
	struct thread *t;

	/* Without the key we would not hear of its end. */
	if (!load_acquire(&have_key))
		return NULL;
	tls->phase = THREAD_REGISTERING;
	atomic_signal_fence(memory_order_seq_cst);
	/* A signal handler was faster: from now on it would not be. */
	if (tls->mine != NULL) {
		tls->phase = THREAD_RUNNING;
		return tls->mine;
	}
	t = struct_get();
	/* Keys beyond the first few make the C library allocate. */
	if (t == NULL || pthread_setspecific(exit_key, tls) != 0) {
		lock_acquire(&threads_lock);
		if (t != NULL)
			struct_put(t);
		lock_release(&threads_lock);
		tls->phase = THREAD_NEW;
		return NULL;
	}
	lock_acquire(&threads_lock);
	t->tls = tls;
	t->stopped = t->deaf = false;
	list_append(&threads, &t->link);
	add_relaxed(&registered, 1);
	tls->mine = t;
	tls->phase = THREAD_RUNNING;
	/* Only we read it; who writes it holds threads_lock. */
	store_release(&tls->self, t);
	lock_release(&threads_lock);
	return t;
}

struct thread *
thread_if_there(void)
{
	struct thread *t = load_acquire(&zobj_tls.self);

	return t == &thread_nobody ? NULL : t;
}

struct thread *
thread_enter(void)
{
	struct tls *tls = &zobj_tls;
	struct thread *t;

	if (!thread_storage_works())
		return NULL;
	while ((t = load_acquire(&tls->self)) == &thread_nobody) {
		int saved = errno;

		if (tls->phase == THREAD_REGISTERING || tls->phase == THREAD_GONE)
			return NULL;
		/* Nobody must wait for a lock while others wait for its guard. */
		guard_leave();
		if (tls->phase == THREAD_NEW) {
			t = register_self();
		} else {
			lock_acquire(&threads_lock);
			lock_release(&threads_lock);
		}
		errno = saved;
		(void)guard_enter();
		if (t == NULL)
			return NULL;
	}
	return t;
}

/*
 * threads_lock held.  Of a thread that a handler's jump has left inside, what
 * it owns is abandoned, and its struct with it; but what it holds is free, and
 * stays so.
 */
static void
leave(struct tls *tls)
{
	struct thread *t = tls->mine;

	store_release(&tls->self, &thread_nobody);
	tls->mine = NULL;
	tls->phase = THREAD_GONE;
	/* From here on our own handlers find nobody. */
	atomic_signal_fence(memory_order_seq_cst);
	list_remove(&t->link);
	add_relaxed(&registered, -1);
	if (load_relaxed(&tls->guard) != 0) {
		t->abandoned = true;
		return;
	}
	empty_fn(t);
	struct_put(t);
}

/* threads_lock held. */
static void
empty_dead(void)
{
	dead_hold = false;
	LIST_FOREACH(l, &threads_dead) {
		struct thread *t = THREAD_OF_LINK(l);

		if (!holds_caches(t))
			continue;
		empty_fn(t);
		dead_hold |= holds_caches(t);
	}
}

/*
 * A slab that another thread was announcing when its owner ended has stayed
 * with the dead struct.  Who announced it may be the next to end.
 */
static void
exit_round(void *arg)
{
	struct tls *tls = arg;
	int saved = errno;

	if (tls->phase != THREAD_RUNNING)
		return;
	lock_acquire(&threads_lock);
	leave(tls);
	if (dead_hold)
		empty_dead();
	lock_release(&threads_lock);
	left_fn();
	misuse_report_deferred();
	errno = saved;
}

int
thread_init(void)
{
	int error = pthread_key_create(&exit_key, exit_round);

	store_relaxed(&can_stop, os_membarrier_register() == 0);
	/* Pairs with the acquire in register_self: others may be there. */
	store_release(&have_key, error == 0);
	return error;
}

/* Tell the others to stop; have they all heard it? */
static bool
ask_to_stop(void)
{
	bool others = false;

	if (!load_relaxed(&can_stop))
		return false;
	LIST_FOREACH(l, &threads) {
		struct thread *t = THREAD_OF_LINK(l);

		if (t->tls == &zobj_tls)
			continue;
		store_release(&t->tls->self, &thread_nobody);
		others = true;
	}
	YIELD_POINT();
	return !others || os_membarrier() == 0;
}

/*
 * Wait for T to be outside; false: it takes too long.  That is waited for once:
 * it may be inside for ever, by a handler's jump.
 */
static bool
is_outside(struct thread *t)
{
	int looks = STOP_YIELDS + (t->deaf ? 0 : STOP_SLEEPS);

	t->deaf = true;
	for (int i = 0; i < looks && t->deaf; i++) {
		t->deaf = load_acquire(&t->tls->guard) != 0;
		if (t->deaf && i < STOP_YIELDS)
			os_yield();
		else if (t->deaf)
			os_sleep_ms(1);
	}
	return !t->deaf;
}

size_t
thread_stop_all(void)
{
	size_t running = 0;
	bool asked;

	/* Around a fork everybody is stopped already, and must stay so. */
	if (lock_has_all())
		return running_at_fork;
	lock_acquire(&threads_lock);
	asked = ask_to_stop();
	LIST_FOREACH(l, &threads) {
		struct thread *t = THREAD_OF_LINK(l);

		if (t->tls == &zobj_tls) {
			/* Ours are no better for a handler's jump. */
			running += load_relaxed(&zobj_tls.guard) != 0;
			continue;
		}
		t->stopped = asked && is_outside(t);
		if (!t->stopped) {
			running++;
			store_release(&t->tls->self, t);
		}
	}
	running_at_fork = running;
	return running;
}

void
thread_resume_all(void)
{
	if (lock_has_all())
		return;
	LIST_FOREACH(l, &threads) {
		struct thread *t = THREAD_OF_LINK(l);

		if (t->stopped) {
			t->stopped = false;
			store_release(&t->tls->self, t);
		}
	}
	lock_release(&threads_lock);
}

void
thread_foreach_cache(struct thread *t,
    void (*fn)(struct thread *t, struct tcache *tc))
{
	for (unsigned i = 0; i < ARRAY_LEN(t->used); i++)
		for (uint64_t s = t->used[i]; s != 0; s &= s - 1)
			fn(t, &t->caches[i * 64 + lowest_bit(s)]);
}

void
thread_foreach_stopped(void (*fn)(struct thread *t, void *arg), void *arg)
{
	/* Our own handlers are to leave our caches alone, too. */
	struct thread *inside = guard_enter();
	bool ours = !thread_is_displaced(inside);

	LIST_FOREACH(l, &threads) {
		struct thread *t = THREAD_OF_LINK(l);

		if (t->stopped || (t->tls == &zobj_tls && ours))
			fn(t, arg);
	}
	LIST_FOREACH(l, &threads_dead)
		fn(THREAD_OF_LINK(l), arg);
	guard_leave_as(inside);
}

/* What it seems to hold may not be taken for free. */
static void
forget_cache(struct thread *t, struct tcache *tc)
{
	(void)t;
	tcache_forget(tc);
}

/*
 * T was not stopped, so it may have left its caches half done, and parts of
 * them may be older than others.  What the program has in its slabs stays
 * usable, what is free in them is lost.
 */
static void
abandon(struct thread *t)
{
	t->abandoned = true;
	thread_foreach_cache(t, forget_cache);
}

void
thread_forget_others(void)
{
	store_relaxed(&can_stop, os_membarrier_register() == 0);
	LIST_FOREACH_SAFE(l, &threads) {
		struct thread *t = THREAD_OF_LINK(l);

		if (t->tls == &zobj_tls)
			continue;
		list_remove(&t->link);
		add_relaxed(&registered, -1);
		if (!t->stopped) {
			abandon(t);
			continue;
		}
		t->stopped = false;
		empty_fn(t);
		struct_put(t);
	}
}

size_t
thread_purge_dead(void)
{
	size_t bytes = 0;

	lock_acquire(&threads_lock);
	LIST_FOREACH(l, &threads_dead)
		if (!holds_caches(THREAD_OF_LINK(l)))
			bytes += purge_caches(THREAD_OF_LINK(l));
	lock_release(&threads_lock);
	return bytes;
}

size_t
thread_count(void)
{
	return load_relaxed(&registered);
}
