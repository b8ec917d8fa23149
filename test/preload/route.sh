#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# route=: some sizes go to zones, the rest to the next malloc in line, which is
# the C library's or that of a library preloaded behind the shim.
# Environment, set by make: ZOBJ_BUILDDIR, ZOBJ_SHIM.
set -u
dir=${VICTIM_DIR:-$ZOBJ_BUILDDIR/test/preload}
if [ ! -f "$ZOBJ_SHIM" ] || [ ! -x "$dir/route" ]; then
	echo "skipped: no shim, or no $dir/route"
	exit 77
fi
# shellcheck disable=SC3045
ulimit -c 0
failed=0

# run ROUTE PRELOAD COMMAND...
run()
{
	options="route=$1;check=1"
	preload=$2
	shift 2
	if LD_PRELOAD=$preload ZOBJ_OPTIONS=$options timeout 100 "$@"; then
		echo "passed: $options, $preload, ${1##*/}"
	else
		echo "FAILED: status $?: $options, $preload, ${1##*/}"
		failed=1
	fi
}

# Behind the shim: nothing, or another allocator.
for next in "" libjemalloc.so.2 libmimalloc.so.2 libtcmalloc_minimal.so.4; do
	if [ -n "$next" ] && ! ldconfig -p 2> /dev/null | grep -q "$next"; then
		echo "skipped: no $next"
		continue
	fi
	preload=$ZOBJ_SHIM${next:+:$next}
	run 1-1024,4096 "$preload" "$dir/route"
	run 1-1024 "$preload" "$dir/resize.victim"
	run 1-100,1000-100K "$preload" "$dir/resize.victim"
	run 64 "$preload" "$dir/handover.victim"
	run 16-256 "$preload" "$dir/early.victim"
	run 1-1024 "$preload" "$dir/lookup.victim"
done
exit $failed
