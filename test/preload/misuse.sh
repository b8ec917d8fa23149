#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every mistake a program can make with malloc is one line, word for word, and
# SIGABRT; or the line alone with abort=0, and the program goes on.
# Environment, set by make: ZOBJ_BUILDDIR, ZOBJ_SHIM.
set -u
victim=${VICTIM_DIR:-$ZOBJ_BUILDDIR/test/preload}/misuse
if [ ! -f "$ZOBJ_SHIM" ] || [ ! -x "$victim" ]; then
	echo "skipped: no shim, or no $victim"
	exit 77
fi
# shellcheck disable=SC3045
ulimit -c 0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
count=0

# run CASE OPTIONS STATUS
run()
{
	(LD_PRELOAD=$ZOBJ_SHIM ZOBJ_OPTIONS=$2 "$victim" "$1" \
	    > "$tmp/expected" 2> "$tmp/said") 2> /dev/null
	status=$?
	count=$((count + 1))
	if [ $status != "$3" ]; then
		echo "$1, $2: status $status, not $3"
	elif ! cmp -s "$tmp/expected" "$tmp/said"; then
		echo "$1, $2: not the right words"
	else
		return
	fi
	echo "    expected: $(cat "$tmp/expected")"
	echo "    said:     $(cat "$tmp/said")"
	failed=$((failed + 1))
}

for name in $("$victim"); do
	run "$name" abort=1 134
	run "$name" abort=0 0
	run "$name" "abort=0;check=1" 0
done
echo "$count runs, $failed failed"
[ $failed = 0 ]
