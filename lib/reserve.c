/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reserve.c - see reserve.h.  Who takes must never wait for anything: it may
 * be called with nothing else left, or from a signal handler.
 */
#include "reserve.h"

#include <errno.h>

#include "os.h"
#include "rotate.h"
#include "share.h"
#include "yield.h"

static struct slab *
first_slab(struct zone *z)
{
	/* Pairs with the release in enter. */
	return load_acquire(&z->reserves);
}

/* An object of word W of D; 0: none. */
static uintptr_t
take_of(struct slab *d, unsigned w)
{
	uint64_t bits = load_relaxed(&d->map[w].remote);

	/*
	 * Acquire: what its last user did with the object came before we hand
	 * it out.  Pairs with the release in remote_mark and in add_word.
	 */
	while (bits != 0) {
		YIELD_POINT();
		if (atomic_compare_exchange_weak_explicit(&d->map[w].remote,
		    &bits, bits & (bits - 1), memory_order_acquire,
		    memory_order_relaxed))
			return slab_object(d, w * WORD_OBJECTS +
			    lowest_bit(bits));
	}
	return 0;
}

void *
reserve_take(struct zone *z)
{
	for (struct slab *d = first_slab(z); d != NULL; d = d->next_announced) {
		for (unsigned w = 0; w < slab_words(d); w++) {
			uintptr_t p = take_of(d, w);

			if (p == 0)
				continue;
			/* Release: who finds it set counts without P. */
			(void)atomic_exchange_explicit(&z->dug, true,
			    memory_order_acq_rel);
			return (void *)p;
		}
	}
	return NULL;
}

size_t
reserve_count(struct zone *z)
{
	size_t n = 0;

	for (struct slab *d = first_slab(z); d != NULL; d = d->next_announced)
		for (unsigned w = 0; w < slab_words(d); w++)
			n += count_bits(load_relaxed(&d->map[w].remote));
	return n;
}

/* The lock is held: an object that there is room for. */
static void *
take_room(struct zone *z, struct slab **slab, bool *raw)
{
	for (struct slab *d = first_slab(z); d != NULL; d = d->next_announced) {
		ptrdiff_t index = d != z->stocked ? slab_take(d, raw) : -1;

		if (index < 0)
			continue;
		*slab = d;
		return (void *)slab_object(d, (size_t)index);
	}
	return NULL;
}

/*
 * The lock is for those who come here at once: each must see what the others
 * took.  Of the objects counted, who digs may take some meanwhile, but those
 * come back: what is not spare is never handed out.
 */
void *
reserve_take_spare(struct zone *z, bool wait, struct slab **slab, bool *raw)
{
	void *p = NULL;

	*raw = false;
	if (wait)
		lock_acquire(&z->lock);
	else if (!lock_try_briefly(&z->lock))
		return NULL;
	if (reserve_count(z) > z->reserve)
		p = reserve_take(z);
	if (p == NULL)
		p = take_room(z, slab, raw);
	lock_release(&z->lock);
	return p;
}

/* Under the zone's lock: D joins the reserve, which has room then. */
static void
enter(struct zone *z, struct slab *d)
{
	store_relaxed(&d->pending, low_bits(slab_words(d)));
	rotate_enter_reserve(z, d);
	d->next_announced = load_relaxed(&z->reserves);
	z->stocked = d;
	store_release(&z->reserves, d);
}

/* A slab with room, which is ours until leave_room; NULL: no memory. */
static struct slab *
get_room(struct zone *z)
{
	struct slab *d;

	lock_acquire(&z->lock);
	for (d = first_slab(z); d != NULL; d = d->next_announced)
		if (slab_has_free(d))
			break;
	z->stocked = d;
	lock_release(&z->lock);
	if (d != NULL || (d = share_get(z)) == NULL)
		return d;
	share_put(z, d, enter);
	return d;
}

static void
leave_room(struct zone *z)
{
	lock_acquire(&z->lock);
	z->stocked = NULL;
	lock_release(&z->lock);
}

/* Construct object INDEX of D, unless it is. */
static int
construct(struct zone *z, struct slab *d, size_t index)
{
	uint64_t bit = (uint64_t)1 << index % WORD_OBJECTS;
	_Atomic(uint64_t) *built;
	int error;

	if (d->built == NULL)
		return 0;
	built = &d->built[index >> WORD_SHIFT];
	if ((load_acquire(built) & bit) != 0)
		return 0;
	error = z->ctor((void *)slab_object(d, index), z->arg);
	/* As in alloc.c. */
	if (error == 0)
		atomic_fetch_or_explicit(built, bit, memory_order_release);
	return error;
}

/*
 * Make up to N objects of those that word W of D has room for, as many as lie
 * side by side; how many, or 0 with *ERROR.
 */
static size_t
add_run(struct zone *z, struct slab *d, unsigned w, size_t n, int *error)
{
	uint64_t bits = load_relaxed(&d->map[w].free);
	unsigned first = lowest_bit(bits), most, made = 0;
	uint64_t rest = ~(bits >> first);
	size_t index = w * WORD_OBJECTS + first;

	most = rest != 0 ? lowest_bit(rest) : WORD_OBJECTS;
	most = (unsigned)min_size(most, n);
	if (os_populate((void *)slab_object(d, index), most * d->stride) != 0)
		*error = ENOMEM;
	while (*error == 0 && made < most) {
		*error = construct(z, d, index + made);
		made += *error == 0;
	}
	lock_acquire(&z->lock);
	store_relaxed(&d->map[w].free, bits & ~(low_bits(made) << first));
	/* Pairs with the acquire in take_of. */
	atomic_fetch_or_explicit(&d->map[w].remote, low_bits(made) << first,
	    memory_order_release);
	lock_release(&z->lock);
	return made;
}

/* The same for all of D. */
static size_t
add_from(struct zone *z, struct slab *d, size_t n, int *error)
{
	size_t made = 0;

	for (unsigned w = 0; w < slab_words(d); w++)
		while (made < n && *error == 0 &&
		    load_relaxed(&d->map[w].free) != 0)
			made += add_run(z, d, w, n - made, error);
	return made;
}

static int
add(struct zone *z, size_t n)
{
	int error = 0;

	/* Populating more than there is would be the end of the process. */
	if (n > os_memory_size() / z->stride)
		return ENOMEM;
	while (n > 0 && error == 0) {
		struct slab *d = get_room(z);

		if (d == NULL)
			return ENOMEM;
		n -= add_from(z, d, n, &error);
		leave_room(z);
	}
	return error;
}

int
reserve_refill(struct zone *z)
{
	int error = 0;
	size_t n;

	/*
	 * Before counting.  Acquire: what was taken before `dug` was set is
	 * missing from the count; what is taken later sets it again.
	 */
	(void)atomic_exchange_explicit(&z->dug, false, memory_order_acq_rel);
	n = reserve_count(z);
	if (n < z->reserve)
		error = add(z, z->reserve - n);
	if (error != 0)
		store_relaxed(&z->dug, true);
	return error;
}
