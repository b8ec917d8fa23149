/* SPDX-License-Identifier: BSD-2-Clause */
/* nc-cache.h - the name cache; see nc-cache.c. */
#ifndef NC_CACHE_H
#define NC_CACHE_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vnode {
	struct stat	 st;
	unsigned	 refs;
	unsigned	 flags;
};

struct entry {
	struct entry	*next;		/* in the hash chain */
	struct entry	*parent;
	struct vnode	*vnode;
	char		*name;
	uint32_t	 hash;
	uint32_t	 length;
};

/* malloc and free in place of zones; set before cache_start. */
extern bool use_malloc;

/* An empty cache for about NAMES names under the directory ROOT_STAT. */
void cache_start(size_t names, const struct stat *root_stat);

/* The entry of PATH, component by component from the root, or NULL. */
struct entry *cache_look_up(const char *path);

/* Enter PATH, whose parent directories have been entered before. */
void cache_enter(const char *path, const struct stat *st);

/* Take PATH, which is there, out of the cache; the caller frees the entry. */
struct entry *cache_unlink(const char *path);
void cache_free(struct entry *e);

/* Free everything. */
void cache_end(void);

#endif /* NC_CACHE_H */
