#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
exec "${SHELL:-/bin/sh}" "$ZOBJ_SRCDIR/test/cross/run.sh" musl
