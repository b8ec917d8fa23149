#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# check-man.sh
#
# Holds the manual pages against the header and against each other:
#   - mandoc has no warning;
#   - a page that only names another one names one that exists and that has
#     its name;
#   - each function of zobj.h is in the NAME of a page, has a page or a link of
#     its own, and is declared alike in the SYNOPSIS;
#   - each constant and each member of a public struct is in a page;
#   - each message is in a page, word for word;
#   - the complete programs in the pages compile.
# Exits 77 without mandoc.
set -u
top=${ZOBJ_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}
MANDOC=${MANDOC:-mandoc}
CC=${CC:-cc}
header=$top/include/zobj.h

if ! command -v "$MANDOC" > /dev/null; then
	echo "check-man: mandoc is not installed"
	exit 77
fi

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0

wrong()
{
	echo "check-man: $*"
	status=1
}

# The names in the NAME section of page $1.
names()
{
	awk '/^\.Sh/ { on = $2 == "NAME" } on && /^\.Nm/ { print $2 }' "$1"
}

# Pages, and links to pages.
pages=
for page in "$top"/man/*.[1-9]; do
	if [ ! -f "$page" ]; then
		wrong "no pages in $top/man"
		continue
	fi
	read -r macro target < "$page"
	if [ "$macro" != .so ]; then
		pages="$pages $page"
		continue
	fi
	link=${page##*/}
	if [ ! -f "$top/man/${target##*/}" ] ||
	    [ "$target" != "man${target##*.}/${target##*/}" ]; then
		wrong "$link: no page $target"
	elif ! names "$top/man/${target##*/}" | grep -qx "${link%.*}"; then
		wrong "$link: not in the NAME of $target"
	fi
done

# Pages as they are read, a line each, without overstriking and line breaks.
bs=$(printf '\b')
for page in $pages; do
	"$MANDOC" -Tlint -Wwarning "$page" || wrong "${page##*/}: not clean"
	"$MANDOC" -Tascii "$page" | sed "s/.$bs//g" | tr -s ' \t\n' ' '
	echo
done > "$tmp/out"
grep '^mandoc:\|^check-man:' "$tmp/out" && status=1
grep -v '^mandoc:\|^check-man:' "$tmp/out" > "$tmp/text"

# The header without comments.
awk '{
	line = $0
	while (line != "") {
		if (inside) {
			at = index(line, "*/")
			line = at ? substr(line, at + 2) : ""
			inside = !at
		} else {
			at = index(line, "/*")
			printf "%s", at ? substr(line, 1, at - 1) : line
			line = at ? substr(line, at + 2) : ""
			inside = at > 0
		}
	}
	print ""
}' "$header" > "$tmp/zobj.h"

# Functions and the macros that programs call.
for page in $pages; do
	names "$page"
done > "$tmp/names"
functions=$(grep -o 'zone_[a-z_]*(' "$tmp/zobj.h" | tr -d '(' | sort -u)
[ -n "$functions" ] || wrong "zobj.h declares nothing"
for name in $functions ZONE_DEFINE ZONE_CRAM_SIZE; do
	grep -qx "$name" "$tmp/names" || wrong "$name is in no page's NAME"
	[ -f "$top/man/$name.3" ] || wrong "no page or link $name.3"
done

# Declarations: a second one that differs does not compile.
{
	echo '#include <zobj.h>'
	for page in $pages; do
		awk '
		/^\.Sh/ { on = $2 == "SYNOPSIS" }
		!on { next }
		/^\.Ft / { type = substr($0, 5) }
		/^\.Fo zone_/ { n = 0; printf "%s %s(", type, $2 }
		/^\.Fa / {
			arg = substr($0, 5)
			gsub(/^"|"$/, "", arg)
			printf "%s%s", n++ ? ", " : "", arg
		}
		/^\.Fc/ { print ");" }
		/^\.Fn zone_/ { printf "%s %s(%s);\n", type, $2, $3 }' "$page"
	done
} > "$tmp/synopsis.c"
for name in $functions; do
	grep -q " $name(" "$tmp/synopsis.c" || wrong "$name is in no SYNOPSIS"
done
$CC -Wall -Wextra -Werror -I"$top/include" -c -o "$tmp/out.o" \
    "$tmp/synopsis.c" || wrong "a SYNOPSIS differs from zobj.h"

# Constants, and members of the structs that programs fill or read.
awk '/^enum/ { on = 1 } on { print } /}/ { on = 0 }' "$tmp/zobj.h" |
    grep -o 'ZONE_[A-Z_]*' > "$tmp/words"
members()
{
	sed -n "/^struct $1 {/,/^};/p" "$tmp/zobj.h" |
	    sed -n -e 's/^[^(]*(\*\([a-z_]*\)).*/\1/p' \
	    -e 's/^[^(]*[^a-z_]\([a-z_]*\);.*/\1/p'
}
{ members zone_attr; members zone_stats; } >> "$tmp/words"
[ "$(wc -l < "$tmp/words")" -gt 40 ] || wrong "zobj.h was not understood"
while read -r word; do
	grep -qw -e "$word" "$tmp/text" || wrong "$word is in no page"
done < "$tmp/words"
for word in $(members zone_stats); do
	grep -qx "\.It Fa $word" "$top/man/zone_stats.3" ||
	    wrong "zone_stats.3 does not explain $word"
done

# Messages.
while read -r message; do
	grep -qF -e "$message" "$tmp/text" ||
	    wrong "in no page: $message"
done <<'END'
zobj: VERB: double free: object 0xADDR in zone "NAME"
zobj: VERB: wrong zone: object 0xADDR is in zone "A", not in zone "B"
zobj: VERB: not an object: 0xADDR is N bytes inside object 0xADDR2 in zone "NAME"
zobj: VERB: not an object: 0xADDR is behind the last object of a slab in zone "NAME"
zobj: VERB: not an object: 0xADDR is before the first object of registered memory in zone "NAME"
zobj: VERB: not an object: 0xADDR is N bytes inside allocation 0xADDR2
zobj: VERB: foreign pointer: 0xADDR is not from this allocator
zobj: VERB: stale pointer: 0xADDR is in memory that was given back
zobj: VERB: zone destroyed: "NAME"
zobj: zone_destroy: live object: 0xADDR in zone "NAME"
zobj: VERB: out of memory: N bytes for zone "NAME"
zobj: VERB: out of memory: zone "NAME" is at its limit of N objects
zobj: ZOBJ_OPTIONS: unknown option "x"
zobj: ZOBJ_OPTIONS: bad value "v" for option "x"
zobj: assertion failed: EXPR (FILE:LINE)
END

# Complete programs: literal displays that begin with an #include.
programs=0
for page in $pages; do
	name=${page##*/}
	awk -v out="$tmp/$name" '
	/^\.Bd -literal/ { first = 1; next }
	/^\.Ed/ { on = first = 0; next }
	first { on = /^#include/; first = 0; if (on) file = out "." ++n ".c" }
	on { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print > file }' "$page"
	for source in "$tmp/$name".[0-9]*.c; do
		[ -f "$source" ] || continue
		programs=$((programs + 1))
		$CC -Wall -Wextra -Werror -I"$top/include" -c \
		    -o "$tmp/out.o" "$source" ||
		    wrong "$name: a program does not compile"
	done
	case $name in
	*.3)	[ -f "$tmp/$name.1.c" ] || wrong "$name: no complete program" ;;
	esac
done

# shellcheck disable=SC2086
set -- $pages
[ $status = 0 ] && echo "$# pages, $programs programs in them"
exit $status
