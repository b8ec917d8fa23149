/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.h - threads: their caches, their guard, and how to stop one.
 *
 * A thread works on what it owns without atomics, inside its guard:
 *
 *	old = guard; guard = GUARD_INSIDE; fence; self = tls.self + old; ... ;
 *	guard = 0
 *
 * where the fence is only the compiler's.  Who wants what another thread owns
 * stops that thread (thread_stop_all): it writes `thread_nobody` into the
 * other's tls.self, calls os_membarrier, and looks at the other's guard.
 *
 *	guard == 0: the thread is outside, and finds nobody's empty caches when
 *		it next enters, so it goes the slow path, which waits for
 *		thread_resume_all in thread_enter.
 *	else:	it may still work on what it owns: wait, or leave it alone.
 *
 * A signal handler may interrupt the thread inside, and call us.  It finds
 * GUARD_INSIDE where it expects 0, and so every cache displaced by as much: into
 * what is always zero of the same cache.  There the word is empty, no object is
 * in it, and the address is no owner's, so the fast paths fail by themselves.
 * The slow paths see that the address is no cache's: thread_is_displaced.  They
 * leave the guard, and all that it guards, alone; so do those of a handler that
 * interrupted a lock: thread_is_interrupted.
 *
 * Who works on the caller's own caches without having come by a fast path is
 * inside the guard too, for its handlers.  A handler that is left by a jump
 * leaves its thread inside for ever: what the thread owns stays as it is.
 *
 * Pairs: the barrier stands between our write of self and our read of guard,
 * and between their write of guard and their read of self.  guard = 0 is a
 * release, read with acquire: all that the thread did is visible to us.
 * tls.self is written with release and read with acquire: all that we did is
 * visible to the thread.  model/stop.pml checks this.
 *
 * Before the loader has set up thread-local storage (an IFUNC resolver calls
 * malloc) tls.self is NULL, and zobj_tls must not be relied on: see
 * thread_storage_works.
 */
#ifndef ZOBJ_THREAD_H
#define ZOBJ_THREAD_H

#include "lock.h"
#include "tcache.h"

enum {
	ZONE_SLOTS = 4096 + 128		/* the program's and our own */
};

struct tls;

struct thread {
	line_aligned
	struct tcache	none;		/* slot 0: always empty */

	struct list	link;		/* threads or dead; threads_lock */
	struct tls	*tls;
	bool		stopped;	/* threads_lock */
	bool		deaf;		/* threads_lock: was not stopped in
					   time when last asked */
	bool		abandoned;	/* threads_lock: it is no more, and what
					   it owns may be half done: for ever */
	uint32_t	ticks;		/* owner: words refilled */
	uint64_t	polled_ms;	/* owner: see reclaim_poll */
	uint64_t	used[(ZONE_SLOTS + 63) / 64];	/* owner: caches that
					   have been initialized */
	line_aligned
	struct tcache	caches[ZONE_SLOTS];
};

enum {
	GUARD_INSIDE = offsetof(struct tcache, shadow)
};

/* What the fast paths read first, displaced, is zero. */
_Static_assert(offsetof(struct tcache, span) + sizeof (uint64_t) <=
    sizeof (uint64_t[6]), "inside the shadow");
_Static_assert(GUARD_INSIDE % LINE_SIZE != 0 &&
    GUARD_INSIDE % _Alignof(struct tcache) == 0, "no cache's address");

enum thread_phase {
	THREAD_NEW,			/* no struct thread yet */
	THREAD_REGISTERING,
	THREAD_RUNNING,
	THREAD_GONE			/* its destructors have run */
};

struct tls {
	_Atomic(struct thread *) self;	/* thread_nobody: none, or stopped */
	_Atomic(uint32_t) guard;	/* 0 or GUARD_INSIDE */
	uint8_t		phase;		/* enum thread_phase */
	bool		reclaiming;	/* owner: see reclaim_pressure */
	struct thread	*mine;		/* set while THREAD_RUNNING */
};

extern internal __thread struct tls zobj_tls
    __attribute__((__tls_model__("initial-exec")));
extern struct thread thread_nobody;
extern struct lock threads_lock;
extern struct list threads_dead;	/* exited, struct kept for reuse */

/* The caller's struct thread, or nobody's; displaced: see above. */
hot_inline struct thread *
guard_enter(void)
{
	uintptr_t t = load_own(&zobj_tls.guard);

	store_relaxed(&zobj_tls.guard, GUARD_INSIDE);
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
	/* One instruction, where compilers load an atomic and then add. */
	__asm__ volatile("addq %1, %0" : "+r"(t) :
	    "m"(*(struct thread **)(void *)&zobj_tls.self) : "cc", "memory");
#else
	atomic_signal_fence(memory_order_seq_cst);
	t += (uintptr_t)load_acquire(&zobj_tls.self);
#endif
	return (struct thread *)t;
}

hot_inline void
guard_leave(void)
{
	store_release(&zobj_tls.guard, 0);
}

/* P, from guard_enter or a cache of it: was the thread inside already? */
hot_inline bool
thread_is_displaced(const void *p)
{
	return (uintptr_t)p % LINE_SIZE != 0;
}

/* The end of what guard_enter began, which returned T. */
static inline void
guard_leave_as(const struct thread *t)
{
	if (!thread_is_displaced(t))
		guard_leave();
}

/*
 * Outside the guard: is the caller a signal handler that interrupted its
 * thread inside it, or with a lock?  Then it may not touch its thread's caches,
 * nor wait for what the thread may have to let go.
 */
static inline bool
thread_is_interrupted(void)
{
	return unlikely(load_relaxed(&zobj_tls.guard) != 0) ||
	    unlikely(lock_is_inside());
}

/* Thread-local storage has its final contents. */
static inline bool
thread_storage_works(void)
{
	return load_relaxed(&zobj_tls.self) != NULL;
}

/* The cache with slot SLOT; of nobody: empty. */
hot_inline struct tcache *
thread_cache(struct thread *t, uint32_t slot)
{
	return (struct tcache *)(void *)((char *)t + slot);
}

/* The reverse. */
static inline struct thread *
thread_of_cache(struct tcache *tc, uint32_t slot)
{
	return (struct thread *)(void *)((char *)tc - slot);
}

/* Is OWNER, as read from a slab, a cache of T? */
hot_inline bool
thread_owns(const struct thread *t, uintptr_t owner)
{
	return owner - (uintptr_t)t < sizeof (struct thread);
}

static inline uint32_t
thread_slot(unsigned id)
{
	return (uint32_t)(offsetof(struct thread, caches) +
	    id * sizeof (struct tcache));
}

static inline unsigned
thread_slot_id(uint32_t slot)
{
	return (unsigned)((slot - offsetof(struct thread, caches)) /
	    sizeof (struct tcache));
}

/*
 * The caller's struct thread, for a slow path that found nobody: registers
 * the thread, or waits until it is resumed.  Called inside the guard, returns
 * inside.  NULL: this thread has none now (being registered, exiting, no
 * memory); use the zone's shared path.
 */
struct thread	*thread_enter(void);

/*
 * A thread without a struct works between these two, which keep it apart from
 * who stops threads.  Called inside the guard; leaves it.
 */
void		 thread_stranger_enter(void);
void		 thread_stranger_leave(void);

/* The same two for who may not wait.  NULL: not now, or never. */
struct thread	*thread_if_there(void);
bool		 thread_stranger_try(void);	/* false: outside the guard */

/*
 * Stop every other thread; those that do not leave the allocator in time go
 * on, not `stopped`.  Returns how many those are.  Outside the guard; holds
 * threads_lock until thread_resume_all.
 */
size_t		 thread_stop_all(void);
void		 thread_resume_all(void);

/*
 * Between the two: call FN for each thread whose caches we may touch: the
 * stopped ones, our own, and the dead.
 */
void		 thread_foreach_stopped(void (*fn)(struct thread *t, void *arg),
		    void *arg);

/* Call FN for each cache of T that is in use. */
void		 thread_foreach_cache(struct thread *t,
		    void (*fn)(struct thread *t, struct tcache *tc));

/*
 * EMPTY is called with each thread that exits, threads_lock held; then, in the
 * thread still, LEFT without it.
 */
void		 thread_on_exit(void (*empty)(struct thread *t),
		    void (*left)(void));
/* Called once, outside the guard, when the first thread registers. */
int		 thread_init(void);
/* In the child of a fork: we are the only thread.  threads_lock held. */
void		 thread_forget_others(void);
size_t		 thread_count(void);	/* may be stale */
/* What threads that have ended leave for the next ones goes; bytes given. */
size_t		 thread_purge_dead(void);

#endif /* ZOBJ_THREAD_H */
