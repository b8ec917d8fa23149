/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker.c - what a thread does, one step after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "world.h"

/* A slot's age, to be used as a living zone; NULL: there is none. */
static struct age *
enter_slot(struct worker *w)
{
	struct age *age = atomic_load(&slots[rng_below(&w->rng, SLOTS)]);

	if (!age_enter(age))
		return NULL;
	if (age->state == AGE_LIVE)
		return age;
	age_leave(age);
	return NULL;
}

/* Give up what is held; of a zone that is gone it is given up already. */
static void
drop(struct worker *w, struct held *h)
{
	struct age *age = h->age;

	if (age == NULL)
		return;
	if (age_enter(age)) {
		object_free(w, h);
		age_leave(age);
	}
	h->age = NULL;
}

static struct held *
any(struct worker *w)
{
	return &w->own[rng_below(&w->rng, OWN)];
}

/* Free some, take others of one zone. */
static void
churn(struct worker *w)
{
	unsigned n = 1 + rng_below(&w->rng, 100);
	struct age *age;

	for (unsigned i = 0; i < n; i++)
		drop(w, any(w));
	age = enter_slot(w);
	if (age == NULL)
		return;
	for (unsigned i = 0; i < n; i++) {
		struct held *h = any(w);

		if (h->age == NULL && !object_take(w, age, h))
			break;
		if (h->age == age && rng_one_in(&w->rng, 2))
			object_free(w, h);
	}
	age_leave(age);
}

/* Many at a time, and back at once. */
static void
burst(struct worker *w)
{
	enum { MOST = 400 };
	struct age *age = enter_slot(w);
	struct held held[MOST];
	void *objs[MOST];
	size_t n;

	if (age == NULL)
		return;
	n = age->shape->size > 5000 ? 20 : rng_below(&w->rng, MOST);
	n = zone_alloc_n(age->z, objs, n, 0);
	for (size_t i = 0; i < n; i++)
		object_took(w, age, &held[i], objs[i],
		    (age->shape->flags & ZONE_ZERO) != 0);
	for (size_t i = 0; i < n; i++)
		object_verify(&held[i]);
	age->live -= n;
	zone_free_n(rng_one_in(&w->rng, 2) ? age->z : NULL, objs, n);
	age_leave(age);
}

/* Objects go to other threads, and come from them, by way of a box. */
static void
trade(struct worker *w)
{
	struct box *box = &boxes[rng_below(&w->rng, BOXES)];
	struct held got[8];
	size_t n = 0;

	pthread_mutex_lock(&box->lock);
	while (n < 8 && box->n > 0)
		got[n++] = box->held[--box->n];
	for (unsigned i = 0; i < 20 && box->n < BOX_SIZE; i++) {
		struct held *h = any(w);

		if (h->age != NULL) {
			box->held[box->n++] = *h;
			h->age = NULL;
		}
	}
	pthread_mutex_unlock(&box->lock);
	while (n > 0) {
		struct held *h = any(w);

		n--;
		if (h->age == NULL && rng_one_in(&w->rng, 3))
			*h = got[n];
		else
			drop(w, &got[n]);
	}
}

/* What we hold is ours, and unharmed. */
static void
look(struct worker *w)
{
	struct held *h = any(w);
	size_t at;

	if (h->age == NULL || !age_enter(h->age))
		return;
	object_verify(h);
	at = rng_below(&w->rng, (uint32_t)h->age->shape->size);
	MUST(zone_of(h->p + at) == h->age->z, h->p, h->age);
	MUST(zone_base(h->p + at) == h->p, h->p, h->age);
	MUST(zone_holds(h->age->z, h->p) == 1, h->p, h->age);
	MUST(zone_holds(NULL, h->p) == 1, h->p, h->age);
	MUST(at == 0 || zone_holds(NULL, h->p + at) == 0, h->p, h->age);
	age_leave(h->age);
}

static int
count(void *obj, void *arg)
{
	(void)obj;
	++*(size_t *)arg;
	return 0;
}

static int
see_zone(zone_t *z, void *arg)
{
	(void)z;
	++*(size_t *)arg;
	return 0;
}

static void
statistics(struct age *age)
{
	struct zone_stats st = { .stats_size = sizeof st };

	MUST(zone_stats(age->z, &st) == 0, NULL, age);
	MUST(st.slabs == st.slabs_owned + st.slabs_busy + st.slabs_partial +
	    st.slabs_free, NULL, age);
	MUST(st.live <= st.capacity, NULL, age);
	MUST(st.peak <= st.capacity || st.slabs == 0 ||
	    st.peak >= st.live, NULL, age);
}

static void
report(struct worker *w)
{
	int fd = open("/dev/null", O_WRONLY);

	MUST(fd >= 0 && zone_report(fd, (int)rng_below(&w->rng, 3)) == 0,
	    NULL, NULL);
	close(fd);
}

static void
maintain_one(struct worker *w, struct age *age)
{
	size_t n = 0;

	switch (rng_below(&w->rng, 3)) {
	case 0:
		(void)zone_trim(age->z, (int)rng_below(&w->rng, 3));
		break;
	case 1:
		MUST(zone_walk(age->z, count, &n) == 0, NULL, age);
		break;
	default:
		statistics(age);
	}
}

static void
maintain(struct worker *w)
{
	struct age *age;
	size_t n = 0;

	switch (rng_below(&w->rng, 8)) {
	case 0:
		(void)zone_trim(NULL, (int)rng_below(&w->rng, 3));
		break;
	case 1:
		(void)zone_check_all();
		break;
	case 2:
		report(w);
		break;
	case 3:
		MUST(zone_foreach(see_zone, &n) == 0, NULL, NULL);
		break;
	case 4:
		age_end(rng_below(&w->rng, SLOTS), &w->rng);
		break;
	default:
		age = enter_slot(w);
		if (age != NULL) {
			maintain_one(w, age);
			age_leave(age);
		}
	}
}

static void
step(struct worker *w)
{
	uint32_t what = rng_below(&w->rng, 1000);

	if (what < 20)
		maintain(w);
	else if (what < 120)
		burst(w);
	else if (what < 350)
		trade(w);
	else if (what < 600)
		look(w);
	else
		churn(w);
}

/* Lives for a while; what it held is inherited by the one that follows. */
void *
worker_run(void *arg)
{
	struct worker *w = arg;
	uint32_t life = 1 + rng_below(&w->rng, 3000);

	for (uint32_t i = 0; i < life && !stopping; i++) {
		pthread_rwlock_rdlock(&world);
		step(w);
		pthread_rwlock_unlock(&world);
		w->steps++;
	}
	w->ended = true;
	return NULL;
}
