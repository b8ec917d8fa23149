/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fmt.h - text without malloc and stdio: a buffer that is written to a
 * descriptor when it is full.
 */
#ifndef ZOBJ_FMT_H
#define ZOBJ_FMT_H

#include "base.h"

struct fmt {
	int	fd;
	int	error;		/* first failure of write(2), 0: none */
	size_t	used;
	char	text[1024];
};

void	fmt_init(struct fmt *f, int fd);
int	fmt_flush(struct fmt *f);		/* 0 or an error number */

/*
 * printf's shape, a subset: %s %c %u (uint64_t) %p (address in hex) %%, with
 * a width; a minus sign before it aligns to the left.
 */
void	fmt_print(struct fmt *f, const char *format, ...);
void	fmt_print_json(struct fmt *f, const char *text);  /* quoted */

#endif /* ZOBJ_FMT_H */
