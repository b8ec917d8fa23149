#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The tests of fork, where the system has no way to stop the other threads
# before it: membarrier is not there, or fails.
# Environment, set by make: ZOBJ_BUILDDIR.
fork=${ZOBJ_BUILDDIR:-.}/test/api/fork
status=0

for place in barrier-register barrier; do
	echo "fail=1+@$place"
	ZOBJ_OPTIONS=fail=1+@$place "$fork" || status=1
done
exit $status
