/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object.c - what objects contain.  A tag that is used once fills an object
 * with a pattern of its own, so an object with two holders is found out.
 *
 * Objects with a constructor begin with a mark of theirs and the tag of what
 * they contain: they have to come back as they were.
 */
#include <errno.h>
#include <string.h>

#include "world.h"

enum { STEP = 512 };		/* of a large object every so many bytes */

struct head {
	uint64_t mark;		/* address, scrambled */
	uint64_t tag;
};

static uint64_t
mix(uint64_t x)
{
	return rng_next(&(struct rng){ x });
}

static uint64_t
mark_of(const void *p)
{
	return mix((uintptr_t)p);
}

static size_t
start_of(const struct shape *s)
{
	return s->builds ? sizeof (struct head) : 0;
}

/* The next place that is filled after OFFSET. */
static size_t
next_place(size_t offset, size_t size)
{
	if (size > 2048 && offset >= 256 && offset + 256 < size)
		return offset + STEP;
	return offset + 8;
}

static void
fill(unsigned char *p, const struct shape *s, uint64_t tag)
{
	uint64_t v = mix(tag ^ (uintptr_t)p);
	size_t at = start_of(s);

	for (; at + 8 <= s->size; at = next_place(at, s->size))
		memcpy(p + at, &v, 8);
	for (at = s->size & ~(size_t)7; at < s->size; at++)
		p[at] = (unsigned char)v;
}

static bool
is_filled(const unsigned char *p, const struct shape *s, uint64_t tag)
{
	uint64_t v = mix(tag ^ (uintptr_t)p);
	size_t at = start_of(s);

	for (; at + 8 <= s->size; at = next_place(at, s->size))
		if (memcmp(p + at, &v, 8) != 0)
			return false;
	for (at = s->size & ~(size_t)7; at < s->size; at++)
		if (p[at] != (unsigned char)v)
			return false;
	return true;
}

int
object_construct(void *p, void *arg)
{
	struct age *age = arg;
	struct head head = { mark_of(p), 0 };

	/* Now and then it fails. */
	if (mix((uintptr_t)p + age->built) % 200 == 0) {
		memset(p, 0xee, sizeof head);
		age->built++;
		age->ended++;
		return ECANCELED;
	}
	memcpy(p, &head, sizeof head);
	fill(p, age->shape, 0);
	age->built++;
	return 0;
}

static void
verify_head(const void *p, const struct age *age, struct head *head)
{
	memcpy(head, p, sizeof *head);
	MUST(head->mark == mark_of(p), p, age);
	MUST(is_filled(p, age->shape, head->tag), p, age);
}

void
object_destruct(void *p, void *arg)
{
	struct age *age = arg;
	struct head head;

	verify_head(p, age, &head);
	memset(p, 0xdd, sizeof head);
	age->ended++;
}

static bool
is_zero(const unsigned char *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* P has been handed out: what does it look like, and fill it. */
void
object_took(struct worker *w, struct age *age, struct held *h, void *p,
    bool zero)
{
	const struct shape *s = age->shape;
	size_t n = age->live++;
	struct head head;

	MUST(s->limit == 0 || n < s->limit, p, age);
	MUST((uintptr_t)p % s->align == 0, p, age);
	MUST(!zero || is_zero(p, s->size), p, age);
	h->age = age;
	h->p = p;
	h->tag = (uint64_t)w->number << 48 | ++w->tags;
	if (s->builds) {
		verify_head(p, age, &head);
		head.tag = h->tag;
		memcpy(p, &head, sizeof head);
	}
	fill(p, s, h->tag);
}

bool
object_take(struct worker *w, struct age *age, struct held *h)
{
	const struct shape *s = age->shape;
	bool zero = !s->builds && rng_one_in(&w->rng, 8);
	bool nowait = rng_one_in(&w->rng, 16);
	void *p;

	errno = 0;
	p = zone_alloc(age->z, (zero ? ZONE_ZERO : 0u) |
	    (nowait ? ZONE_NOWAIT : 0u));
	if (p == NULL) {
		MUST((errno == ENOSPC && s->limit != 0) ||
		    (errno == ECANCELED && s->builds) ||
		    (errno == ENOMEM && nowait), p, age);
		return false;
	}
	object_took(w, age, h, p, zero || (s->flags & ZONE_ZERO) != 0);
	return true;
}

/* The age is locked, and not dead. */
void
object_verify(const struct held *h)
{
	struct head head;

	if (h->age->shape->builds) {
		verify_head(h->p, h->age, &head);
		MUST(head.tag == h->tag, h->p, h->age);
	} else {
		MUST(is_filled(h->p, h->age->shape, h->tag), h->p, h->age);
	}
}

void
object_free(struct worker *w, struct held *h)
{
	struct age *age = h->age;

	object_verify(h);
	h->age = NULL;
	age->live--;
	errno = EXDEV;
	zone_free(rng_one_in(&w->rng, 3) ? NULL : age->z, h->p);
	MUST(errno == EXDEV, h->p, age);
}
