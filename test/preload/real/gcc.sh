#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# gcc: this project's sources and a large generated one, to the same objects.
. "${0%/*}/common.sh"
need gcc

generate()
{
	awk -v n="$1" 'BEGIN {
		print "#include <stdio.h>\n#include <string.h>"
		print "struct s { int a[8]; struct s *next; double d; };"
		for (i = 0; i < n; i++) {
			printf "static int f%d(struct s *p, int x)\n{\n", i
			printf "\tchar b[%d];\n\tint y = x * %d;\n", i % 90 + 9, i
			printf "\tfor (int k = 0; k < x; k++)\n"
			printf "\t\ty += p->a[(k + y) & 7] ^ %d;\n", i * 7 % 1001
			printf "\tsnprintf(b, sizeof b, \"%%d-%d\", y);\n", i
			if (i > 0)
				printf "\tif (y & 1)\n\t\treturn f%d(p, y %% %d);\n",
				    i - 1, i + 2
			printf "\treturn (int)strlen(b) + y;\n}\n"
		}
		print "int (*table[])(struct s *, int) = {"
		for (i = 0; i < n; i++)
			printf "\tf%d,\n", i
		print "};"
	}'
}

objects()
{
	for f in $sources; do
		gcc -std=gnu11 -D_GNU_SOURCE -O2 -g -fPIC -w \
		    -ftls-model=initial-exec -ffile-prefix-map="$PWD"=. \
		    -I"$ZOBJ_SRCDIR/include" -I"$ZOBJ_SRCDIR/lib" \
		    -c "$f" -o "$(basename "$f" .c).o" || return
	done
	gcc -O1 -w -ffile-prefix-map="$PWD"=. -c "$tmp/large.c" -o large.o ||
	    return
	cksum ./*.o
}

sources="$ZOBJ_SRCDIR/lib/arena.c $ZOBJ_SRCDIR/lib/stats.c"
[ -z "$long" ] || sources=$(ls "$ZOBJ_SRCDIR"/lib/*.c)
generate $((${long:+1800} + 200)) > "$tmp/large.c"
same "objects" objects
exit $failed
