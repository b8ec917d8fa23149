#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A program with another user's rights does not look at ZOBJ_OPTIONS.  (The
# loader does not preload the shim into one; a linked libzobj is there.)
# Environment, set by make: ZOBJ_BUILDDIR, ZOBJ_LIB.
set -u
dir=${VICTIM_DIR:-$ZOBJ_BUILDDIR/test/preload}
skip()
{
	echo "skipped: $*"
	exit 77
}
[ -x "$dir/secure" ] || skip "no $dir/secure"
[ "$(id -u)" = 0 ] || skip "only root can give a program another owner"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
cp "$dir/secure" "$tmp/secure"

export ZOBJ_OPTIONS="stats=text;output=$tmp/stats;nonsense=1"
"$tmp/secure" > "$tmp/out" 2> "$tmp/err" || skip "it does not run here"
if ! grep -q 'unknown option "nonsense"' "$tmp/err" || [ ! -s "$tmp/stats" ]
then
	echo "options have no effect at all"
	exit 1
fi
rm -f "$tmp/stats"

chown 65534 "$tmp/secure" || skip "chown does not work"
chmod 4755 "$tmp/secure" || skip "chmod does not work"
"$tmp/secure" > "$tmp/out" 2> "$tmp/err" || skip "it does not run as nobody"
grep -q secure "$tmp/out" || skip "setuid has no effect in $tmp"
if [ -s "$tmp/err" ] || [ -e "$tmp/stats" ]; then
	echo "a privileged program obeyed ZOBJ_OPTIONS:"
	cat "$tmp/err"
	exit 1
fi
echo "ignored, as it should be"
