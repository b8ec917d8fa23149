#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Each victim makes one mistake.  Run it in three ways and hold the outcome
# against the line that the victim's first comment quotes, where 0xADDR stands
# for any address:
#	the mistake ends the program with SIGABRT
#	a handler is called, and the program goes on
#	under ZOBJ_OPTIONS=abort=0 the program goes on
# Environment, set by make: ZOBJ_SRCDIR, ZOBJ_BUILDDIR.
set -u
src=${ZOBJ_SRCDIR:-.}/test/api/victims
bin=${ZOBJ_BUILDDIR:-.}/test/api/victims

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
ulimit -c 0
failed=0
count=0

# wrong NAME MODE TEXT
wrong()
{
	echo "misuse: $1 ($2): $3"
	sed 's/^/	/' "$tmp/out" "$tmp/err"
	failed=1
}

# run NAME MODE STATUS PATTERN
run()
{
	ZOBJ_OPTIONS=
	[ "$2" = quiet ] && ZOBJ_OPTIONS=abort=0
	export ZOBJ_OPTIONS
	# The shell has something to say about an abort, too: not in there.
	{ (exec "$bin/$1" "$2" > "$tmp/out" 2> "$tmp/err"); } 2> /dev/null
	status=$?
	if [ $status != "$3" ]; then
		wrong "$1" "$2" "exit status $status, not $3"
	elif [ "$(wc -l < "$tmp/err")" != 1 ] ||
	    ! grep -qx -e "$4" "$tmp/err"; then
		wrong "$1" "$2" "expected one line: $4"
	fi
}

for source in "$src"/*.c; do
	name=${source##*/}
	name=${name%.c}
	pattern=$(sed -n 's/^ \* \(zobj: .*\)/\1/p' "$source" | sed -n 1p |
	    sed 's/0xADDR/0x[0-9a-f][0-9a-f]*/g')
	aborted=134
	case $name in
	live-objects)	aborted=0 ;;
	esac
	run "$name" abort $aborted "$pattern"
	run "$name" handler 0 "$pattern"
	run "$name" quiet 0 "$pattern"
	count=$((count + 1))
done

[ $count -gt 30 ] || { echo "misuse: only $count victims"; failed=1; }
[ $failed = 0 ] && echo "$count victims"
exit $failed
