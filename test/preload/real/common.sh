# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# Sourced by the scripts of this directory.  Each of them runs a real program
# without the shim and with it, while the library checks itself at the end of
# each process, and wants the same output and status every time.
# Environment, set by make: ZOBJ_SRCDIR, ZOBJ_SHIM; and ZOBJ_TEST_LONG, for
# several times as much of everything.
set -u
LC_ALL=C.UTF-8
export LC_ALL

skip()
{
	echo "skipped: $*"
	exit 77
}

# need PROGRAM...: or there is nothing to test.
need()
{
	for program; do
		command -v "$program" > /dev/null || skip "no $program"
	done
}

[ -f "$ZOBJ_SHIM" ] || skip "no shim"
long=${ZOBJ_TEST_LONG:+1}
# For programs that might hang.
limit="timeout 300"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

# in_dir DIR PRELOAD OPTIONS COMMAND...: in a new directory.
in_dir()
{
	rm -rf "$tmp/here"
	mkdir "$tmp/here"
	(
		cd "$tmp/here" || exit
		if [ -n "$2" ]; then
			ZOBJ_OPTIONS=$3
			LD_PRELOAD=$2
			export ZOBJ_OPTIONS LD_PRELOAD
		fi
		out=$tmp/$1
		shift 3
		"$@" > "$out.out" 2> "$out.err"
	)
	echo $? > "$tmp/$1.status"
}

# same NAME COMMAND...: COMMAND may be a function.
same()
{
	name=$1
	shift
	in_dir plain "" "" "$@"
	in_dir check "$ZOBJ_SHIM" check=1 "$@"
	[ -z "$long" ] || in_dir shim "$ZOBJ_SHIM" "" "$@"
	for run in check ${long:+shim}; do
		if ! cmp -s "$tmp/plain.status" "$tmp/$run.status" ||
		    ! cmp -s "$tmp/plain.out" "$tmp/$run.out" ||
		    grep -q "^zobj:" "$tmp/$run.err"; then
			echo "FAILED: $name, run $run"
			echo "status $(cat "$tmp/plain.status") without the shim," \
			    "$(cat "$tmp/$run.status") with it; output:"
			diff "$tmp/plain.out" "$tmp/$run.out" | head -20
			tail -20 "$tmp/$run.err"
			failed=1
			return
		fi
	done
	if [ ! -s "$tmp/plain.out" ] || [ "$(cat "$tmp/plain.status")" != 0 ]
	then
		echo "FAILED: $name does not work without the shim either"
		tail -5 "$tmp/plain.err"
		failed=1
		return
	fi
	echo "passed: $name"
}
