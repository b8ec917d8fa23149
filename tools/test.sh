#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test.sh - build libzobj, run its tests, and run the tests of the core again
# under the address, undefined-behaviour and thread sanitizers.
#
# Builds in $ZOBJ_BUILD, by default build/ in the source tree.  The packages
# that are needed are installed first when they are missing (tools/deps.sh).
set -eu

src=$(cd "$(dirname "$0")/.." && pwd)
build=${ZOBJ_BUILD:-$src/build}
jobs=$(nproc)

sh "$src/tools/deps.sh" test
[ -x "$src/configure" ] || "$src/autogen.sh"
mkdir -p "$build"
cd "$build"
[ -f config.status ] || "$src/configure" --enable-werror
make -j"$jobs"

# The second half runs whatever the first one says.
status=0
make -j"$jobs" check VERBOSE=1 || status=1
make -j"$jobs" check-sanitizers || status=1
exit $status
