#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# jq: values are made, grouped, changed and printed.
. "${0%/*}/common.sh"
need jq
workload()
{
	$limit jq -n "[range($1) | {id: ., k: (. * 7919 % 101),
	    text: (\"text \\(.) \" * (. % 9 + 1)), list: [range(. % 7)]}]" \
	    > data.json &&
	    $limit jq -c 'group_by(.k) | map({k: .[0].k, n: length,
	    ids: map(.id) | add, long: map(.text | length) | max})
	    | sort_by(-.n)' data.json &&
	    $limit jq '[.[] | select(.list | length > 3)
	    | .text |= (split(" ") | reverse | join("-"))] | length' data.json &&
	    $limit jq -r '.[] | [.id, .k, (.text | @base64)] | @csv' data.json |
	    cksum
}
same "workload" workload $((${long:+190000} + 10000))
exit $failed
