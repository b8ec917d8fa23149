#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# xz and zstd with two threads, bzip2, gzip, tar and sort.
. "${0%/*}/common.sh"

for i in $(seq $((${long:+30} + 2))); do
	seq -f "line %g of $i, of some length" $((i * 1000)) $((i * 1000 + 40000))
	cat "$ZOBJ_SRCDIR"/lib/*.c
done > "$tmp/data"

# pack PROGRAM ARGUMENTS...
pack()
{
	$limit "$@" < "$tmp/data" > packed && cksum < packed &&
	    $limit "$1" -d < packed | cmp - "$tmp/data" && echo "the same"
}

sorted()
{
	$limit sort --parallel=2 -S 4M -k 4 "$tmp/data" | uniq -c | cksum &&
	    tar -cf - --sort=name --mtime=2020-01-01 -C "$ZOBJ_SRCDIR" lib |
	    tar -tvf - | wc -l
}

for command in "xz -T2 -3 --block-size=1MiB" "zstd -T2 -q -9" "bzip2" "gzip"; do
	if command -v "${command%% *}" > /dev/null; then
		# shellcheck disable=SC2086
		same "$command" pack $command
	else
		echo "not there: $command"
	fi
done
same "sort and tar" sorted
exit $failed
