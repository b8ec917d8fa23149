#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Holds what the libraries define for others against what they should:
#   libzobj.so         the functions that zobj.h declares, version ZOBJ_0
#   libzobj.a          the same, and nothing else global
#   libzobj-malloc.so  the same, and the malloc family and dlopen without
#                      a version
#   libzobj-record.so  of that family what allocates or frees
# Environment, set by make: ZOBJ_SRCDIR, ZOBJ_LIB, ZOBJ_ARCHIVE, ZOBJ_SHIM.
set -eu
NM=${NM:-nm}
header=$ZOBJ_SRCDIR/include/zobj.h

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status=0

# The functions of zobj.h under their linked names.
sed -n 's/.*ZOBJ_NAME(\(zobj_[a-z_]*\)).*/\1/p' "$header" | sort -u \
    > "$tmp/public"
if [ ! -s "$tmp/public" ]; then
	echo "check-symbols: $header declares nothing"
	exit 1
fi

# Calls of malloc's family that every libc has programs for.  The C++ operators
# are not among them: those of libstdc++ and libc++ call malloc and free, and a
# program that replaces some of them counts on the library's others to call its
# own.
sort > "$tmp/family" <<EOF
malloc
calloc
realloc
reallocarray
free
free_sized
free_aligned_sized
aligned_alloc
memalign
posix_memalign
valloc
pvalloc
malloc_usable_size
malloc_trim
malloc_stats
malloc_info
mallinfo
mallinfo2
mallopt
EOF

# same WHAT EXPECTED FOUND: the two sorted lists are equal.
same()
{
	if ! diff "$2" "$3" > "$tmp/diff"; then
		echo "check-symbols: $1: (< is missing, > is too much)"
		cat "$tmp/diff"
		status=1
	fi
}

# Defined dynamic symbols with their versions; the version node is dropped.
dynamic()
{
	$NM -D --defined-only --with-symbol-versions "$1" |
	    awk '$2 != "A" { sub(/@@/, "@", $3); print $3 }' | sort
}

sed 's/$/@ZOBJ_0/' "$tmp/public" > "$tmp/versioned"
dynamic "$ZOBJ_LIB" > "$tmp/found"
same "$ZOBJ_LIB" "$tmp/versioned" "$tmp/found"

$NM -g --defined-only "$ZOBJ_ARCHIVE" | awk 'NF == 3 { print $3 }' | sort \
    > "$tmp/found"
same "$ZOBJ_ARCHIVE" "$tmp/public" "$tmp/found"

{ cat "$tmp/versioned" "$tmp/family"; echo dlopen; } | sort > "$tmp/expected"
dynamic "$ZOBJ_SHIM" > "$tmp/found"
same "$ZOBJ_SHIM" "$tmp/expected" "$tmp/found"

recorder=${ZOBJ_SHIM%/*}/libzobj-record.so
grep -vE 'usable_size|trim|stats|info|opt' "$tmp/family" > "$tmp/expected"
dynamic "$recorder" > "$tmp/found"
same "$recorder" "$tmp/expected" "$tmp/found"

[ $status = 0 ] && echo "$(wc -l < "$tmp/public") public functions"
exit $status
