/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zrun-image.c - will the program load the library at all?
 *
 * LD_PRELOAD is a request to the dynamic linker.  A program that has none, or
 * whose dynamic linker may not listen, runs on its own malloc and says
 * nothing; so zrun says it.  Only warns: a guess must not stop anybody.
 */
#include "zrun.h"

#include <elf.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

enum image { IMAGE_UNKNOWN, IMAGE_SCRIPT, IMAGE_ALIEN, IMAGE_STATIC,
    IMAGE_DYNAMIC };

/* The first word of a "#!" line. */
static enum image
script_interp(int fd, char *interp, size_t size)
{
	char line[256], *word, *save;
	ssize_t n = pread(fd, line, sizeof (line) - 1, 2);

	if (n <= 0)
		return (IMAGE_UNKNOWN);
	line[n] = '\0';
	word = strtok_r(line, " \t\n", &save);
	if (word == NULL)
		return (IMAGE_UNKNOWN);
	snprintf(interp, size, "%s", word);
	return (IMAGE_SCRIPT);
}

static enum image
elf_interp(int fd, const ElfW(Ehdr) *eh, char *interp, size_t size)
{
	ElfW(Phdr) ph;
	unsigned i;
	ssize_t n;

	for (i = 0; i < eh->e_phnum; i++) {
		off_t at = (off_t)(eh->e_phoff + i * sizeof (ph));

		if (pread(fd, &ph, sizeof (ph), at) != sizeof (ph))
			return (IMAGE_UNKNOWN);
		if (ph.p_type != PT_INTERP)
			continue;
		n = pread(fd, interp, size - 1, (off_t)ph.p_offset);
		interp[n > 0 ? n : 0] = '\0';
		return (IMAGE_DYNAMIC);
	}
	return (IMAGE_STATIC);
}

/* What PATH is, and the script interpreter or dynamic linker it names. */
static enum image
inspect(const char *path, char *interp, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum image kind = IMAGE_UNKNOWN;
	ElfW(Ehdr) eh = { .e_phnum = 0 }, self = { .e_phnum = 0 };
	int me = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	interp[0] = '\0';
	if (fd >= 0 && me >= 0 &&
	    pread(me, &self, sizeof (self), 0) == sizeof (self) &&
	    pread(fd, &eh, sizeof (eh), 0) > 2) {
		if (memcmp(&eh, "#!", 2) == 0)
			kind = script_interp(fd, interp, size);
		else if (memcmp(&eh, ELFMAG, SELFMAG) != 0)
			kind = IMAGE_UNKNOWN;
		else if (eh.e_ident[EI_CLASS] != self.e_ident[EI_CLASS] ||
		    eh.e_machine != self.e_machine)
			kind = IMAGE_ALIEN;
		else
			kind = elf_interp(fd, &eh, interp, size);
	}
	if (fd >= 0)
		close(fd);
	if (me >= 0)
		close(me);
	return (kind);
}

/* Does starting PATH change who we are?  Then LD_PRELOAD is ignored. */
static const char *
privilege(const char *path)
{
	struct statvfs fs;
	struct stat st;

	if (stat(path, &st) != 0 || statvfs(path, &fs) != 0 ||
	    (fs.f_flag & ST_NOSUID) != 0)
		return (NULL);
	if ((st.st_mode & S_ISUID) != 0 && st.st_uid != getuid())
		return ("set-user-ID");
	if ((st.st_mode & S_ISGID) != 0 && st.st_gid != getgid())
		return ("set-group-ID");
	if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
		return ("privileged by file capabilities");
	return (NULL);
}

static void
warn_about(const char *path)
{
	char interp[PATH_MAX], mine[PATH_MAX];
	enum image kind = inspect(path, interp, sizeof (interp));
	const char *why = privilege(path);

	if (kind == IMAGE_SCRIPT) {
		if (inspect(interp, mine, sizeof (mine)) != IMAGE_SCRIPT)
			warn_about(interp);
	} else if (why != NULL) {
		say("warning: '%s' is %s: the dynamic linker ignores "
		    "LD_PRELOAD and it runs on its own malloc; run it as its "
		    "owner, or a copy without the privilege", path, why);
	} else if (kind == IMAGE_STATIC) {
		say("warning: '%s' is statically linked: nothing can be "
		    "preloaded and it runs on its own malloc; link it "
		    "dynamically", path);
	} else if (kind == IMAGE_ALIEN) {
		say("warning: '%s' is built for another machine or word size "
		    "than the library and runs on its own malloc", path);
	} else if (kind == IMAGE_DYNAMIC &&
	    inspect("/proc/self/exe", mine, sizeof (mine)) == IMAGE_DYNAMIC &&
	    strcmp(basename(interp), basename(mine)) != 0) {
		say("warning: '%s' is linked with another C library (%s; the "
		    "library needs %s)", path, interp, mine);
	}
}

/* The file that execvp(3) would run, or NULL. */
static char *
find_program(const char *name)
{
	const char *path = getenv("PATH");
	char *list, *dir;
	struct stat st;

	if (strchr(name, '/') != NULL)
		return (text("%s", name));
	list = text("%s", path != NULL ? path : "/bin:/usr/bin");
	while ((dir = strsep(&list, ":")) != NULL) {
		char *file = text("%s/%s", *dir != '\0' ? dir : ".", name);

		if (stat(file, &st) == 0 && S_ISREG(st.st_mode) &&
		    access(file, X_OK) == 0)
			return (file);
		free(file);
	}
	return (NULL);
}

void
warn_if_in_vain(const char *argv0)
{
	char *path = find_program(argv0);

	if (path != NULL)
		warn_about(path);
	free(path);
}
