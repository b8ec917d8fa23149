/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * age.c - zones begin and end.  Ages are never freed: who finds an object of
 * one that is over learns that from its state.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "world.h"

enum {
	SEED_IN = 3,			/* zones */
	SEED_OBJECTS = 500,
	SEED_LOST = 16 << 10		/* bytes */
};

static const struct shape shapes[] = {
	{ .size = 1, .align = 1 },
	{ .size = 8, .align = 8 },
	{ .size = 24, .align = 8 },
	{ .size = 64, .align = 64 },
	{ .size = 100, .align = 4, .flags = ZONE_ZERO },
	{ .size = 200, .align = 8, .limit = 700 },
	{ .size = 48, .align = 16, .builds = true },
	{ .size = 333, .align = 1, .builds = true },
	{ .size = 72, .align = 8, .builds = true, .limit = 500 },
	{ .size = 1000, .align = 8, .slab_size = 1 << 20 },
	{ .size = 4096, .align = 4096 },
	{ .size = 9000, .align = 8 },
	{ .size = 40000, .align = 16, .limit = 200 },
	{ .size = 150000, .align = 65536 },
	{ .size = 600, .align = 8, .flags = ZONE_HUGE },
	{ .size = 16, .align = 16, .limit = 1 }
};

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct age *list;

struct age *
age_last(void)
{
	struct age *age;

	pthread_mutex_lock(&list_lock);
	age = list;
	pthread_mutex_unlock(&list_lock);
	return age;
}

/* Some have memory registered: room for a few objects, at any address. */
static void
add_seed(struct age *age, struct zone_attr *attr, struct rng *r)
{
	size_t n = 1 + rng_below(r, SEED_OBJECTS), offset = rng_below(r, 5000);

	if (!rng_one_in(r, SEED_IN))
		return;
	attr->seed_size = ZONE_CRAM_SIZE(n, age->shape->size, attr->align);
	age->seed_size = offset + attr->seed_size;
	age->seed = mmap(NULL, age->seed_size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(age->seed != MAP_FAILED, NULL, age);
	attr->seed = (char *)age->seed + offset;
}

/* The zone is gone: nobody may touch it now. */
static void
end_seed(struct age *age)
{
	if (age->seed != NULL)
		MUST(munmap(age->seed, age->seed_size) == 0, age->seed, age);
	age->seed = NULL;
}

void
age_begin(unsigned slot, struct rng *r)
{
	const struct shape *s = &shapes[rng_below(r,
	    sizeof shapes / sizeof shapes[0])];
	struct age *age = calloc(1, sizeof *age);
	struct zone_attr attr = {
		.attr_size = sizeof attr, .align = s->align,
		.flags = s->flags, .limit = s->limit,
		.slab_size = s->slab_size, .max_free_slabs = rng_below(r, 4),
		.ctor = s->builds ? object_construct : NULL,
		.dtor = s->builds ? object_destruct : NULL, .arg = age
	};
	char name[32];

	MUST(age != NULL, NULL, NULL);
	snprintf(name, sizeof name, "slot-%u-%zu", slot, s->size);
	age->shape = s;
	add_seed(age, &attr, r);
	world_lock_init(&age->lock);
	age->z = zone_create(name, s->size, &attr);
	MUST(age->z != NULL, NULL, age);
	pthread_mutex_lock(&list_lock);
	age->next = list;
	list = age;
	pthread_mutex_unlock(&list_lock);
	atomic_store(&slots[slot], age);
}

/* Constructors and destructors are over, and balanced, when it returns. */
static void
destroy(struct age *age, int how)
{
	size_t live = age->live;

	if (how == ZONE_IF_EMPTY && live != 0)
		how = ZONE_NOW;
	/* Nobody hears when its last object goes: such memory is lost. */
	if (how == ZONE_WHEN_EMPTY && age->seed_size > SEED_LOST)
		how = ZONE_NOW;
	age->state = how == ZONE_WHEN_EMPTY ? AGE_DYING : AGE_DEAD;
	MUST(zone_destroy(age->z, how) == 0, NULL, age);
	if (how != ZONE_WHEN_EMPTY || live == 0) {
		MUST(age->built == age->ended, NULL, age);
		end_seed(age);
	}
}

/* The zone of the slot ends, and another begins. */
void
age_end(unsigned slot, struct rng *r)
{
	static const int hows[] = { ZONE_NOW, ZONE_WHEN_EMPTY, ZONE_IF_EMPTY };
	struct age *age = atomic_exchange(&slots[slot], NULL);

	if (age == NULL)
		return;		/* somebody else is at it */
	pthread_rwlock_wrlock(&age->lock);
	destroy(age, hows[rng_below(r, 3)]);
	pthread_rwlock_unlock(&age->lock);
	age_begin(slot, r);
}

bool
age_enter(struct age *age)
{
	if (age == NULL)
		return false;
	pthread_rwlock_rdlock(&age->lock);
	if (age->state != AGE_DEAD)
		return true;
	pthread_rwlock_unlock(&age->lock);
	return false;
}

void
age_leave(struct age *age)
{
	pthread_rwlock_unlock(&age->lock);
}
