/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list.h - a doubly linked circular list whose head is a link of its own.
 * An element that is on no list points to itself or is all zero.
 */
#ifndef ZOBJ_LIST_H
#define ZOBJ_LIST_H

#include "base.h"

struct list {
	struct list *next;
	struct list *prev;
};

#define LIST_FOREACH(it, head) \
	for (struct list *it = (head)->next; it != (head); it = it->next)

/* The same when the body may take IT off its list. */
#define LIST_FOREACH_SAFE(it, head)					\
	for (struct list *it = (head)->next, *it##_next = it->next;	\
	    it != (head); it = it##_next, it##_next = it->next)

static inline void
list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool
list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void
list_insert_before(struct list *at, struct list *l)
{
	l->next = at;
	l->prev = at->prev;
	at->prev->next = l;
	at->prev = l;
}

static inline void
list_push(struct list *head, struct list *l)
{
	list_insert_before(head->next, l);
}

static inline void
list_append(struct list *head, struct list *l)
{
	list_insert_before(head, l);
}

static inline void
list_remove(struct list *l)
{
	l->next->prev = l->prev;
	l->prev->next = l->next;
	list_init(l);
}

/* Move everything on FROM to the empty list TO. */
static inline void
list_take_all(struct list *to, struct list *from)
{
	list_init(to);
	if (list_empty(from))
		return;
	*to = *from;
	to->next->prev = to;
	to->prev->next = to;
	list_init(from);
}

#endif /* ZOBJ_LIST_H */
