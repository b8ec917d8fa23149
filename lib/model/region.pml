/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * region.pml - the table of registered memory in region.c: region_find against
 * region_add and region_remove.
 *
 * A table is two words here, and each update makes both the number of the
 * version that they belong to.  Checked: what a reader accepts is one version,
 * whole, and it was the current one at some moment while he looked; and a
 * reader who is alone, in a signal handler that has interrupted the writer
 * anywhere, looks once.
 *
 * Assumed: writers exclude each other (lock.pml), so there is one.  Each load
 * and store is a step, and the steps of one process are seen in order: words
 * are stored with release and loaded with acquire, and so is the version.
 *
 * BROKEN=1	the version is not looked at again
 * BROKEN=2	the writer writes the copy that is read
 * BROKEN=3	the version is made known before the words are there
 * BROKEN=4	the second look at the version comes before the words
 */
#ifndef BROKEN
#define BROKEN 0
#endif

#define UPDATES 5
#define READERS 1

typedef table {
	byte first;
	byte second
};
table tables[2];
byte version;

bool handler;			/* the writer is interrupted: he waits */

proctype writer()
{
	byte next, to;

	do
	:: version < UPDATES ->
		next = version + 1;
		to = (BROKEN == 2 -> version % 2 : next % 2);
		if
		:: BROKEN == 3 -> atomic { !handler -> version = next }
		:: else
		fi;
		atomic { !handler -> tables[to].first = next }
		atomic { !handler -> tables[to].second = next }
		if
		:: BROKEN != 3 -> atomic { !handler -> version = next }
		:: else
		fi
	:: else -> break
	od
}

/* Sets `one`, `two`, of version `before`. */
inline look()
{
	before = after;
	if
	:: BROKEN == 4 -> after = version
	:: else
	fi;
	one = tables[before % 2].first;
	two = tables[before % 2].second;
	if
	:: BROKEN != 1 && BROKEN != 4 -> after = version
	:: else
	fi
}

proctype reader()
{
	byte before, after, one, two, oldest;

	d_step { after = version; oldest = after }
	do
	:: look();
	   if
	   :: after == before -> break
	   :: else
	   fi
	od;
	assert(one == two);
	assert(one == before && oldest <= before && before <= version)
}

proctype interrupter()
{
	byte before, after, one, two;

	handler = true;
	after = version;
	look();
	assert(after == before && one == two && one == before);
	handler = false
}

init {
	byte i;

	atomic {
		run writer();
		run interrupter();
		do
		:: i < READERS -> run reader(); i++
		:: else -> break
		od
	}
}
