#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# check-layers.sh [DIRECTORY]
#
# Holds the #include lines of lib/ against lib/LAYERS.
#
# LAYERS has one layer per line, lowest first; a line names the modules of its
# layer, separated by blanks; # begins a comment.  Module X is X.c and X.h.
#   - a module includes only modules of its own layer or of lower ones;
#   - each file in lib/ belongs to a listed module, each module has a file,
#     and none is listed twice.
# zobj.h, the public header, is below everything.
set -u
lib=${1:-${ZOBJ_SRCDIR:-.}/lib}

if [ ! -r "$lib/LAYERS" ]; then
	echo "check-layers: no file $lib/LAYERS"
	exit 1
fi

awk '
FILENAME ~ /LAYERS$/ {
	sub(/#.*/, "")
	if (NF == 0)
		next
	levels++
	for (i = 1; i <= NF; i++) {
		if ($i in level)
			wrong("LAYERS: " $i " is listed twice")
		level[$i] = levels
	}
	next
}

FNR == 1 {
	name = FILENAME
	sub(/^.*\//, "", name)
	module = name
	sub(/\.[ch]$/, "", module)
	seen[module] = 1
	files++
	if (!(module in level))
		wrong(name ": module " module " is not in LAYERS")
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	target = $0
	sub(/^[^"]*"/, "", target)
	sub(/".*/, "", target)
	if (target == "zobj.h" || !(module in level))
		next
	if (target !~ /^[a-z0-9_]+\.h$/) {
		wrong(name ":" FNR ": includes " target ", which is no module")
		next
	}
	sub(/\.h$/, "", target)
	if (!(target in level))
		wrong(name ":" FNR ": includes " target ".h, not in LAYERS")
	else if (level[target] > level[module])
		wrong(name ":" FNR ": " module " (layer " level[module] \
		    ") includes " target ".h (layer " level[target] ")")
}

function wrong(text)
{
	print "check-layers: " text
	errors++
}

END {
	for (m in level)
		if (!(m in seen))
			wrong("LAYERS: " m " has no file")
	if (files == 0)
		wrong("no source files")
	if (errors > 0)
		exit 1
	print files " files in " levels " layers, includes go downward only"
}' "$lib/LAYERS" "$lib"/*.[ch]
