/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rotate.c - see rotate.h.
 */
#include "rotate.h"

#include "hole.h"
#include "panic.h"

/* What d->owner is when TC owns it and nobody is announcing it. */
static uintptr_t
owner_word(const struct slab *d, struct tcache *tc)
{
	return (uintptr_t)tc | (d->built != NULL ? OWNER_CAREFUL : 0);
}

/*
 * Change the owner if nobody is announcing the slab.  The release makes our
 * plain updates of the bitmap visible to the next owner, whose acquire is the
 * zone's lock; and the new owner's stack to who announces the slab to it.
 */
static bool
set_owner(struct slab *d, struct tcache *from, struct tcache *to)
{
	uintptr_t owner = owner_word(d, from);

	return atomic_compare_exchange_strong_explicit(&d->owner, &owner,
	    owner_word(d, to), memory_order_acq_rel, memory_order_relaxed);
}

static bool
is_announced(struct slab *d)
{
	/* Pairs with the release in take_back. */
	return (load_acquire(&d->owner) & OWNER_ANNOUNCED) != 0;
}

void
rotate_retire(struct tcache *tc, struct slab *d)
{
	if (load_relaxed(&d->summary) != 0) {
		store_relaxed(&d->place, PLACE_READY);
		list_push(&tc->ready, &d->link);
		tc->nready++;
	} else {
		store_relaxed(&d->place, PLACE_SPENT);
		list_push(&tc->spent, &d->link);
	}
}

void
rotate_revive(struct tcache *tc, struct slab *d)
{
	if (load_relaxed(&d->place) != PLACE_SPENT)
		return;
	list_remove(&d->link);
	store_relaxed(&d->place, PLACE_READY);
	list_push(&tc->ready, &d->link);
	tc->nready++;
}

void
rotate_release(struct tcache *tc, struct slab *d)
{
	if (tc->active == d)
		tc->active = NULL;
	else
		tc->alternate = NULL;
	rotate_retire(tc, d);
}

struct slab *
rotate_next_ready(struct tcache *tc)
{
	while (!list_empty(&tc->ready)) {
		struct slab *d = SLAB_OF_LINK(tc->ready.next);

		list_remove(&d->link);
		tc->nready--;
		if (slab_has_free(d)) {
			store_relaxed(&d->place, PLACE_ACTIVE);
			return d;
		}
		/* The summary is a hint: a word held elsewhere left it set. */
		store_relaxed(&d->summary, 0);
		rotate_retire(tc, d);
	}
	return NULL;
}

/* Slabs with holes drain, if others are used before them. */
static size_t
group_of(struct slab *d, size_t nfree)
{
	return hole_given(d) != 0 ? ZONE_GROUPS :
	    nfree * ZONE_GROUPS / d->nobj;
}

static void
insert(struct zone *z, struct slab *d)
{
	size_t n = slab_count_free(d);

	if (n == 0) {
		store_relaxed(&d->place, PLACE_BUSY);
		list_push(&z->busy, &d->link);
	} else if (slab_is_seed(d)) {
		store_relaxed(&d->place, PLACE_PARTIAL);
		d->group = 0;
		list_push(&z->seed, &d->link);
	} else if (n == d->nobj) {
		store_relaxed(&d->place, PLACE_FREE);
		list_push(&z->free, &d->link);
		add_relaxed(&z->nfree, 1);
	} else {
		store_relaxed(&d->place, PLACE_PARTIAL);
		d->group = (uint8_t)group_of(d, n);
		list_push(&z->groups[d->group], &d->link);
	}
}

static void
detach(struct zone *z, struct slab *d)
{
	if (load_relaxed(&d->place) == PLACE_FREE)
		add_relaxed(&z->nfree, -1);
	else if (load_relaxed(&d->place) == PLACE_READY_MADE)
		add_relaxed(&z->nready_made, -1);
	list_remove(&d->link);
	store_relaxed(&d->place, PLACE_NONE);
}

void
rotate_enter(struct zone *z, struct slab *d, struct tcache *tc)
{
	list_append(&z->all, &d->all);
	z->nslabs++;
	store_release(&d->owner, owner_word(d, tc));	/* see set_owner */
	if (tc != NULL) {
		store_relaxed(&d->place, PLACE_ACTIVE);
		tc->nowned++;
	} else {
		insert(z, d);
	}
}

void
rotate_enter_ready(struct zone *z, struct slab *d)
{
	list_append(&z->all, &d->all);
	z->nslabs++;
	store_release(&d->owner, owner_word(d, NULL));	/* see set_owner */
	store_relaxed(&d->place, PLACE_READY_MADE);
	list_push(&z->ready_made, &d->link);
	add_relaxed(&z->nready_made, 1);
}

bool
rotate_unready(struct zone *z)
{
	struct slab *d;

	if (list_empty(&z->ready_made))
		return false;
	d = SLAB_OF_LINK(z->ready_made.next);
	detach(z, d);
	insert(z, d);
	return true;
}

void
rotate_enter_reserve(struct zone *z, struct slab *d)
{
	list_append(&z->all, &d->all);
	z->nslabs++;
	store_relaxed(&d->place, PLACE_RESERVE);
	/* As if announced: nobody ever announces it. */
	store_release(&d->owner, owner_word(d, NULL) | OWNER_ANNOUNCED);
}

struct slab *
rotate_first(struct zone *z)
{
	if (!list_empty(&z->seed))
		return SLAB_OF_LINK(z->seed.next);
	for (unsigned g = 0; g <= ZONE_GROUPS; g++)
		if (!list_empty(&z->groups[g]))
			return SLAB_OF_LINK(z->groups[g].next);
	if (!list_empty(&z->free))
		return SLAB_OF_LINK(z->free.next);
	return list_empty(&z->ready_made) ? NULL :
	    SLAB_OF_LINK(z->ready_made.next);
}

static struct slab *
adopt_from(struct zone *z, struct list *head, struct tcache *tc)
{
	LIST_FOREACH(l, head) {
		struct slab *d = SLAB_OF_LINK(l);

		if (!set_owner(d, NULL, tc))
			continue;
		detach(z, d);
		hole_adopted(d);
		store_relaxed(&d->place, PLACE_ACTIVE);
		tc->nowned++;
		return d;
	}
	return NULL;
}

struct slab *
rotate_adopt(struct zone *z, struct tcache *tc)
{
	struct slab *d = adopt_from(z, &z->seed, tc);

	for (unsigned g = 0; d == NULL && g <= ZONE_GROUPS; g++)
		d = adopt_from(z, &z->groups[g], tc);
	if (d == NULL)
		d = adopt_from(z, &z->free, tc);
	return d != NULL ? d : adopt_from(z, &z->ready_made, tc);
}

bool
rotate_share(struct zone *z, struct tcache *tc, struct slab *d)
{
	if (!set_owner(d, tc, NULL))
		return false;
	if (load_relaxed(&d->place) != PLACE_ACTIVE)
		list_remove(&d->link);
	tc->nready -= load_relaxed(&d->place) == PLACE_READY;
	tc->nowned--;
	insert(z, d);
	hole_shared(d);
	return true;
}

void
rotate_regroup(struct zone *z, struct slab *d)
{
	detach(z, d);
	insert(z, d);
}

void
rotate_leave(struct zone *z, struct slab *d)
{
	detach(z, d);
	list_remove(&d->all);
	z->nslabs--;
}

struct slab *
rotate_leave_free(struct zone *z)
{
	/* A late announcement stands on the stack: it is not ours to move. */
	LIST_FOREACH(l, &z->free) {
		struct slab *d = SLAB_OF_LINK(l);

		if (is_announced(d))
			continue;
		DEBUG_ASSERT(slab_is_free(d));
		rotate_leave(z, d);
		return d;
	}
	return NULL;
}
