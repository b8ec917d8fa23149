#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# With a first reservation of 4 MiB nearly everything lives in later ones,
# which no fast path knows.
# Environment, set by make: ZOBJ_BUILDDIR, ZOBJ_SHIM.
set -u
dir=${VICTIM_DIR:-$ZOBJ_BUILDDIR/test/preload}
if [ ! -f "$ZOBJ_SHIM" ]; then
	echo "skipped: no shim"
	exit 77
fi
# shellcheck disable=SC3045
ulimit -c 0
failed=0

for victim in resize aligned usable handover late-keys plugin atfork \
    abort-handler; do
	if timeout 100 env LD_PRELOAD="$ZOBJ_SHIM" \
	    ZOBJ_OPTIONS="arena=4M;check=1" "$dir/$victim.victim" \
	    2> /dev/null; then
		echo "passed: $victim"
	else
		echo "FAILED: $victim, status $?"
		failed=1
	fi
done
exit $failed
