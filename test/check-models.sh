#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# check-models.sh
#
# Checks the models in lib/model with spin:
#   - as it stands, a model has no error in any of its states;
#   - broken on purpose, each way its header tells, it has one: a model that
#     cannot fail proves nothing.
# Exits 77 without spin.
set -u
top=${ZOBJ_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}
SPIN=${SPIN:-spin}
CC=${CC:-cc}
models=$top/lib/model

if ! command -v "$SPIN" > /dev/null; then
	echo "check-models: spin is not installed"
	exit 77
fi

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
status=0

# Search all states of model $1 with spin's options $2..., compiled with $opt.
search()
{
	model=$1
	shift
	rm -f pan* ./*.trail
	"$SPIN" "$@" -a "$models/$model.pml" > out 2>&1 &&
	    $CC $opt -w -DSAFETY -DCOLLAPSE -DMEMLIM=480 -o pan pan.c \
	    >> out 2>&1 && ./pan -m900000 >> out 2>&1
}

# The way to the error, if there is one.
trail()
{
	path=$models/$1.pml
	shift
	for found in ./*.trail; do
		[ -f "$found" ] && "$SPIN" "$@" -p -g -l -k "$found" "$path" |
		    tail -n 200
	done
}

# No error, and nothing left out.
holds()
{
	opt=-O2
	search "$@"
	if grep -q 'errors: 0$' out && ! grep -q -e 'not completed' \
	    -e 'search depth too small' -e 'out of memory' out; then
		states=$(sed -n 's/^ *\(.*\) states, stored.*/\1/p' out)
		echo "$*: $states states"
		return
	fi
	echo "check-models: $*: not without error:"
	cat out
	trail "$@"
	status=1
}

breaks()
{
	opt=-O0
	search "$@"
	if grep -q 'errors: [1-9]' out; then
		echo "$*: fails, as it should"
		return
	fi
	echo "check-models: $*: no error found:"
	cat out
	status=1
}

# Every model, with each BROKEN= of its header.
for path in "$models"/*.pml; do
	model=${path##*/}
	model=${model%.pml}
	if [ ! -f "$path" ]; then
		echo "check-models: no models in $models"
		exit 1
	fi
	holds "$model"
	ways=$(sed -n 's/^ \* BROKEN=\([0-9]*\).*/\1/p' "$path")
	if [ -z "$ways" ]; then
		echo "check-models: $model: no way to break it"
		status=1
	fi
	for way in $ways; do
		breaks "$model" -DBROKEN="$way"
	done
done
holds remote -DSLABS=2 -DOBJECTS=2 -DFREERS=2

exit $status
