/* SPDX-License-Identifier: BSD-2-Clause */
/* nc-tree.h - a directory tree, read once; see nc-tree.c. */
#ifndef NC_TREE_H
#define NC_TREE_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file {
	struct stat	 st;
	size_t		 path;		/* offset into tree.text; relative */
};

/* What to look up, in random order. */
struct probe {
	const char	*path;
	uint64_t	 inode;		/* what must be found */
	bool		 goes;		/* is among the half that is freed */
};

struct tree {
	struct stat	 root;
	struct file	*files;		/* parents before children */
	char		*text;		/* all paths */
	struct probe	*probes;
	size_t		 count;		/* of files, and of probes */
	size_t		 directories;
	size_t		 unreadable;
	size_t		 half;		/* probes that go */
	size_t		 bytes;		/* what a cache of it needs */
};

/* Read the tree under DIRECTORY and put it into a random order. */
void tree_read(struct tree *t, const char *directory, uint64_t seed);

#endif /* NC_TREE_H */
