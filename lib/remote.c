/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * remote.c - see remote.h.
 */
#include "remote.h"

#include "rotate.h"
#include "yield.h"

static void
push(_Atomic(struct slab *) *stack, struct slab *d)
{
	struct slab *top = load_relaxed(stack);

	/* The release pairs with the acquire in pop_all: next_announced. */
	do
		d->next_announced = top;
	while (!atomic_compare_exchange_weak_explicit(stack, &top, d,
	    memory_order_release, memory_order_relaxed));
}

static struct slab *
pop_all(_Atomic(struct slab *) *stack)
{
	if (load_relaxed(stack) == NULL)
		return NULL;
	return atomic_exchange_explicit(stack, NULL, memory_order_acquire);
}

static void
announce(struct slab *d)
{
	struct zone *z = d->zone;
	/* Acquire: rotate.c releases the new owner, and so its stack. */
	uintptr_t owner = atomic_fetch_or_explicit(&d->owner, OWNER_ANNOUNCED,
	    memory_order_acq_rel);

	/* Not so, by guarantee (a), if no object was freed twice. */
	if ((owner & OWNER_ANNOUNCED) != 0)
		return;
	YIELD_POINT();
	owner &= ~OWNER_FLAGS;
	push(owner != 0 ? &((struct tcache *)owner)->announced : &z->announced, d);
}

void
remote_first(struct slab *d, unsigned w)
{
	YIELD_POINT();
	if (atomic_fetch_or_explicit(&d->pending, (uint64_t)1 << w,
	    memory_order_acq_rel) == 0)
		announce(d);
}

bool
remote_free(struct slab *d, size_t index, enum hole_news *news)
{
	unsigned w = (unsigned)(index >> WORD_SHIFT);
	uint64_t bit = (uint64_t)1 << index % WORD_OBJECTS, old;

	if ((load_relaxed(&d->map[w].free) & bit) != 0)
		return false;
	/* Before the object is free: afterwards the slab may leave any time. */
	if (news != NULL)
		*news = hole_opens(d, index);
	old = remote_mark(d, w, bit);
	if (old == 0)
		remote_first(d, w);
	return (old & bit) == 0;
}

static struct slab *
take_back(struct slab *d)
{
	struct slab *next = d->next_announced;

	/* Release: who announces D next writes next_announced after we read. */
	YIELD_POINT();
	atomic_fetch_and_explicit(&d->owner, ~OWNER_ANNOUNCED,
	    memory_order_acq_rel);
	YIELD_POINT();
	return next;
}

uintptr_t
remote_drain_cache(struct tcache *tc)
{
	uintptr_t twice = 0, p;

	for (struct slab *d = pop_all(&tc->announced), *next; d != NULL; d = next) {
		next = take_back(d);
		p = slab_collect(d, tc);
		if (p != 0)
			twice = p;
		rotate_revive(tc, d);
	}
	hole_unstick(tc);
	return twice;
}

uintptr_t
remote_drain_zone(struct zone *z)
{
	uintptr_t twice = 0, p;

	for (struct slab *d = pop_all(&z->announced), *next; d != NULL; d = next) {
		next = take_back(d);
		p = slab_collect(d, NULL);
		if (p != 0)
			twice = p;
		rotate_regroup(z, d);
	}
	return twice;
}

/* The bits of D tell what is pending, and whether anybody is to hear of it. */
static void
announce_again(struct slab *d)
{
	uint64_t pending = 0;

	for (unsigned w = 0; w < slab_words(d); w++)
		if (load_relaxed(&d->map[w].remote) != 0)
			pending |= (uint64_t)1 << w;
	store_relaxed(&d->pending, pending);
	store_relaxed(&d->owner, load_relaxed(&d->owner) & ~OWNER_ANNOUNCED);
	if (pending != 0)
		announce(d);
}

void
remote_mend(struct zone *z)
{
	store_relaxed(&z->announced, NULL);
	LIST_FOREACH(l, &z->all)
		if (slab_owner(SLAB_OF_ALL(l)) != NULL)
			store_relaxed(&slab_owner(SLAB_OF_ALL(l))->announced,
			    NULL);
	LIST_FOREACH(l, &z->all)
		if (load_relaxed(&SLAB_OF_ALL(l)->place) != PLACE_RESERVE)
			announce_again(SLAB_OF_ALL(l));
}
