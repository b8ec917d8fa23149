#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# git: a repository is made, cloned, packed, read and checked.
. "${0%/*}/common.sh"
need git
GIT_CONFIG_NOSYSTEM=1
HOME=$tmp
GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org
GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org
export GIT_CONFIG_NOSYSTEM HOME GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL \
    GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL

repository()
{
	commits=$((${long:+390} + 10))
	git init -q -b main one && cd one || return
	for i in $(seq $commits); do
		for f in a b c d; do
			seq -f "line %g of $f" $((i * 3)) $((i * 5 + 400)) > $f$((i % 9))
		done
		GIT_AUTHOR_DATE="2020-01-01T00:00:00Z"
		GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
		export GIT_AUTHOR_DATE GIT_COMMITTER_DATE
		git add . && git commit -q -m "commit $i" || return
	done
	git rev-parse HEAD
	cd .. && git clone -q --no-local one two && cd two &&
	    git gc -q --aggressive && git fsck --strict 2>&1 &&
	    git log -p --stat | cksum && git blame a1 | cksum &&
	    git diff HEAD~10 | cksum && git grep -c "line 45" | cksum &&
	    git archive HEAD | cksum && git count-objects -v | grep in-pack
}
same "repository" repository
exit $failed
