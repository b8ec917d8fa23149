#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Victims that make things difficult for a malloc, with the recorder in front
# of the shim: they pass, and leave a trace that makes sense.
# Environment, set by make: ZOBJ_BUILDDIR, ZOBJ_SHIM.
set -u
dir=${VICTIM_DIR:-$ZOBJ_BUILDDIR/test/preload}
recorder=${ZOBJ_SHIM%/*}/libzobj-record.so
replay=$ZOBJ_BUILDDIR/tools/zfrag/zfrag-replay
if [ ! -f "$ZOBJ_SHIM" ]; then
	echo "skipped: no shim"
	exit 77
fi
# shellcheck disable=SC3045
ulimit -c 0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

for victim in early late-keys main-leaves keep-errno contract resize aligned \
    small-stacks cancel signals fork fork-in-handler atfork spawn; do
	rm -f "$tmp/trace"
	if timeout 100 env ZOBJ_RECORD="$tmp/trace" \
	    LD_PRELOAD="$recorder:$ZOBJ_SHIM" ZOBJ_OPTIONS=check=1 \
	    "$dir/$victim.victim" &&
	    "$replay" --info "$tmp/trace" > "$tmp/info"; then
		echo "passed: $victim"
	else
		echo "FAILED: status $?: $victim"
		failed=1
	fi
done
exit $failed
