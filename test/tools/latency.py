#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""bench/latency as users call it: a short run, its file, and mistakes.

How long anything took is not looked at, only that it adds up.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

BENCH = os.path.join(os.path.realpath(os.environ.get("ZOBJ_SRCDIR", ".")),
                     "bench")
BUILD = os.environ.get("ZOBJ_BUILDDIR", ".")
ZLATENCY = os.path.join(BUILD, "bench/zlatency")
SHIM = os.environ.get("ZOBJ_SHIM", "")
CALLS = 20000


def latency(*args):
    return subprocess.run(
        [sys.executable, os.path.join(BENCH, "latency"), "--build", BUILD,
         "--shim", SHIM, *args], capture_output=True, text=True, check=False)


class Run(unittest.TestCase):
    """One run, looked at from all sides."""

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        path = os.path.join(scratch.name, "data.json")
        cls.done = latency("-n", str(CALLS), "-r", "2", "-t", "2",
                           "--json", path)
        with open(path, encoding="utf-8") as f:
            cls.found = {h["name"]: h for h in json.load(f)["histograms"]}

    def test_everybody_is_there(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        for name in ("glibc", "malloc of zobj", "zone_alloc", "ZONE_NOWAIT"):
            self.assertIn(name, self.found)
            self.assertIn(name, self.done.stdout)
        self.assertIn("p99.99", self.done.stdout)
        self.assertNotIn("\r", self.done.stderr)    # it is not a terminal

    def test_every_call_is_counted_once(self):
        for h in self.found.values():
            self.assertEqual(h["calls"], 2 * CALLS)
            self.assertEqual(sum(h["counts"].values()), 2 * CALLS)

    def test_the_slowest_is_in_the_last_bucket(self):
        for h in self.found.values():
            last = max(float(ns) for ns in h["counts"])
            self.assertGreater(h["most"], 0)
            # A bucket is a 16th of its upper end, and ticks are calibrated
            # in each run.
            self.assertLess(abs(last - h["most"]), 0.1 * last + 2, h["name"])

    def test_only_nowait_is_refused(self):
        for name, h in self.found.items():
            if name != "ZONE_NOWAIT":
                self.assertEqual(h["refused"], 0, name)


class Program(unittest.TestCase):
    def run_it(self, *args):
        return subprocess.run([ZLATENCY, *args], capture_output=True,
                              text=True, check=False)

    def test_histogram(self):
        done = self.run_it("-n", "1000", "-t", "0", "-s", "100", "nowait")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r"^calls 1000 refused \d+ most [0-9.]+$")
        ns = [float(line.split()[0]) for line in lines[1:]]
        self.assertEqual(ns, sorted(ns))

    def test_mistakes(self):
        for args in ((), ("none",), ("-n", "0", "zone"), ("-x", "zone"),
                     ("-s", "many", "zone"), ("-t", "1000", "zone")):
            done = self.run_it(*args)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn("usage: zlatency", done.stderr)


class Mistakes(unittest.TestCase):
    def test_no_build(self):
        done = latency("--build", "/nonexistent")
        self.assertEqual(done.returncode, 2)
        self.assertIn("zlatency: no such program", done.stderr)

    def test_numbers(self):
        self.assertEqual(latency("-n", "0").returncode, 2)

    def test_help(self):
        self.assertIn("usage: latency", latency("--help").stdout)


if __name__ == "__main__":
    if not os.path.exists(SHIM):
        print("skipped: no shim")
        sys.exit(77)
    unittest.main()
