/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.c - see check.h.  Stops all threads, so that the plain fields may be
 * read; a slab whose owner could not be stopped, now or when it ended, is
 * passed over.
 */
#include "check.h"

#include "arena.h"
#include "os.h"
#include "panic.h"
#include "region.h"
#include "share.h"
#include "slab.h"
#include "thread.h"
#include "ztable.h"

struct walk {
	unsigned long slabs;
	size_t	      running;		/* threads that could not be stopped */
	struct zone   *zone;		/* being looked at, locked */
};

static bool
is_reserve(const struct slab *d)
{
	return load_relaxed(&d->place) == PLACE_RESERVE;
}

static void
check_words(struct slab *d, bool quiet)
{
	struct tcache *tc = slab_owner(d);
	uint64_t pending = load_relaxed(&d->pending);

	for (unsigned w = 0; w < slab_words(d); w++) {
		uint64_t free = load_relaxed(&d->map[w].free);
		uint64_t remote = load_relaxed(&d->map[w].remote);
		uint64_t held = tc != NULL ? tcache_held(tc, d, w) : 0;

		ASSERT((free & remote) == 0);
		ASSERT((held & (free | remote)) == 0);
		ASSERT(((free | remote | held) & ~slab_word_mask(d, w)) == 0);
		ASSERT(free == 0 || d->built != NULL || tc == NULL ||
		    !tcache_holds(tc, d, w));
		ASSERT(free == 0 || (load_relaxed(&d->summary) >> w & 1) != 0);
		ASSERT(!quiet || is_reserve(d) ||
		    (remote != 0) == (pending >> w & 1));
		ASSERT(!is_reserve(d) || (pending >> w & 1) != 0);
	}
	ASSERT(!quiet || pending == 0 ||
	    (load_relaxed(&d->owner) & OWNER_ANNOUNCED) != 0);
}

static void
check_place(struct zone *z, struct slab *d)
{
	size_t free = slab_count_free(d);
	bool owned = slab_owner(d) != NULL;

	switch (load_relaxed(&d->place)) {
	case PLACE_ACTIVE:
	case PLACE_READY:
		ASSERT(owned);
		break;
	case PLACE_SPENT:
		ASSERT(owned && free == 0);
		break;
	case PLACE_PARTIAL:
		ASSERT(!owned && free > 0 && d->group <= ZONE_GROUPS);
		break;
	case PLACE_FREE:
		ASSERT(!owned && free == d->nobj &&
		    load_relaxed(&z->nfree) > 0);
		break;
	case PLACE_BUSY:
		ASSERT(!owned && free == 0);
		break;
	case PLACE_READY_MADE:
		ASSERT(!owned && free == d->nobj &&
		    load_relaxed(&z->nready_made) > 0);
		break;
	case PLACE_RESERVE:
		ASSERT(!owned && (load_relaxed(&d->owner) & OWNER_ANNOUNCED) != 0);
		break;
	default:
		ASSERT(load_relaxed(&d->place) != PLACE_NONE);
	}
}

/*
 * Nothing lives in a page that has been given.  Objects freed meanwhile do no
 * harm: they are free already when their bit is set.
 */
static void
check_given_page(struct slab *d, size_t from)
{
	size_t end = from + os_page_size();

	for (size_t i = from / d->stride; i < d->nobj && i * d->stride < end;
	    i++) {
		unsigned w = (unsigned)(i >> WORD_SHIFT);
		uint64_t bit = (uint64_t)1 << i % WORD_OBJECTS;

		ASSERT((slab_free_bits(d, w) & bit) != 0);
		ASSERT(d->built == NULL ||
		    (load_acquire(&d->built[w]) & bit) == 0);
	}
}

static void
check_given(struct slab *d)
{
	unsigned per = (unsigned)(UNIT_SIZE / os_page_size());

	for (uint32_t i = 0; i < d->units; i++) {
		uint64_t given = arena_next(d, i)->given;

		ASSERT(given == 0 || slab_owner(d) == NULL);
		for (; given != 0; given &= given - 1)
			check_given_page(d, ((size_t)i * per +
			    lowest_bit(given)) * os_page_size());
	}
}

static void
check_seed(struct zone *z, struct slab *d)
{
	struct region r;

	ASSERT(region_find(d->base, &r) && r.zone == z);
	ASSERT(&r.slabs[(d->base - r.objects) / r.stride / r.per_slab] == d);
	ASSERT(d->nobj > 0 && d->nobj <= z->nobj);
	ASSERT(load_relaxed(&d->place) != PLACE_FREE);
	ASSERT(!d->fresh || slab_is_free(d));
}

static void
check_slab(struct zone *z, struct slab *d, bool quiet)
{
	ASSERT(load_relaxed(&d->state) == UNIT_SLAB && d->zone == z);
	ASSERT(d->stride == z->stride && d->slot == z->slot);
	if (slab_is_seed(d)) {
		check_seed(z, d);
	} else {
		ASSERT(d->nobj == z->nobj && d->units == z->units);
		ASSERT(arena_find((void *)d->base) == d);
	}
	for (uint32_t i = 1; i < d->units; i++) {
		ASSERT(load_relaxed(&arena_next(d, i)->state) == UNIT_PART);
		ASSERT(arena_next(d, i)->units == i);
	}
	check_words(d, quiet);
	check_place(z, d);
	check_given(d);
}

/* Does nobody change D, and has nobody left it half changed? */
static bool
is_at_rest(struct slab *d, size_t running)
{
	struct tcache *tc = slab_owner(d);

	return tc == NULL || (running == 0 &&
	    !thread_of_cache(tc, d->slot)->abandoned);
}

/* The zone knows of as many slabs of a cache as the cache counts. */
static void
check_owned(struct thread *t, void *arg)
{
	struct zone *z = ((struct walk *)arg)->zone;
	struct tcache *tc = thread_cache(t, z->slot);
	size_t owned = 0;

	if (tc->zone != z)
		return;
	LIST_FOREACH(l, &z->all)
		owned += slab_owner(SLAB_OF_ALL(l)) == tc;
	ASSERT(owned == tc->nowned);
}

/* The chain holds all slabs of the reserve and no others. */
static void
check_reserve(struct zone *z)
{
	size_t chained = 0;

	for (struct slab *d = load_acquire(&z->reserves); d != NULL;
	    d = d->next_announced) {
		ASSERT(is_reserve(d) && d->zone == z);
		chained++;
	}
	LIST_FOREACH(l, &z->all)
		chained -= is_reserve(SLAB_OF_ALL(l));
	ASSERT(chained == 0);
}

static void
check_zone(struct zone *z, void *arg)
{
	struct walk *walk = arg;
	size_t slabs = 0, live = 0, listed = 0, fresh = 0;

	lock_acquire(&z->lock);
	if (!zone_is_there(z)) {
		lock_release(&z->lock);
		return;
	}
	LIST_FOREACH(l, &z->all) {
		struct slab *d = SLAB_OF_ALL(l);

		slabs++;
		fresh += slab_is_seed(d) && d->fresh;
		if (is_at_rest(d, walk->running))
			check_slab(z, d, walk->running == 0 &&
			    (z->kind & KIND_META) == 0);
	}
	ASSERT(slabs == z->nslabs && fresh == z->nfresh);
	LIST_FOREACH(l, &z->free)
		listed++;
	ASSERT(listed == load_relaxed(&z->nfree));
	LIST_FOREACH(l, &z->ready_made)
		listed++;
	ASSERT(listed == load_relaxed(&z->nfree) +
	    load_relaxed(&z->nready_made));
	check_reserve(z);
	walk->zone = z;
	if (z->slot != 0)
		thread_foreach_stopped(check_owned, walk);
	if ((z->kind & KIND_COUNTED) != 0 && walk->running == 0) {
		live = share_count_live(z);
		ASSERT(live <= z->limit && live <= load_relaxed(&z->live));
	}
	lock_release(&z->lock);
	walk->slabs += slabs;
}

/* Free looks at no more than the span to know an object of the held word. */
static void
check_held(struct tcache *tc)
{
	struct slab *d = load_relaxed(&tc->slab);
	size_t left;

	if (d == NULL || d->built != NULL) {
		ASSERT(tc->span == 0);
		return;
	}
	left = d->nobj - (load_relaxed(&tc->base) - d->base) / d->stride;
	ASSERT(slab_owner(d) == tc);
	ASSERT(tc->span == min_size(left, WORD_OBJECTS) * d->stride);
}

/* Every slab on a cache's lists is the cache's, in the place it says. */
static void
check_cache(struct thread *t, struct tcache *tc)
{
	size_t ready = 0, other = 0;

	(void)t;
	LIST_FOREACH(l, &tc->ready) {
		ready++;
		ASSERT(slab_owner(SLAB_OF_LINK(l)) == tc);
		ASSERT(load_relaxed(&SLAB_OF_LINK(l)->place) == PLACE_READY);
	}
	LIST_FOREACH(l, &tc->spent) {
		other++;
		ASSERT(slab_owner(SLAB_OF_LINK(l)) == tc);
		ASSERT(load_relaxed(&SLAB_OF_LINK(l)->place) == PLACE_SPENT);
	}
	ASSERT(tc->active == NULL || slab_owner(tc->active) == tc);
	ASSERT(tc->alternate == NULL || slab_owner(tc->alternate) == tc);
	ASSERT(tc->active == NULL || tc->active != tc->alternate);
	check_held(tc);
	other += (tc->active != NULL) + (tc->alternate != NULL);
	ASSERT(tc->nready == ready);
	ASSERT(tc->nowned == ready + other);
}

static void
check_thread(struct thread *t, void *arg)
{
	(void)arg;
	ASSERT(load_relaxed(&t->none.word) == 0);
	thread_foreach_cache(t, check_cache);
}

unsigned long
check_all(void)
{
	struct walk walk = { 0, 0, NULL };

	walk.running = thread_stop_all();
	thread_foreach_stopped(check_thread, NULL);
	ztable_foreach(check_zone, &walk);
	ztable_foreach_meta(check_zone, &walk);
	thread_resume_all();
	arena_check();
	region_check();
	return walk.slabs;
}
