/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stop.pml - the guard and how a thread is stopped: guard_enter, guard_leave,
 * thread_enter, register_self, leave, ask_to_stop, is_outside,
 * thread_stop_all, thread_resume_all of thread.h and thread.c.
 *
 * A worker works on two variables, without atomics, and a stopper on the same
 * two; so does a signal handler that interrupts the worker anywhere, if it finds
 * the guard open.  Checked: neither the worker nor its handler is at work while
 * the stopper is, nor the one in the middle of the other; each finds in both
 * what was last written, by whomever; and nobody waits for ever.
 *
 * Processors are those of x86: a store goes into a buffer of its processor,
 * loads look there first, and it reaches memory in order and later.  A locked
 * instruction, and a system call that is a barrier, wait until the buffer of
 * their processor is empty; membarrier until each one's has been.  A processor
 * that reorders more needs what the code asks for besides: guard = 0 and
 * self = t release, and are read with acquire.
 *
 * Assumed: threads_lock excludes (lock.pml).  is_outside may give up at any
 * time, membarrier may fail.
 *
 * BROKEN=1	no membarrier
 * BROKEN=2	the guard is looked at before self is written
 * BROKEN=3	self is read before the guard is written
 * BROKEN=4	one registered thread is taken for the stopper itself, which
 *		may be no registered thread
 * BROKEN=5	the guard is left before the work is done
 * BROKEN=6	a handler that finds its thread inside works on
 * BROKEN=7	a handler that finds its thread inside leaves the guard
 */
#ifndef BROKEN
#define BROKEN 0
#endif

#define DEPTH 5			/* stores a buffer has room for */

/* What is in memory. */
#define SELF	0		/* the worker's tls.self: NOBODY or T */
#define GUARD	1		/* the worker's tls.guard */
#define FIRST	2		/* what the worker's caches are here */
#define SECOND	3
#define NOBODY	0
#define T	1
byte mem[4];

#define WORKER	0		/* processors */
#define STOPPER	1
typedef buffer {
	byte n;
	byte var[DEPTH];
	byte val[DEPTH]
};
buffer buf[2];

/* Under threads_lock. */
bool threads_lock;
byte registered;
bool listed;			/* the worker is on the list of threads */

/* What only the model knows. */
bool at_work;			/* the worker is, or its handler */
bool handling;			/* the handler runs, and the worker does not */
byte last;			/* what both variables were last set to */

inline store(x, value)
{
	atomic {
		buf[cpu].n < DEPTH;
		buf[cpu].var[buf[cpu].n] = x;
		buf[cpu].val[buf[cpu].n] = value;
		buf[cpu].n++
	}
}

/* Inside an atomic or d_step. */
inline look(x, out)
{
	out = mem[x];
	i = 0;
	do
	:: i < buf[cpu].n ->
		if
		:: buf[cpu].var[i] == x -> out = buf[cpu].val[i]
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0
}

inline load(x, out)
{
	d_step { look(x, out) }
}

#define barrier(c)	(buf[c].n == 0)

inline lock_acquire()
{
	atomic { barrier(cpu) && !threads_lock -> threads_lock = true }
}

inline lock_release()
{
	atomic { barrier(cpu) -> threads_lock = false }
}

/* The oldest store of processor C reaches memory. */
active [2] proctype memory()
{
	byte c = _pid, i;

end:	do
	:: d_step {
		buf[c].n > 0 ->
		mem[buf[c].var[0]] = buf[c].val[0];
		buf[c].n--;
		i = 0;
		do
		:: i < buf[c].n ->
			buf[c].var[i] = buf[c].var[i + 1];
			buf[c].val[i] = buf[c].val[i + 1];
			i++
		:: else -> break
		od;
		buf[c].var[buf[c].n] = 0;
		buf[c].val[buf[c].n] = 0;
		i = 0
	}
	od
}

inline register_self()
{
	lock_acquire();
	listed = true;
	registered++;
	store(SELF, T);
	lock_release()
}

/* Of a thread that ends. */
inline leave()
{
	lock_acquire();
	store(SELF, NOBODY);
	listed = false;
	registered--;
	lock_release()
}

/*
 * Sets `self`; the work begins unless that is nobody, or the thread was inside
 * already, which is as good: then the address is no cache's.
 */
inline read_self()
{
	d_step {
		look(SELF, self);
		if
		:: was != 0 && BROKEN != 6 -> self = NOBODY
		:: else ->
			if
			:: self != NOBODY -> at_work = true
			:: else
			fi
		fi
	}
}

/* Sets `was`. */
inline guard_enter()
{
	load(GUARD, was);
	if
	:: BROKEN == 3 ->
		read_self();
		store(GUARD, 1)
	:: else ->
		store(GUARD, 1);
		read_self()
	fi
}

inline guard_leave_as()
{
	if
	:: was == 0 || BROKEN == 7 -> guard_leave()
	:: else
	fi;
	was = 0
}

inline guard_leave()
{
	atomic {
		store(GUARD, 0);
		if
		:: BROKEN != 5 -> at_work = false
		:: else
		fi
	}
}

/* Turn both variables over. */
inline turn_over()
{
	load(FIRST, one);
	load(SECOND, two);
	assert(one == last && two == last);
	store(FIRST, 1 - one);
	atomic {
		store(SECOND, 1 - two);
		last = 1 - last;
		one = 0;
		two = 0
	}
}

/* Leaves the guard. */
inline work()
{
	if
	:: BROKEN == 5 -> guard_leave(); turn_over(); at_work = false
	:: else -> turn_over(); guard_leave()
	fi;
	self = NOBODY
}

/* The lock is held.  Sets `asked`. */
inline ask_to_stop()
{
	if
	:: (BROKEN == 4 -> registered <= 1 : !listed) -> asked = true
	:: else ->
		if
		:: BROKEN == 2
		:: else ->
			if
			:: listed -> store(SELF, NOBODY)
			:: else
			fi
		fi;
		asked = true;
		if
		:: BROKEN == 1
		:: else ->
			if
			:: barrier(STOPPER); barrier(WORKER)
			:: asked = false	/* the system refuses */
			fi
		fi
	fi
}

/* Sets `outside`. */
inline is_outside()
{
	do
	:: load(GUARD, guard);
	   if
	   :: guard == 0 -> outside = true; break
	   :: else
	   fi
	:: break
	od;
	guard = 0
}

inline thread_stop_all()
{
	lock_acquire();
	outside = false;
	if
	:: BROKEN == 2 && listed -> is_outside()
	:: else
	fi;
	ask_to_stop();
	if
	:: BROKEN == 2 && listed -> store(SELF, NOBODY)
	:: BROKEN != 2 && listed && asked -> is_outside()
	:: else
	fi;
	stopped = asked && outside;
	if
	:: listed && !stopped -> store(SELF, T)
	:: else
	fi
}

inline thread_resume_all()
{
	if
	:: stopped -> store(SELF, T)
	:: else
	fi;
	stopped = false;
	outside = false;
	asked = false;
	lock_release()
}

proctype worker() provided (!handling)
{
	byte cpu = WORKER, i;
	byte self, was, one, two;

begin:	register_self();
	do
	:: guard_enter();
	   if
	   :: self == T -> work()
	   :: else ->
		guard_leave();		/* thread_enter */
		lock_acquire();
		lock_release()
	   fi
	:: leave();
	   if
	   :: goto begin		/* another thread, same struct */
	   :: break
	   fi
	od
}

/* Whatever it finds, it waits for nobody. */
proctype handler()
{
	byte cpu = WORKER, i;
	byte self, was, one, two;

	do
	:: handling = true;
	   guard_enter();
	   if
	   :: self == T -> work()
	   :: else -> guard_leave_as()
	   fi;
	   handling = false
	:: break
	od
}

proctype stopper()
{
	byte cpu = STOPPER, i;
	byte guard, one, two;
	bool asked, outside, stopped;

	do
	:: thread_stop_all();
	   if
	   :: stopped ->
		assert(!at_work);
		turn_over();
		assert(!at_work)
	   :: else
	   fi;
	   thread_resume_all()
	:: break
	od
}

init {
	atomic {
		if
		:: registered = 1	/* the stopper */
		:: true
		fi;
		run worker();
		run handler();
		run stopper()
	}
}
