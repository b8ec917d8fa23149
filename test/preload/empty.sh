#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What the shim costs a program that does nothing: at most 500 KiB of memory
# and 8 mappings more than without it.
# Environment, set by make: ZOBJ_BUILDDIR, ZOBJ_SHIM.
set -u
victim=${VICTIM_DIR:-$ZOBJ_BUILDDIR/test/preload}/empty
if [ ! -f "$ZOBJ_SHIM" ] || [ ! -x "$victim" ]; then
	echo "skipped: no shim, or no $victim"
	exit 77
fi

# The least of a few runs: the kernel's own share of it varies.
# measure PRELOAD
measure()
{
	for _ in 1 2 3 4 5 6 7 8; do
		LD_PRELOAD=$1 "$victim" || exit
	done | sort -n | head -1
}

# shellcheck disable=SC2046
set -- $(measure "") $(measure "$ZOBJ_SHIM")
if [ $# != 4 ]; then
	echo "skipped: no figures"
	exit 77
fi
echo "resident: $1 KiB without the shim, $3 KiB with it: $(($3 - $1)) more"
echo "mappings: $2 without the shim, $4 with it: $(($4 - $2)) more"
[ $(($3 - $1)) -le 500 ] && [ $(($4 - $2)) -le 8 ]
