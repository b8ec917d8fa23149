# SPDX-License-Identifier: BSD-2-Clause
"""The rows of zbench, NAME/SIZE/COUNT/THREADS, and sets of them."""

import fnmatch
import re
import subprocess

from zfrag.trouble import Trouble

from . import allocators

# Sets of rows: shell patterns, in the order in which they are shown.
SETS = {
    # Every pattern, those in which size or threads matter most more often.
    "standard": (
        "pair/16/1/1", "pair/64/1/*", "pair/256/1/1", "pair/1024/1/1",
        "pair/8192/1/1", "pair/32768/1/1",
        "batch/64/8/1", "batch/64/100/1", "batch/64/10000/1",
        "batch/256/10000/1", "batch/1024/10000/1", "batch/4096/1000/1",
        "batch-reverse/64/100/1", "batch-reverse/64/10000/1",
        "batch-shuffled/64/100/1", "batch-shuffled/64/10000/1",
        "batch-shuffled/64/100000/1", "batch-shuffled/256/10000/1",
        "random/64/64/1", "random/64/10000/*", "random/64/100000/1",
        "random/64/1000000/1", "random/256/100000/1",
        "random/1024/100000/1", "random/4096/1000/1", "random/32768/1000/1",
        "mixed/*", "many/64/*", "calloc/64/1/1", "calloc/1024/1/1",
        "aligned-64/64/1000/1", "aligned-64/1000/100000/1",
        "aligned-4096/4096/1000/1", "aligned-65536/*",
        "grow/*", "append/*", "regrow/*", "large/*", "filled/*", "touch/*",
        "remote/*", "handover/64/*", "handover/1024/*", "all-to-all/*",
        "thread/*", "fork/64/*",
        "larson/*", "xmalloc/*", "cache-*/8/*", "stress/*", "compiler/*",
        "interpreter/*"),
    # A quick look.
    "design": (
        "batch/64/10000/1", "random/256/100000/1", "random/1024/100000/1",
        "random/64/100000/1", "pair/64/1/1"),
    "threads": (
        "pair/64/1/*", "random/64/10000/*", "random/64/100000/*",
        "mixed/any/10000/*", "remote/*", "handover/*", "all-to-all/*",
        "thread/*", "larson/*", "xmalloc/*", "cache-*", "stress/*"),
    "large": ("grow/*", "append/*", "regrow/*", "large/*", "filled/*",
              "aligned-65536/*"),
    "classic": ("larson/*", "xmalloc/*", "cache-*", "stress/*", "compiler/*",
                "interpreter/*"),
    "all": ("*",),
}


def plain_name(name):
    """zbench's name of a row without what google-benchmark appends."""
    return re.sub(r"/(iterations:|process_time|threads:).*", "", name)


def known_rows(zbench):
    """{row: sources}, in zbench's order."""
    try:
        done = subprocess.run(
            [zbench, "--benchmark_list_tests=true"], text=True, check=True,
            env=allocators.clean_environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as e:
        raise Trouble(f"{zbench} cannot be run: {e}") from None
    known = {}
    for line in done.stdout.splitlines():
        source, row = plain_name(line).split("/", 1)
        known.setdefault(row, set()).add(source)
    return known


def choose(known, patterns):
    """The rows that match, in the order of the patterns."""
    chosen = []
    for pattern in patterns:
        matching = fnmatch.filter(known, pattern)
        if not matching:
            raise Trouble(f"no row and no program matches {pattern}; "
                          "see --list")
        chosen += matching
    return list(dict.fromkeys(chosen))
