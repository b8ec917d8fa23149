#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# run.sh PROGRAM [ARGUMENT]...: a victim, under the shim, which verifies its
# invariants when the program ends.
# Environment, set by make: ZOBJ_SHIM; and ZOBJ_TEST_LONG, for how many seconds
# to run it: most of them are over before, and start again.
if [ ! -f "$ZOBJ_SHIM" ]; then
	echo "skipped: no shim"
	exit 77
fi
# shellcheck disable=SC3045
ulimit -c 0
end=$(($(date +%s) + ${ZOBJ_TEST_LONG:-0}))
runs=0
while
	timeout $((${ZOBJ_TEST_LONG:-0} + 300)) \
	    env LD_PRELOAD="$ZOBJ_SHIM" ZOBJ_OPTIONS=check=1 "$@"
	status=$?
	runs=$((runs + 1))
	[ $status = 0 ] && [ "$(date +%s)" -lt $end ]
do :; done
[ $runs = 1 ] || echo "$runs runs"
exit $status
