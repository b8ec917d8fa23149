#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# demo.sh - build libzobj and run a real program on it: the table of its
# zones, and then its time and memory under glibc, jemalloc and libzobj.
#
# Builds in $ZOBJ_BUILD, by default build/ in the source tree.  The packages
# that are needed are installed first when they are missing (tools/deps.sh).
set -eu

src=$(cd "$(dirname "$0")/.." && pwd)
build=${ZOBJ_BUILD:-$src/build}

sh "$src/tools/deps.sh" demo
[ -x "$src/configure" ] || "$src/autogen.sh"
mkdir -p "$build"
cd "$build"
[ -f config.status ] || "$src/configure" -q
make -s -j"$(nproc)"

# Python itself, not a script that looks for one; every object from malloc,
# none from the pool that Python keeps for small ones.
python=$(python3 -c 'import sys; print(sys.executable)')
export PYTHONMALLOC=malloc PYTHONDONTWRITEBYTECODE=1

printf '\nA program under libzobj, and its zones at the end:\n\n'
tools/zrun --stats "$python" "$src/tools/demo.py"

printf '\nThe same program under three allocators:\n\n'
tools/zfrag/zfrag -n 3 --allocators glibc,jemalloc,zobj -- \
    "$python" "$src/tools/demo.py"
