#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# sanitizers.sh SRCDIR
#
# For each sanitizer: configure a build of its own below the current one, and
# run the tests of the core there (unit and api).  That of undefined behaviour
# is in the build of the address sanitizer.  Run by make check-sanitizers; MAKE
# and CC come from there.
set -u
src=$1
: "${MAKE:=make}" "${CC:=cc}"

if [ -f "$src/config.status" ]; then
	echo "check-sanitizers: the source tree itself is configured;" \
	    "run make distclean there and build in another directory" >&2
	exit 1
fi

# Programs under the thread sanitizer abort at start where the kernel spreads
# addresses more widely than it can follow, unless that is turned off.
cat > san-probe.c <<'EOF'
#include <pthread.h>
static void *run(void *arg) { return arg; }
int main(void)
{
	pthread_t t;
	return pthread_create(&t, 0, run, 0) || pthread_join(t, 0);
}
EOF

# probe NAME: set wrapper to what makes such programs run, or fail.
probe()
{
	$CC -pthread -fsanitize="$1" san-probe.c -o san-probe \
	    > /dev/null 2>&1 || return 1
	for wrapper in "" "setarch -R"; do
		$wrapper ./san-probe > /dev/null 2>&1 && return 0
	done
	return 1
}

status=0
for name in ${ZOBJ_SANITIZERS:-address thread}; do
	if ! probe $name; then
		echo "check-sanitizers: $name: skipped," \
		    "programs built with it do not run here"
		continue
	fi
	echo "check-sanitizers: $name"
	mkdir -p san-$name
	(
		cd san-$name || exit 1
		if [ ! -f config.status ]; then
			"$src/configure" -q CC="$CC" --with-sanitizer=$name \
			    --enable-asserts --enable-yields || exit 1
		fi
		# shellcheck disable=SC2086
		$wrapper $MAKE check-core VERBOSE=1
	) || status=1
done
rm -f san-probe san-probe.c
exit $status
