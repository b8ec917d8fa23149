/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree.h - things found by a number: the node lies in the thing, so that
 * entering one takes no memory.
 */
#ifndef PAGER_TREE_H
#define PAGER_TREE_H

#include <stddef.h>
#include <stdint.h>

struct node {
	struct node	*left, *right;
	uint64_t	 key;
};

/* All zero: empty. */
struct tree {
	struct node	*root;
	size_t		 count;
};

/* The thing of type TYPE whose member MEMBER is the node N, not NULL. */
#define TREE_THING(n, type, member)					\
	((type *)(void *)((char *)(n) - offsetof(type, member)))

/* The node of this key; the first from it on; the last up to it; or NULL. */
struct node	*tree_find(const struct tree *t, uint64_t key);
struct node	*tree_from(const struct tree *t, uint64_t key);
struct node	*tree_up_to(const struct tree *t, uint64_t key);

/* N, whose key is set and not in the tree; N, which is in it. */
void		 tree_enter(struct tree *t, struct node *n);
void		 tree_leave(struct tree *t, struct node *n);

#endif /* PAGER_TREE_H */
