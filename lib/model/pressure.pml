/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure.pml - an entry of the table of functions that free memory: claim,
 * pressure_add, use, release, remove_entry, pressure_remove and call of
 * pressure.c.
 *
 * Two owners add a function with an argument each, remove it, and let the
 * argument end; two callers call what they find.  A function may remove itself
 * while it is called, and then its argument never ends: its owner does not know
 * when it could.  Checked: a function is called with the argument that was
 * given with it, and that one has not ended before the function returns; and
 * nobody waits for ever.
 *
 * Assumed: the atomic operations on fn and users are sequentially consistent,
 * as they are asked to be.
 *
 * BROKEN=1	who claims an entry does not look at users
 * BROKEN=2	who removes does not wait
 * BROKEN=3	a caller looks at fn before he is among the users
 */
#ifndef BROKEN
#define BROKEN 0
#endif

#define CALLS	2		/* of each caller */

#define FREE	0		/* fn; others are the number of an owner */
#define CLAIMED	1
byte fn = FREE;
byte arg;
byte users;

bool ended[4];			/* by owner: its argument has */

inline use(f)
{
#if BROKEN == 3
	f = fn;
	users++
#else
	users++;
	f = fn
#endif
	;
	if
	:: f == CLAIMED -> f = FREE
	:: else
	fi
}

proctype caller()
{
	byte f, a, n;

	do
	:: n < CALLS ->
		n++;
		use(f);
		if
		:: f != FREE ->
			a = arg;
			assert(a == f);
			assert(!ended[a]);
			if
			:: true
			:: atomic { fn == f -> fn = FREE }	/* itself */
			:: fn != f
			fi;
			assert(!ended[a])
		:: else
		fi;
		users--
	:: else -> break
	od;
	f = 0; a = 0
}

proctype owner(byte self)
{
	byte f;
	bool ours;

add:
	atomic { fn == FREE -> fn = CLAIMED }	/* there will be room */
#if BROKEN != 1
	if
	:: users == 0
	:: else -> fn = FREE; goto add
	fi;
#endif
	arg = self;
	fn = self;

	use(f);
	if
	:: f != FREE && arg == self ->
		atomic {
			if
			:: fn == f -> fn = FREE; ours = true
			:: else
			fi
		}
	:: else
	fi;
	users--;
	if
	:: ours ->
#if BROKEN != 2
		users == 0;
#endif
		ended[self] = true
	:: else
	fi;
	f = 0
}

init {
	atomic {
		run caller();
		run caller();
		run owner(2);
		run owner(3)
	}
}
