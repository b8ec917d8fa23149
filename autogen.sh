#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Make configure and what it needs, after a checkout or a pull.
set -e
cd "$(dirname "$0")"
exec autoreconf --install "$@"
