/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nc-cache.c - a name cache on zones, or on malloc to compare with.
 *
 * The part of namecache to read for the API: make_zones, take, give, and
 * cache_end.  The cache has no locks: lookups may run in many threads while
 * nobody changes it, and cache_free may be called in any thread.
 */
#include "nc-cache.h"

#include <err.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <zobj.h>

/* ---- memory: zones, or malloc to compare with ---- */

enum kind { VNODE, ENTRY, NAME16, NAME32, NAME64, NAME256, KINDS };

bool use_malloc;
static zone_t *zones[KINDS];

static void
make_zones(void)
{
	static const struct { const char *name; size_t size; } type[KINDS] = {
		[VNODE]   = { "vnode", sizeof (struct vnode) },
		[ENTRY]   = { "entry", sizeof (struct entry) },
		[NAME16]  = { "name-16", 16 },
		[NAME32]  = { "name-32", 32 },
		[NAME64]  = { "name-64", 64 },
		[NAME256] = { "name-256", NAME_MAX + 1 },
	};

	for (int k = 0; k < KINDS; k++) {
		zones[k] = zone_create(type[k].name, type[k].size, NULL);
		if (zones[k] == NULL)
			err(1, "zone_create: %s", type[k].name);
	}
}

static enum kind
name_kind(size_t length)
{
	return (length < 16 ? NAME16 : length < 32 ? NAME32 :
	    length < 64 ? NAME64 : NAME256);
}

/* SIZE is for malloc: a zone knows the size of its objects. */
static void *
take(enum kind k, size_t size)
{
	void *p = use_malloc ? malloc(size) : zone_alloc(zones[k], 0);

	if (p == NULL)
		err(1, "cannot allocate");
	return (p);
}

static void
give(enum kind k, void *p)
{
	if (use_malloc)
		free(p);
	else
		zone_free(zones[k], p);
}

/* ---- the cache ---- */

static struct entry **table;
static uint32_t table_mask;
static struct entry *root;

/* FNV-1a, starting from the parent's hash. */
static uint32_t
hash_name(const struct entry *parent, const char *name, size_t length)
{
	uint32_t h = 2166136261u ^ parent->hash;

	while (length-- > 0)
		h = (h ^ (unsigned char)*name++) * 16777619u;
	return (h);
}

static struct entry *
new_entry(struct entry *parent, const char *name, size_t length,
    const struct stat *st)
{
	struct entry *e = take(ENTRY, sizeof (*e));

	e->vnode = take(VNODE, sizeof (*e->vnode));
	e->vnode->st = *st;
	e->vnode->refs = 1;
	e->vnode->flags = 0;
	e->name = take(name_kind(length), length + 1);
	memcpy(e->name, name, length);
	e->name[length] = '\0';
	e->length = (uint32_t)length;
	e->parent = parent;
	e->hash = parent != NULL ? hash_name(parent, name, length) : 0;
	e->next = NULL;
	return (e);
}

void
cache_free(struct entry *e)
{
	give(name_kind(e->length), e->name);
	give(VNODE, e->vnode);
	give(ENTRY, e);
}

/* Where the entry called NAME hangs, or where it would be appended. */
static struct entry **
find(const struct entry *parent, const char *name, size_t length)
{
	uint32_t h = hash_name(parent, name, length);
	struct entry **at = &table[h & table_mask];

	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->hash == h && (*at)->parent == parent &&
		    (*at)->length == length &&
		    memcmp((*at)->name, name, length) == 0)
			break;
	return (at);
}

struct entry *
cache_look_up(const char *path)
{
	struct entry *e = root;

	while (e != NULL && *path != '\0') {
		size_t length = strcspn(path, "/");

		e = *find(e, path, length);
		path += length + (path[length] == '/');
	}
	return (e);
}

void
cache_enter(const char *path, const struct stat *st)
{
	struct entry *parent = root, **at;
	const char *slash;

	while ((slash = strchr(path, '/')) != NULL) {
		parent = *find(parent, path, (size_t)(slash - path));
		path = slash + 1;
	}
	at = find(parent, path, strlen(path));
	*at = new_entry(parent, path, strlen(path), st);
}

struct entry *
cache_unlink(const char *path)
{
	struct entry *e = cache_look_up(path);
	struct entry **at = find(e->parent, e->name, e->length);

	*at = e->next;
	return (e);
}

void
cache_start(size_t names, const struct stat *root_stat)
{
	size_t size = 1024;

	while (size < names)
		size *= 2;
	table = malloc(size * sizeof (*table));
	if (table == NULL)
		err(1, "cannot allocate");
	memset(table, 0, size * sizeof (*table));
	table_mask = (uint32_t)(size - 1);
	if (!use_malloc)
		make_zones();
	root = new_entry(NULL, "", 0, root_stat);
}

/* Without zones, each object has to be found to be freed. */
static void
free_all(void)
{
	for (size_t i = 0; i <= table_mask; i++)
		for (struct entry *e = table[i], *next; e != NULL; e = next) {
			next = e->next;
			cache_free(e);
		}
	cache_free(root);
}

void
cache_end(void)
{
	if (use_malloc)
		free_all();
	else
		for (int k = 0; k < KINDS; k++)
			if (zone_destroy(zones[k], ZONE_NOW) != 0)
				err(1, "zone_destroy");
	free(table);
}
