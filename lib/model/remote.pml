/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * remote.pml - objects freed by others than the owner, while their slab
 * changes owner, leaves the zone and comes back: remote_free, announce, push,
 * pop_all, take_back, slab_collect, remote_drain_cache, remote_drain_zone of
 * remote.c and slab.c; set_owner, rotate_adopt, rotate_share,
 * rotate_leave_free, rotate_enter of rotate.c; carve and share_discard of
 * share.c.
 *
 * Freers free any object that is live.  Threads hand objects out, collect what
 * was announced, adopt and share slabs, give free ones back and carve them
 * anew.  All go on as long as they like.  Checked, by the letters of remote.h:
 *
 *  a. when the freers have stopped and everybody has drained once more, no
 *     object is in a remote word;
 *  b. a slab that is pushed stands on no stack; who drains a stack holds the
 *     slabs on it;
 *  c. a slab that leaves the zone is written by no freer any more, nor before
 *     it has come back, and its remote words are clear;
 *
 * and that announce never finds ANNOUNCED set: pending is not zero from a
 * slab's first bit until it has been popped and ANNOUNCED is clear.
 *
 * Assumed: the zone's lock excludes (lock.pml).  One step is one atomic, with
 * the plain accesses of a slab's holder that go with it, which nobody else
 * reads; except that remote_free looks at `free`, where a live object's bit is
 * clear anyway.  Steps are in one order for all; remote.c says why acq_rel is
 * enough for that.  The program frees no object twice.
 *
 * BROKEN=1	ANNOUNCED is cleared after pending was taken
 * BROKEN=2	next_announced is read after pending was taken
 * BROKEN=3	pending is cleared after the words were taken
 * BROKEN=4	a slab changes owner though it is announced
 * BROKEN=5	the owner is read before ANNOUNCED is set
 * BROKEN=6	a slab goes when its objects are free, collected or not
 *
 * Two slabs are for the links of a stack, two words for pending; both at once
 * are too many states.
 */
#ifndef BROKEN
#define BROKEN 0
#endif
#ifndef SLABS
#define SLABS 1
#endif
#ifndef OBJECTS
#define OBJECTS 3		/* of the first slab, in two words; else 1 */
#endif
#ifndef FREERS
#define FREERS 3
#endif
#define THREADS 2		/* with a cache each: owners 1 and 2 */
#define ZONE 0			/* as an owner */

/* What there is in word W of slab N. */
#if OBJECTS == 1
#define WORDS 1
#define ALL(n, w) 1
#elif OBJECTS == 2
#define WORDS 2
#define ALL(n, w) ((n == 1 && w == 1) -> 0 : 1)
#else
#define WORDS 2
#define ALL(n, w) ((n == 1) -> 1 - w : 3 >> w)
#endif
#define LAST (WORDS - 1)

typedef slab {
	/* One word: */
	byte owner;
	bool announced;			/* OWNER_ANNOUNCED */

	byte pending;
	byte free[WORDS];
	byte remote[WORDS];
	byte next_announced;		/* number of a slab + 1; 0: NULL */

	/* What only the model knows. */
	byte live[WORDS];		/* objects that the program has */
	byte writers;			/* freers that have more to write */
	bool stacked;
	bool present			/* in the zone */
};

slab d[SLABS];
byte stack[THREADS + 1];		/* `announced` of the zone, the caches */
bool zone_lock;
byte freers = FREERS, threads = THREADS;

/*
 * Freers.
 */

/* The first access: frees a live object B of slab N; sets s, w, old. */
inline or_remote(n, word, b)
{
	(d[n].live[word] & b) != 0 ->
	s = n;
	w = word;
	d[s].live[w] = d[s].live[w] & ~b;
	assert((d[s].free[w] & b) == 0);
	old = d[s].remote[w];
	d[s].remote[w] = old | b;
	assert((old & b) == 0);
	d[s].writers = d[s].writers + (old == 0 -> 1 : 0)
}

inline or_pending()
{
	assert(d[s].present);
	old = d[s].pending;
	d[s].pending = old | (1 << w);
	d[s].writers = d[s].writers - (old == 0 -> 0 : 1)
}

inline or_owner()
{
	assert(d[s].present);
	old = d[s].announced;
	d[s].announced = true;
#if BROKEN == 0
	assert(!old);
#endif
	d[s].writers = d[s].writers - (old == 0 -> 0 : 1)
}

inline announce()
{
#if BROKEN == 5
	owner = d[s].owner;
	atomic { or_owner(); goto_done_unless_first() }
#else
	atomic { or_owner(); owner = d[s].owner; goto_done_unless_first() }
#endif
	push()
}

inline push()
{
	do
	:: atomic {
		assert(d[s].present);
		top = stack[owner];
		d[s].next_announced = top
	   }
	   atomic {
		if
		:: stack[owner] == top ->
			assert(!d[s].stacked);
			d[s].stacked = true;
			d[s].writers--;
			stack[owner] = s + 1;
			goto done
		:: else
		fi
	   }
	od
}

inline goto_done_unless_first()
{
	if
	:: old != 0 -> goto done
	:: else
	fi
}

active [FREERS] proctype freer()
{
	byte s, w, old, owner, top;

	/* remote_free, as often as one likes. */
done:	atomic {
		s = 0; w = 0; old = 0; owner = 0; top = 0;
		if
		:: or_remote(0, 0, 1)
		:: or_remote(0, 0, 2)
		:: or_remote(0, LAST, 1)
		:: or_remote(SLABS - 1, 0, 1)
		:: freers--; goto end
		fi;
		goto_done_unless_first()
	}
	atomic { or_pending(); goto_done_unless_first() }
	announce();
end:	skip
}

/*
 * Threads.
 */

/* The holder hands out an object; it gets one back. */
inline take(n, word, b)
{
	(d[n].free[word] & b) != 0 ->
	d[n].free[word] = d[n].free[word] & ~b;
	d[n].live[word] = d[n].live[word] | b
}

inline put(n, word, b)
{
	(d[n].live[word] & b) != 0 ->
	d[n].live[word] = d[n].live[word] & ~b;
	d[n].free[word] = d[n].free[word] | b
}

inline read_next()
{
	assert(d[s].stacked);
	list = d[s].next_announced;
	d[s].stacked = false
}

inline take_back()
{
#if BROKEN != 2
	read_next();
#endif
#if BROKEN != 1
	d[s].announced = false
#endif
}

inline collect_word(word)
{
	if
	:: (words & (1 << word)) != 0 ->
		assert((d[s].free[word] & d[s].remote[word]) == 0);
		d[s].free[word] = d[s].free[word] | d[s].remote[word];
		d[s].remote[word] = 0
	:: else
	fi
}

inline slab_collect()
{
#if BROKEN == 3
	words = d[s].pending;
#else
	atomic { words = d[s].pending; d[s].pending = 0 }
#endif
	atomic { collect_word(0) }
#if WORDS > 1
	atomic { collect_word(1) }
#endif
#if BROKEN == 1
	d[s].announced = false;
#elif BROKEN == 2
	read_next();
#elif BROKEN == 3
	d[s].pending = 0;
#endif
	words = 0
}

inline remote_drain(whose)
{
	atomic { list = stack[whose]; stack[whose] = 0 }	/* pop_all */
	do
	:: atomic {
		list != 0 ->
		s = list - 1;
		assert(d[s].present && d[s].owner == whose)
	   }
	   take_back();
	   slab_collect()
	:: atomic { list == 0 -> s = 0; break }
	od
}

inline lock_acquire()
{
	atomic { !zone_lock -> zone_lock = true }
}

inline lock_release()
{
	zone_lock = false
}

#define shared(n) \
	(d[n].present && d[n].owner == ZONE)
#define owned(n) \
	(d[n].present && d[n].owner == me)
/* Does set_owner succeed? */
#define can_change(n) \
	(!d[n].announced || BROKEN == 4)
#define has_free(n) \
	((d[n].free[0] | d[n].free[LAST]) != 0)
#if BROKEN == 6
#define is_free(n) \
	((d[n].free[0] | d[n].remote[0]) == ALL(n, 0) && \
	(d[n].free[LAST] | d[n].remote[LAST]) == ALL(n, LAST))
#else
#define is_free(n) \
	(d[n].free[0] == ALL(n, 0) && d[n].free[LAST] == ALL(n, LAST))
#endif
#define nobodys(n) \
	(d[n].writers == 0 && !d[n].stacked && !d[n].announced && \
	d[n].pending == 0 && d[n].remote[0] == 0 && d[n].remote[LAST] == 0)

/* The next five are atomic; the first three need the lock. */
inline rotate_share(n)
{
	!zone_lock && owned(n) && can_change(n) ->
	d[n].owner = ZONE
}

/* With rotate_enter. */
inline carve(n)
{
	!zone_lock && !d[n].present ->
	d[n].present = true;
	d[n].free[0] = ALL(n, 0);
	d[n].free[LAST] = ALL(n, LAST);
	d[n].remote[0] = 0;
	d[n].remote[LAST] = 0;
	d[n].pending = 0;
	if
	:: d[n].owner = ZONE
	:: d[n].owner = me
	fi
}

/* With share_discard. */
inline rotate_leave_free(n)
{
	is_free(n) && !d[n].announced ->
	assert(BROKEN == 6 || nobodys(n));
	d[n].present = false
}

inline use_own(n)
{
	owned(n) ->
	if
	:: take(n, 0, 1)
	:: take(n, 0, 2)
	:: take(n, LAST, 1)
	:: put(n, 0, 1)
	:: put(n, 0, 2)
	:: put(n, LAST, 1)
	:: else
	fi
}

inline use_shared(n)
{
	shared(n) ->
	if
	:: take(n, 0, 1)
	:: take(n, 0, 2)
	:: take(n, LAST, 1)
	:: has_free(n) && can_change(n) ->
		d[n].owner = me		/* rotate_adopt */
	:: rotate_leave_free(n)
	:: else
	fi
}

active [THREADS] proctype thread()
{
	byte me = _pid - FREERS + 1;
	byte list, s, words;

	do
	:: atomic { use_own(0) }
	:: atomic { rotate_share(0) }
	:: atomic { carve(0) }
#if SLABS > 1
	:: atomic { use_own(1) }
	:: atomic { rotate_share(1) }
	:: atomic { carve(1) }
#endif
	:: stack[me] != 0 -> remote_drain(me)
	:: lock_acquire();
	   remote_drain(ZONE);
	   atomic {
		if
		:: use_shared(0)
#if SLABS > 1
		:: use_shared(1)
#endif
		:: else
		fi;
		lock_release()
	   }
	:: freers == 0 -> break
	od;
	remote_drain(me);
	lock_acquire();
	remote_drain(ZONE);
	lock_release();
	threads--
}

inline check(n)
{
	assert(nobodys(n));
	assert(!d[n].present || (d[n].free[0] | d[n].live[0]) == ALL(n, 0));
	assert(!d[n].present || (d[n].free[LAST] | d[n].live[LAST]) ==
	    ALL(n, LAST))
}

active proctype at_rest()
{
	atomic {
		freers == 0 && threads == 0 ->
		check(0);
		check(SLABS - 1)
	}
}
