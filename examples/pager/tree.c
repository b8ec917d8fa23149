/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree.c - a treap: a search tree by key that is a heap by priority.  The
 * priority is a hash of the key, which makes the shape that of a tree filled
 * in random order, whatever the order was.  (Seidel and Aragon, 1989.)
 */
#include "tree.h"

/* The finalizer of splitmix64. */
static uint64_t
priority(const struct node *n)
{
	uint64_t z = n->key + 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31);
}

struct node *
tree_find(const struct tree *t, uint64_t key)
{
	struct node *n = t->root;

	while (n != NULL && n->key != key)
		n = key < n->key ? n->left : n->right;
	return (n);
}

struct node *
tree_from(const struct tree *t, uint64_t key)
{
	struct node *n = t->root, *best = NULL;

	while (n != NULL)
		if (n->key >= key) {
			best = n;
			n = n->left;
		} else
			n = n->right;
	return (best);
}

struct node *
tree_up_to(const struct tree *t, uint64_t key)
{
	struct node *n = t->root, *best = NULL;

	while (n != NULL)
		if (n->key <= key) {
			best = n;
			n = n->right;
		} else
			n = n->left;
	return (best);
}

/* N goes where the priorities begin to be lower; what was there is split. */
void
tree_enter(struct tree *t, struct node *n)
{
	struct node **at = &t->root, **below, **above, *m;

	while (*at != NULL && priority(*at) > priority(n))
		at = n->key < (*at)->key ? &(*at)->left : &(*at)->right;
	m = *at;
	*at = n;
	below = &n->left;
	above = &n->right;
	while (m != NULL)
		if (m->key < n->key) {
			*below = m;
			below = &m->right;
			m = m->right;
		} else {
			*above = m;
			above = &m->left;
			m = m->left;
		}
	*below = *above = NULL;
	t->count++;
}

/* The two subtrees of N are merged in its place. */
void
tree_leave(struct tree *t, struct node *n)
{
	struct node **at = &t->root, *l = n->left, *r = n->right;

	while (*at != n)
		at = n->key < (*at)->key ? &(*at)->left : &(*at)->right;
	while (l != NULL && r != NULL)
		if (priority(l) > priority(r)) {
			*at = l;
			at = &l->right;
			l = l->right;
		} else {
			*at = r;
			at = &r->left;
			r = r->left;
		}
	*at = l != NULL ? l : r;
	t->count--;
}
