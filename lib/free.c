/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * free.c - the slow half of free: other threads' slabs, shared slabs, the
 * held word changed for another, slabs of several units, and every mistake.
 */
#include "free.h"

#include "destroy.h"
#include "fast.h"
#include "misuse.h"
#include "reclaim.h"
#include "remote.h"
#include "rotate.h"
#include "thread.h"

enum { FIRSTS = 32 };			/* see fast_first */

/* Slabs that the next words would come from are kept, unless they have many. */
static void
release_loose(struct tcache *tc, struct slab *d)
{
	if (load_relaxed(&d->place) == PLACE_ACTIVE && slab_is_loose(d) &&
	    reclaim_is_tight(tc))
		rotate_release(tc, d);
}

void
fast_look(struct tcache *tc, struct slab *d)
{
	rotate_revive(tc, d);
	release_loose(tc, d);
	if (unlikely(reclaim_is_due(tc)))
		reclaim_ready(tc);
	else
		guard_leave();
}

/*
 * BITS are free in word W of D.  True: its summary did not say so, and the slab
 * may have had no object free, or have many.
 */
hot_inline bool
put(struct slab *d, unsigned w, uint64_t bits)
{
	uint64_t summary = load_relaxed(&d->summary);
	bool news = set_bit(&summary, w);

	store_relaxed(&d->map[w].free, bits);
	store_relaxed(&d->summary, summary);
	return news;
}

/*
 * As hold_word in tcache.c, and in its order of what others read, for all that
 * is free of a word without constructors; written out, since what both could
 * call makes a random free 5 instructions longer.
 */
hot_inline void
hold(struct tcache *tc, struct slab *d, uint64_t index, uint64_t w)
{
	uint32_t first = (uint32_t)index & ~(WORD_OBJECTS - 1);

	store_relaxed(&d->held, (uint8_t)(index >> WORD_SHIFT));
	store_relaxed(&tc->slab, d);
	tc->span = (uint64_t)tc->stride << WORD_SHIFT;
	if (unlikely(first + WORD_OBJECTS > d->nobj))
		tc->span = (uint64_t)tc->stride * (d->nobj % WORD_OBJECTS);
	store_relaxed(&tc->base, d->base + (uint64_t)tc->stride * first);
	store_relaxed(&tc->word, w);
	store_relaxed(&d->map[index >> WORD_SHIFT].free, 0);
}

void
fast_hold(uint64_t index, struct slab *d, struct tcache *tc, uint64_t w)
{
	hold(tc, d, index, w);
	guard_leave();
}

/*
 * A cache from which words were not taken for a while only replaces objects,
 * or frees: then the next object had better be the one that is hot, and its
 * neighbours are freed soon.  Another one needs the objects it has at hand.
 */
void
fast_first(uint64_t index, struct slab *d, struct tcache *tc, uint64_t w)
{
	struct slab *from = d;
	bool news;

	if (tc->firsts < FIRSTS) {
		tc->firsts++;
		news = put(d, (unsigned)(index >> WORD_SHIFT), w);
	} else {
		from = load_relaxed(&tc->slab);
		news = put(from, load_relaxed(&from->held),
		    load_relaxed(&tc->word));
		/* Who looks now finds it in two places rather than in none. */
		store_relaxed(&tc->word, 0);
		hold(tc, d, index, w);
	}
	if (unlikely(news))
		fast_look(tc, from);
	else
		guard_leave();
}

/*
 * The owner, inside the guard.  False: free already.  Objects that others
 * freed and that are not collected yet are free too.  *IN_SLAB: it is not in
 * the word.
 */
static bool
free_own(struct tcache *tc, struct slab *d, size_t index, bool *in_slab)
{
	unsigned w = (unsigned)(index >> WORD_SHIFT);
	uint64_t bit = (uint64_t)1 << index % WORD_OBJECTS;
	struct pair *pair = &d->map[w];
	uint64_t held = tcache_held(tc, d, w);
	bool mine = tcache_holds(tc, d, w);

	if (((load_relaxed(&pair->free) | load_relaxed(&pair->remote) | held) &
	    bit) != 0)
		return false;
	/* An object without its constructor is not for the word. */
	if (d->built != NULL && (load_relaxed(&d->built[w]) & bit) == 0)
		mine = false;
	*in_slab = !mine;
	if (mine)
		store_relaxed(&tc->word, held | bit);
	else
		(void)slab_put(d, index);
	return true;
}

/* Inside the guard, or as a stranger; the owner is another thread, or none. */
static bool
held_by_other(struct slab *d, size_t index, bool stranger)
{
	bool held;

	if (!slab_is_held(d, index))
		return false;
	if (stranger)
		thread_stranger_leave();
	else
		guard_leave();
	held = locate_is_held(d, index);
	if (stranger) {
		thread_stranger_enter();
	} else {
		(void)guard_enter();
		(void)thread_enter();
	}
	return held;
}

/* Inside the guard, or as a stranger; D is not ours. */
static bool
free_remote(struct slab *d, size_t index, bool stranger, enum hole_news *news)
{
	struct zone *z = d->zone;

	if (held_by_other(d, index, stranger))
		return false;
	if (!remote_free(d, index, news))
		return false;
	/* Release: who counts up, with acquire, finds the object. */
	if ((z->kind & KIND_COUNTED) != 0)
		atomic_fetch_sub_explicit(&z->live, 1, memory_order_release);
	return true;
}

/* Inside the guard; true: outside.  The object may be the last of its page. */
static noinline bool
free_last(struct slab *d, size_t index)
{
	struct zone *z = d->zone;
	enum hole_news news;

	if (!remote_free(d, index, &news))
		return false;
	guard_leave();
	if (unlikely(news != HOLE_NOTHING))
		reclaim_news(z, news);
	return true;
}

/* The same for the first one that is freed of its word. */
static noinline bool
announce_first(struct slab *d, unsigned w)
{
	remote_first(d, w);
	guard_leave();
	return true;
}

/* Without a call on the usual way, which then needs no stack. */
hot_inline bool
free_anothers(struct thread *t, struct slab *d, uint64_t index)
{
	struct tcache *tc = slab_owner(d);
	unsigned w = (unsigned)(index >> WORD_SHIFT);
	uint64_t bit = (uint64_t)1 << index % WORD_OBJECTS, old;
	struct zone *z;

	/* Pairs with the release in share.c: the fields are set. */
	if (load_acquire(&d->state) != UNIT_SLAB || index >= d->nobj ||
	    t == &thread_nobody || thread_owns(t, (uintptr_t)tc))
		return false;
	z = d->zone;
	if (z->kind != 0 || load_relaxed(&z->magic) != ZONE_MAGIC_LIVE)
		return false;
	old = slab_map_bits(d, w);
	/* Held free by its owner: perhaps a mistake, perhaps we read a mixture. */
	if (tc != NULL)
		old |= tcache_held(tc, d, w);
	if ((old & bit) != 0)
		return false;
	if (!hole_has_neighbour(d, index, ~old))
		return free_last(d, index);
	old = remote_mark(d, w, bit);
	if (old == 0)
		return announce_first(d, w);
	if ((old & bit) != 0)
		return false;
	guard_leave();
	return true;
}

/*
 * Object INDEX of D, which no fast path could find: in a later unit, or in
 * registered memory.
 */
static noinline bool
free_far(uint32_t slot, struct slab *d, uint64_t index)
{
	struct thread *t = load_acquire(&zobj_tls.self);
	uintptr_t owner = load_relaxed(&d->owner);
	struct tcache *tc = (struct tcache *)owner;

	if (slot != FAST_ANY_SLOT && d->slot != slot)
		return false;
	if (!thread_owns(t, owner))
		return free_anothers(t, d, index);
	if (fast_is_held(tc, slab_object(d, index)))
		return fast_set_held(tc, index);
	return fast_free(tc, d, index);
}

/* The same for P in a later unit of the slab, that of D. */
static noinline bool
free_part(uint32_t slot, struct slab *d, uintptr_t p)
{
	uint64_t index;

	d = arena_next(d, -(ptrdiff_t)d->units);
	index = (uint32_t)(p - d->base) / max_size(d->stride, 1);
	return index * d->stride == p - d->base && free_far(slot, d, index);
}

bool
fast_free_other(uint32_t slot, struct slab *d, uintptr_t p, uint64_t index)
{
	if (unlikely(load_relaxed(&d->state) == UNIT_PART))
		return free_part(slot, d, p);
	if (slot != FAST_ANY_SLOT && d->slot != slot)
		return false;
	return free_anothers(load_acquire(&zobj_tls.self), d, index);
}

/* Does the calling thread hold the object free in its word? */
static bool
held_by_caller(struct slab *d, size_t index)
{
	struct thread *t = zobj_tls.mine;

	return t != NULL && thread_owns(t, (uintptr_t)slab_owner(d)) &&
	    slab_is_held(d, index);
}

/*
 * By a signal handler that has interrupted us: as if by another thread, even
 * into a slab of its own.  Whatever the interrupted one was about, its word
 * holds free objects only.  What that leads to is left to whoever comes next.
 */
static cold void
free_interrupted(const char *verb, const struct location *at)
{
	struct slab *d = at->slab;
	struct zone *z = d->zone;
	uintptr_t p = slab_object(d, at->index);
	struct thread *t = guard_enter();
	bool ok = !held_by_caller(d, at->index) &&
	    remote_free(d, at->index, NULL);
	bool dying;

	/* As in free_remote. */
	if (ok && (z->kind & KIND_COUNTED) != 0)
		atomic_fetch_sub_explicit(&z->live, 1, memory_order_release);
	dying = load_relaxed(&z->magic) == ZONE_MAGIC_DYING;
	guard_leave_as(t);
	if (unlikely(!ok))
		misuse_double_free(verb, z, p);
	else if (unlikely(dying))
		destroy_count_down(z);
}

/*
 * An object in registered memory, where no fast path looks: what these would
 * do with it.  Three times as fast as what follows.  Outside the guard.
 */
static bool
free_seed(struct slab *d, size_t index)
{
	(void)guard_enter();
	if (free_far(FAST_ANY_SLOT, d, index))
		return true;
	guard_leave();
	return false;
}

void
free_located(const char *verb, const struct location *at)
{
	struct slab *d = at->slab;
	struct zone *z = d->zone;
	uintptr_t twice = 0, p = slab_object(d, at->index);
	enum hole_news news = HOLE_NOTHING;
	bool ok, dying, in_slab = false;
	struct thread *t;
	struct tcache *tc;

	if (thread_is_interrupted()) {
		free_interrupted(verb, at);
		return;
	}
	destroy_finish_late();
	if (at->seed && free_seed(d, at->index))
		return;
	(void)guard_enter();
	t = thread_enter();
	if (t == NULL)
		thread_stranger_enter();
	tc = slab_owner(d);
	if (t != NULL && thread_owns(t, (uintptr_t)tc)) {
		if (load_relaxed(&tc->announced) != NULL)
			twice = remote_drain_cache(tc);
		ok = free_own(tc, d, at->index, &in_slab);
	} else {
		ok = free_remote(d, at->index, t == NULL, &news);
	}
	/* Read inside: who marks a zone waits until nobody is. */
	dying = load_relaxed(&z->magic) == ZONE_MAGIC_DYING;
	if (t == NULL)
		thread_stranger_leave();
	else if (in_slab)
		fast_look(tc, d);
	else
		guard_leave();
	if (unlikely(twice != 0))
		misuse_double_free(verb, z, twice);
	if (unlikely(!ok))
		misuse_double_free(verb, z, p);
	else if (unlikely(dying))
		destroy_count_down(z);
	/* If it was the last, its zone is gone; see reclaim_news. */
	if (unlikely(news != HOLE_NOTHING))
		reclaim_news(z, news);
}

void
free_slow(const char *verb, struct zone *z, uintptr_t p)
{
	struct location at;
	enum located what = locate(p, &at);

	if (unlikely(what != LOCATED_OBJECT)) {
		if (what == LOCATED_EXTENT)
			misuse_foreign(verb, p);
		else
			locate_report(verb, p, what, &at);
	} else if (unlikely(z != NULL && at.zone != z)) {
		misuse_wrong_zone(verb, at.zone, z, p);
	} else {
		free_located(verb, &at);
	}
}
