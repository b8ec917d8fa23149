/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.pml - the mutex of lock.c: acquire, lock_try, lock_try_briefly, wait,
 * lock_release, and the futex behind os_wait and os_wake.
 *
 * Checked: who took the lock briefly wakes nobody; at most one thread is inside, and nobody sleeps for ever.  A thread
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
 * BROKEN=5	a lock that is held briefly is waited for like any other
 */
#ifndef BROKEN
#define BROKEN 0
#endif
#define THREADS 3

#define HELD		1
#define CONTENDED	2
#define BRIEF		3
byte state;			/* struct lock */
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
		:: else
		fi
	}
}

inline exchange(value)
{
	atomic { old = state; state = value }
}

/* Sets `got`. */
inline take(as)
{
	if
	:: BROKEN == 3 ->
		got = state == 0;
		if
		:: got -> state = as
		:: else
		fi
	:: else ->
		atomic {
			got = state == 0;
			if
			:: got -> state = as
			:: else
			fi
		}
	fi
}

/* Once for each time round the loop; yielding is doing nothing. */
inline wait()
{
	take(CONTENDED);
	do
	:: got -> break
	:: !got ->
		if
		:: state == BRIEF && BROKEN != 5 -> state != BRIEF
		:: state != BRIEF || BROKEN == 5 ->
			atomic {
				old = state;
				if
				:: old == HELD ||
				    (BROKEN == 5 && old == BRIEF) ->
					state = CONTENDED;
					old = CONTENDED
				:: else
				fi
			}
			if
			:: old == CONTENDED -> os_wait(CONTENDED)
			:: old != CONTENDED
			fi
		fi;
		take((BROKEN == 1 -> HELD : CONTENDED))
	od
}

inline acquire()
{
	/* One look stands for SPINS of them; none, for all in vain. */
	got = false;
	if
	:: take(HELD)
	:: true
	fi;
	if
	:: got
	:: !got -> wait()
	fi
}

inline lock_release()
{
	if
	:: BROKEN == 4 ->
		old = state;
		if
		:: old == CONTENDED -> os_wake()
		:: else
		fi;
		state = 0
	:: else ->
		exchange(0);
		assert(old != CONTENDED || !brief);
		if
		:: old == CONTENDED -> os_wake()
		:: else
		fi
	fi
}

active [THREADS] proctype thread()
{
	byte old;
	bool got, brief;

	do
	:: if
	   :: acquire()
	   :: brief = false;
	      take(HELD)
	   :: brief = true;
	      take(BRIEF)
	   fi;
	   if
	   :: got ->
		inside++;
		assert(inside == 1);
		inside--;
		lock_release()
	   :: else
	   fi;
	   atomic {
		brief = false;
		got = false;
		old = 0
	   }
	:: break
	od
}
