/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world.h - the model that model.c holds the library against.
 *
 * A zone that ends is followed by another in its slot; each of these lives is
 * an age.  Every object that the program has is in a `held` of some worker or
 * on its way in a box, so the model knows all of them, and what they contain.
 *
 * Who uses a zone has its age's lock for reading and looks at the state; who
 * ends it has the lock for writing.  Every step of a worker is made with the
 * world's lock for reading; with it for writing the whole model is compared.
 */
#ifndef WORLD_H
#define WORLD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zobj.h>

#include "../api/rng.h"

enum {
	SLOTS = 12,		/* zones at a time */
	OWN = 600,		/* objects a worker may hold */
	BOXES = 16,
	BOX_SIZE = 64,
	MAX_WORKERS = 64
};

enum age_state {
	AGE_LIVE,
	AGE_DYING,		/* ZONE_WHEN_EMPTY: only freed */
	AGE_DEAD
};

struct shape {
	size_t	 size;
	size_t	 align;
	size_t	 limit;
	uint32_t slab_size;
	uint32_t flags;
	bool	 builds;	/* with constructor and destructor */
};

struct age {
	zone_t		   *z;
	const struct shape *shape;
	pthread_rwlock_t    lock;
	_Atomic(int)	    state;
	_Atomic(size_t)	    live;	/* counted after taking, before freeing:
					   never more than there are */
	_Atomic(size_t)	    built, ended;
	void		   *seed;	/* a mapping of its own; NULL: none */
	size_t		    seed_size;
	struct age	   *next;	/* the one made before */
};

struct held {
	struct age    *age;		/* NULL: nothing is held */
	unsigned char *p;
	uint64_t       tag;		/* what it is filled with */
};

struct box {
	pthread_mutex_t lock;
	struct held	held[BOX_SIZE];
	size_t		n;
};

struct worker {
	unsigned	 number;
	pthread_t	 thread;
	_Atomic(bool)	 ended;
	struct rng	 rng;
	uint64_t	 tags;
	uint64_t	 steps;
	struct held	 own[OWN];
};

extern struct worker workers[MAX_WORKERS];
extern unsigned worker_count;
extern struct box boxes[BOXES];
extern _Atomic(struct age *) slots[SLOTS];
extern pthread_rwlock_t world;
extern _Atomic(bool) stopping;

/* Print WHAT, and how to repeat it; abort. */
_Noreturn void	fail(const char *what, const void *p, const struct age *age);
#define MUST(e, p, age)	((e) ? (void)0 : fail(#e, (p), (age)))

void	world_lock_init(pthread_rwlock_t *lock);

/* age.c: lives of zones. */
void	age_begin(unsigned slot, struct rng *r);
void	age_end(unsigned slot, struct rng *r);
struct age *age_last(void);		/* from there on by next */
/* For reading; false: it does not live (any more). */
bool	age_enter(struct age *age);
void	age_leave(struct age *age);

/* object.c: objects and their contents. */
bool	object_take(struct worker *w, struct age *age, struct held *h);
void	object_took(struct worker *w, struct age *age, struct held *h,
	    void *p, bool zero);
void	object_verify(const struct held *h);
void	object_free(struct worker *w, struct held *h);
int	object_construct(void *p, void *age);
void	object_destruct(void *p, void *age);

/* worker.c: what threads do. */
void	*worker_run(void *worker);

#endif /* WORLD_H */
