#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# run.sh PROGRAM [ARGUMENT]...: a victim, under the shim, which verifies its
# invariants when the program ends.
# Environment, set by make: ZOBJ_SHIM.
if [ ! -f "$ZOBJ_SHIM" ]; then
	echo "skipped: no shim"
	exit 77
fi
# shellcheck disable=SC3045
ulimit -c 0
exec timeout 300 env LD_PRELOAD="$ZOBJ_SHIM" ZOBJ_OPTIONS=check=1 "$@"
