#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Compile programs against what was installed, and run them.  Run by make
# installcheck, which sets srcdir, CC, PKG_CONFIG, DESTDIR, bindir, libdir,
# includedir and pkgconfigdir.
set -eu

: "${srcdir:?}" "${bindir:?}" "${libdir:?}" "${includedir:?}" "${pkgconfigdir:?}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
lib=$DESTDIR$libdir
include=-I$DESTDIR$includedir
cross=$srcdir/test/cross

# what_runs NAME COMMAND...
what_runs()
{
	name=$1
	shift
	"$@" || { echo "check-installed: $name does not run"; exit 1; }
	echo "installed: $name runs"
}

$CC "$include" -pthread "$cross/zones.c" "-L$lib" -lzobj -o "$tmp/shared"
what_runs libzobj.so env LD_LIBRARY_PATH="$lib" "$tmp/shared"

$CC "$include" -pthread "$cross/zones.c" "-L$lib" -l:libzobj.a \
    -o "$tmp/static"
what_runs libzobj.a "$tmp/static"

if [ -n "$PKG_CONFIG" ]; then
	# shellcheck disable=SC2046
	$CC -pthread "$cross/zones.c" $(
	    PKG_CONFIG_SYSROOT_DIR=$DESTDIR \
	    PKG_CONFIG_PATH=$DESTDIR$pkgconfigdir \
	    $PKG_CONFIG --cflags --libs zobj) -o "$tmp/pkg-config"
	what_runs zobj.pc env LD_LIBRARY_PATH="$lib" "$tmp/pkg-config"
fi

$CC -fno-builtin -pthread "$cross/mallocs.c" -o "$tmp/mallocs"
what_runs libzobj-malloc.so env LD_PRELOAD="$lib/libzobj-malloc.so" \
    "$tmp/mallocs"
what_runs zrun env "$DESTDIR$bindir/zrun" --lib "$lib/libzobj-malloc.so" \
    "$tmp/mallocs"
what_runs libzobj-record.so env "$DESTDIR$bindir/zrun" \
    --lib "$lib/libzobj-malloc.so" --record "$tmp/trace" "$tmp/mallocs"
