#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh musl|aarch64
#
# Compile the core and the shim for another libc or processor, with warnings
# as errors, and run a program on each.  Exits 77 when the compiler or the
# emulator is not installed.  Environment, set by make:
#   ZOBJ_SRCDIR, ZOBJ_CORE_SOURCES, ZOBJ_SHIM_SOURCES (relative to it),
#   ZOBJ_CROSS_CFLAGS, ZOBJ_CROSS_SHIM_CFLAGS, ZOBJ_CROSS_LDFLAGS
set -eu

target=$1
src=$ZOBJ_SRCDIR
out=$PWD/test/cross/$target.dir

skip()
{
	echo "skipped: $*"
	exit 77
}

have()
{
	command -v "$1" > /dev/null 2>&1 || skip "$1 is not installed"
}

# timeout(1): a deadlock is a failure, not a wait.
rm -rf "$out"
mkdir -p "$out"

# preloaded LIBRARY PROGRAM: run PROGRAM with LIBRARY in LD_PRELOAD.
case $target in
musl)
	have musl-gcc
	[ "$(uname -m)" = x86_64 ] || skip "this is no x86_64 machine"
	CC=musl-gcc
	# musl-gcc hides the system's headers, the kernel's among them.
	mkdir "$out/kernel"
	ln -s /usr/include/linux /usr/include/asm-generic "$out/kernel"
	for dir in /usr/include/x86_64-linux-gnu/asm /usr/include/asm; do
		[ ! -d "$dir" ] || { ln -s "$dir" "$out/kernel/asm"; break; }
	done
	cppflags="-idirafter $out/kernel"
	run() { timeout 60 "$@"; }
	preloaded() { timeout 60 env LD_PRELOAD="$1" "$2"; }
	;;
aarch64)
	have aarch64-linux-gnu-gcc
	have qemu-aarch64
	CC=aarch64-linux-gnu-gcc
	cppflags=
	root=/usr/aarch64-linux-gnu
	[ -e "$root"/lib/libc.so.6 ] || skip "no libc for aarch64"
	run() { timeout 120 qemu-aarch64 -L "$root" "$@"; }
	preloaded() {
		timeout 120 qemu-aarch64 -L "$root" -E LD_PRELOAD="$1" "$2"
	}
	;;
*)
	echo "usage: run.sh musl|aarch64" >&2
	exit 2
	;;
esac

cppflags="$cppflags -I$src/include -iquote $src/lib"

# compile DIRECTORY FLAGS FILE...: position independent objects.
compile()
{
	dir=$out/$1 flags=$2
	shift 2
	mkdir -p "$dir"
	for file; do
		case $file in
		*.c)	# shellcheck disable=SC2086
			$CC $cppflags $flags -O2 -g -Werror -fPIC \
			    -c "$src/$file" -o "$dir/$(basename "$file" .c).o"
			;;
		esac
	done
}

# shellcheck disable=SC2086
{
	compile core "$ZOBJ_CROSS_CFLAGS" $ZOBJ_CORE_SOURCES
	$CC -shared -pthread $ZOBJ_CROSS_LDFLAGS "$out"/core/*.o \
	    -Wl,-soname,libzobj.so.0 \
	    -Wl,--version-script="$src/lib/libzobj.map" \
	    -o "$out/libzobj.so.0"

	$CC $cppflags -std=gnu11 -O2 -pthread "$src/test/cross/zones.c" \
	    "$out/libzobj.so.0" -Wl,-rpath,"$out" -o "$out/zones"
	$CC $cppflags -std=gnu11 -O2 -pthread "$src/test/cross/zones.c" \
	    "$out"/core/*.o -o "$out/zones-static"
	run "$out/zones"
	run "$out/zones-static"
	echo "$target: the core runs"

	if [ -n "$ZOBJ_SHIM_SOURCES" ]; then
		compile shim "$ZOBJ_CROSS_CFLAGS $ZOBJ_CROSS_SHIM_CFLAGS" \
		    $ZOBJ_SHIM_SOURCES
		$CC -shared -pthread $ZOBJ_CROSS_LDFLAGS \
		    "$out"/core/*.o "$out"/shim/*.o \
		    -Wl,--version-script="$src/preload/malloc.map" \
		    -o "$out/libzobj-malloc.so"
		$CC -std=gnu11 -O2 -fno-builtin -pthread \
		    "$src/test/cross/mallocs.c" -o "$out/mallocs"
		preloaded "$out/libzobj-malloc.so" "$out/mallocs"
		echo "$target: the shim runs"
	fi
}
rm -rf "$out"
