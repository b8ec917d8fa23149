/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nc-tree.c - read a directory tree once, for experiments that repeat.
 *
 * Stays on one file system, follows no symbolic link, and counts what it
 * cannot read instead of stopping there.
 */
#define _GNU_SOURCE
#include "nc-tree.h"

#include <sys/mman.h>

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nc-cache.h"

/* What is needed while reading. */
struct scan {
	struct tree	*tree;
	FILE		*files, *text;
	char		 path[PATH_MAX];
};

static void
scan_entry(struct scan *s, const struct stat *st, size_t length)
{
	struct file f = { .st = *st, .path = (size_t)ftello(s->text) };
	const char *slash = strrchr(s->path, '/');

	fwrite(&f, sizeof (f), 1, s->files);
	fwrite(s->path, length + 1, 1, s->text);
	s->tree->count++;
	s->tree->bytes += sizeof (struct vnode) + sizeof (struct entry) +
	    strlen(slash != NULL ? slash + 1 : s->path) + 1;
}

/* Read the directory FD, called the first LENGTH bytes of s->path. */
static void
scan_directory(struct scan *s, int fd, size_t length)
{
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *de;
	struct stat st;

	if (d == NULL) {
		s->tree->unreadable++;
		return;
	}
	s->tree->directories++;
	while ((de = readdir(d)) != NULL) {
		const char *name = de->d_name;
		size_t end = length + (length > 0) + strlen(name);

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (end >= sizeof (s->path) ||
		    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
			s->tree->unreadable++;
			continue;
		}
		if (length > 0)
			s->path[length] = '/';
		strcpy(s->path + end - strlen(name), name);
		scan_entry(s, &st, end);
		if (S_ISDIR(st.st_mode) && st.st_dev == s->tree->root.st_dev)
			scan_directory(s, openat(fd, name, O_RDONLY |
			    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), end);
		s->path[length] = '\0';
	}
	closedir(d);
}

static void *
map_file(FILE *f)
{
	struct stat st;
	void *p;

	if (fflush(f) != 0 || ferror(f) || fstat(fileno(f), &st) != 0)
		err(1, "cannot write a temporary file");
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fileno(f), 0);
	if (p == MAP_FAILED)
		err(1, "cannot map a temporary file");
	fclose(f);
	return (p);
}

/* The tree goes into files, so that it is in nobody's heap. */
static void
scan(struct tree *t, const char *directory)
{
	static struct scan s;
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &t->root) != 0)
		err(1, "%s", directory);
	s.tree = t;
	s.files = tmpfile();
	s.text = tmpfile();
	if (s.files == NULL || s.text == NULL)
		err(1, "cannot make a temporary file");
	scan_directory(&s, fd, 0);
	if (t->count < 2)
		errx(1, "%s: not two names in it", directory);
	t->files = map_file(s.files);
	t->text = map_file(s.text);
}

/* splitmix64 */
static uint64_t
random64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31);
}

/* The numbers below COUNT in random order. */
static uint32_t *
shuffled(uint32_t count, uint64_t seed)
{
	uint32_t *order = malloc(count * sizeof (*order));

	if (order == NULL)
		err(1, "cannot allocate");
	for (uint32_t i = 0; i < count; i++) {
		uint32_t j = (uint32_t)(random64(&seed) % (i + 1));

		order[i] = order[j];
		order[j] = i;
	}
	return (order);
}

/*
 * The paths are copied in the order of the lookups, so that reading them costs
 * the same whatever the cache is made of.  Half of the names go; directories
 * stay, or what is in them could not be found any more.
 */
static void
make_probes(struct tree *t, uint64_t seed)
{
	uint32_t *order = shuffled((uint32_t)t->count, seed);
	FILE *f = tmpfile();
	char *text;

	t->probes = calloc(t->count, sizeof (*t->probes));
	if (t->probes == NULL || f == NULL)
		err(1, "cannot prepare the lookups");
	for (size_t i = 0; i < t->count; i++)
		fprintf(f, "%s%c", t->text + t->files[order[i]].path, '\0');
	text = map_file(f);
	for (size_t i = 0; i < t->count; i++) {
		const struct file *file = &t->files[order[i]];
		struct probe *p = &t->probes[i];

		p->path = text;
		p->inode = file->st.st_ino;
		p->goes = t->half < t->count / 2 && !S_ISDIR(file->st.st_mode);
		t->half += p->goes;
		text += strlen(text) + 1;
	}
	free(order);
}

void
tree_read(struct tree *t, const char *directory, uint64_t seed)
{
	scan(t, directory);
	make_probes(t, seed);
}
