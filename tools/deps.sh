#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# deps.sh [build|demo|test|bench|frag]...
#
# Install the Debian packages that these purposes need and that are missing,
# with apt-get, as root or through sudo.  Does nothing, and asks nobody, when
# all of them are there.
set -eu

build="gcc libc6-dev make binutils autoconf automake libtool pkg-config"
demo="$build python3 libjemalloc2"
# Allocators to compare with; some tests put them behind the shim.
peers="libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4"
more_peers="libgoogle-perftools4 libtbbmalloc2"
# What zfrag draws and writes its page with.
page="gnuplot-nox python3-jinja2"
# check, g++, mandoc, spin and valgrind are for parts of the test suite; the
# next two lines are real programs that run under the shim; the last two are
# for the tests that compile for another libc and another processor.
test="$build check g++ mandoc python3 util-linux spin valgrind $peers $page
    bzip2 git jq libpython3.11-testsuite lua5.4 nodejs perl redis-server
    redis-tools sqlite3 xz-utils zstd
    musl-tools
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
# The last line is the whole programs that bench/compare runs.
bench="$build g++ python3 libbenchmark-dev gnuplot-nox $peers $more_peers
    git lua5.4 perl redis-server redis-tools sqlite3 xz-utils"
frag="$build python3 $page $peers $more_peers redis-server"

wanted=
for purpose in "${@:-build}"; do
	case $purpose in
	build)	wanted="$wanted $build" ;;
	demo)	wanted="$wanted $demo" ;;
	test)	wanted="$wanted $test" ;;
	bench)	wanted="$wanted $bench" ;;
	frag)	wanted="$wanted $frag" ;;
	*)	echo "usage: deps.sh [build|demo|test|bench|frag]..." >&2
		exit 2 ;;
	esac
done

if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null
then
	echo "deps.sh: no Debian system; needed here, under Debian's names:"
	# shellcheck disable=SC2086
	echo "   " $wanted
	exit 0
fi

missing=
for package in $wanted; do
	case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)
	in
	installed) ;;
	*)	missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo > /dev/null; then
	sudo=sudo
else
	echo "deps.sh: neither root nor sudo; please install:$missing" >&2
	exit 1
fi

echo "installing:$missing"
as_root="$sudo env DEBIAN_FRONTEND=noninteractive"
# A list of packages that is old names files which are gone, and a bare
# machine has none at all.
# shellcheck disable=SC2086
$as_root apt-get -q update
# shellcheck disable=SC2086
$as_root apt-get -q install -y --no-install-recommends $missing
