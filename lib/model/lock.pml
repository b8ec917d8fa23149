/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.pml - the mutex of lock.c: acquire, lock_try, lock_release, and the
 * futex behind os_wait and os_wake.
 *
 * Checked: at most one thread is inside, and nobody sleeps for ever.  A thread
 * may end after any round, so a sleeper whom nobody wakes any more shows up as
 * an invalid end state.
 *
 * Assumed: the kernel compares and goes to sleep in one step, wakes any one
 * sleeper, and may let a waiter return for no reason (a signal).  Such a
 * return stands for a look before sleeping, too: a sleeper is woken by os_wake
 * only, or a lost wake-up would not be seen.  Each atomic is one step: all are
 * read-modify-writes of one word.
 *
 * BROKEN=1	who has slept takes the lock as not waited for
 * BROKEN=2	the kernel goes to sleep without comparing
 * BROKEN=3	lock_try looks and writes in two steps
 * BROKEN=4	lock_release wakes before it releases
 */
#ifndef BROKEN
#define BROKEN 0
#endif
#define THREADS 4

byte state;			/* struct lock: 0, 1, 2 */
bool asleep[THREADS];
byte inside;

inline os_wait(value)
{
	atomic {
		if
		:: BROKEN == 2 || state == value -> asleep[_pid] = true
		:: true				/* EINTR, EAGAIN */
		fi
	}
	!asleep[_pid]
}

inline os_wake()
{
	atomic {
		if
		:: asleep[0] -> asleep[0] = false
		:: asleep[1] -> asleep[1] = false
		:: asleep[2] -> asleep[2] = false
		:: asleep[3] -> asleep[3] = false
		:: else
		fi
	}
}

inline exchange(value)
{
	atomic { old = state; state = value }
}

/* Sets `got`. */
inline lock_try()
{
	if
	:: BROKEN == 3 ->
		got = state == 0;
		if
		:: got -> state = 1
		:: else
		fi
	:: else ->
		atomic {
			got = state == 0;
			if
			:: got -> state = 1
			:: else
			fi
		}
	fi
}

inline acquire()
{
	/* One look stands for SPINS of them; none, for all in vain. */
	got = false;
	if
	:: lock_try()
	:: true
	fi;
	if
	:: got
	:: else ->
		exchange(2);
		do
		:: old != 0 ->
			os_wait(2);
			exchange((BROKEN == 1 -> 1 : 2))
		:: else -> break
		od
	fi
}

inline lock_release()
{
	if
	:: BROKEN == 4 ->
		old = state;
		if
		:: old == 2 -> os_wake()
		:: else
		fi;
		state = 0
	:: else ->
		exchange(0);
		if
		:: old == 2 -> os_wake()
		:: else
		fi
	fi
}

active [THREADS] proctype thread()
{
	byte old;
	bool got;

	do
	:: if
	   :: acquire();
	      got = true
	   :: lock_try()
	   fi;
	   if
	   :: got ->
		inside++;
		assert(inside == 1);
		inside--;
		lock_release()
	   :: else
	   fi
	:: break
	od
}
