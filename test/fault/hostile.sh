#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Programs that other people wrote, under the shim, with little address space,
# data or mappings.  With enough they do their work; with less they may give up
# in their own way, which is never a signal that says that we went wrong, and
# never takes for ever.
# Environment, set by make: ZOBJ_BUILDDIR, ZOBJ_SHIM.
set -u
hog=$ZOBJ_BUILDDIR/test/fault/.libs/libhog.so
if [ ! -f "$ZOBJ_SHIM" ] || [ ! -f "$hog" ]; then
	echo "skipped: no shim, or no $hog"
	exit 77
fi
# shellcheck disable=SC3045
ulimit -c 0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
count=0
worked=0

i=0
while [ $i -lt 2000 ]; do
	echo "$((i * 7919 % 20011)) word$((i * 31 % 97)) line $i"
	i=$((i + 1))
done > "$tmp/input"

# program NAME: run it on $tmp/input.
program()
{
	case $1 in
	sort)	sort -k2 -k1n "$tmp/input" ;;
	awk)	awk '{ n[$2 $1] += $1; t += length(n) } END { print t }' \
		    "$tmp/input" ;;
	perl)	perl -ne '@w = split; $n{$w[1]} .= $_;
		    END { print map { $n{$_} } sort keys %n }' "$tmp/input" ;;
	sqlite3) sqlite3 :memory: "create table t(a int, b text);" \
		    ".mode csv" ".separator ' '" \
		    "with recursive c(n) as (select 1 union all select n + 1
		    from c where n < 5000) insert into t select n * 7919 % 5003,
		    'word' || n from c; create index i on t(a);
		    select sum(a * length(b)) from t order by a;" ;;
	esac
}

# run NAME MUST LIMIT [SPARE]: in the shell of the caller, a subshell.
run()
{
	export LD_PRELOAD="$ZOBJ_SHIM"
	[ -n "$4" ] && LD_PRELOAD="$ZOBJ_SHIM $hog" HOG_SPARE=$4 &&
	    export HOG_SPARE
	export ZOBJ_OPTIONS=check=1
	# shellcheck disable=SC3045,SC2086
	[ -n "$3" ] && ulimit $3
	program "$1"
}

# try NAME MUST LIMIT SPARE: MUST is 1 if it has to work.
try()
{
	(run "$@" > "$tmp/out" 2> "$tmp/err" & 
	wait $!; echo $? > "$tmp/status") 2> /dev/null
	status=$(cat "$tmp/status")
	count=$((count + 1))
	if [ "$status" = 0 ] && cmp -s "$tmp/out" "$tmp/$1.right"; then
		worked=$((worked + 1))
		return
	fi
	# 134: the program's own abort.  127: the linker could not start it.
	if [ "$2" = 0 ] && { [ "$status" -lt 128 ] || [ "$status" = 134 ]; } &&
	    [ "$status" != 0 ] && ! grep -q '^zobj: ' "$tmp/err"; then
		return
	fi
	echo "$1, limit '$3', mappings '$4': status $status"
	tail -5 "$tmp/err"
	failed=$((failed + 1))
}

for name in sort awk perl sqlite3; do
	command -v $name > /dev/null || continue
	program $name > "$tmp/$name.right"
	try $name 1 "-v 300000" ""
	try $name 1 "-d 100000" ""
	try $name 1 "" 200
	# Without memory for its message perl calls itself until it dies.
	[ $name = perl ] && continue
	for kib in 10000 16000 24000 32000 50000; do
		try $name 0 "-v $kib" ""
	done
	for kib in 1000 2000 4000 8000; do
		try $name 0 "-d $kib" ""
	done
	for spare in 0 4 10; do
		try $name 0 "" $spare
	done
done
echo "$count runs, $worked did their work, $failed went wrong"
[ $failed = 0 ]
