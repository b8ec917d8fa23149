#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""bench/compare as users call it: a short run, its files, and mistakes.

What is measured is looked at only as far as it cannot depend on how busy the
machine is.
"""

import collections
import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

from traces import RECORDED, Trace, record

BENCH = os.path.join(os.path.realpath(os.environ.get("ZOBJ_SRCDIR", ".")),
                     "bench")
BUILD = os.environ.get("ZOBJ_BUILDDIR", ".")
ZBENCH = os.path.join(BUILD, "bench/zbench")
SHIM = os.environ.get("ZOBJ_SHIM", "")
ROWS = ["pair/64/1/1", "batch/64/8/1"]


def compare(*args, **how):
    return subprocess.run(
        [sys.executable, os.path.join(BENCH, "compare"), "--build", BUILD,
         "--shim", SHIM, *args], capture_output=True, text=True, check=False,
        **how)


class Run(unittest.TestCase):
    """One run, looked at from all sides."""

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.json = os.path.join(scratch.name, "data.json")
        cls.svg = os.path.join(scratch.name, "chart.svg")
        cls.done = compare(*ROWS, "-n", "2", "--scale", "0.01",
                           "--allocators", "glibc,zobj,zone",
                           "--json", cls.json)
        with open(cls.json, encoding="utf-8") as f:
            cls.data = json.load(f)

    def test_tables(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        for word in (*ROWS, "glibc", "zobj", "zone", "zobj/best", "Summary",
                     "best peer"):
            self.assertIn(word, self.done.stdout)
        self.assertNotIn("\r", self.done.stderr)    # it is not a terminal

    def test_json_has_every_run(self):
        self.assertEqual([r["name"] for r in self.data["rows"]], ROWS)
        for row in self.data["rows"]:
            self.assertEqual(set(row["samples"]), {"glibc", "zobj", "zone"})
            for samples in row["samples"].values():
                self.assertEqual(len(samples), 2)
                for s in samples:
                    self.assertTrue(0 < s["cpu"] < 1e5, s)
                    self.assertTrue(s["wall"] > 0)
                    self.assertTrue(1 << 20 < s["rss"] < 1 << 28, s)
        self.assertEqual(set(self.data["figures"]["rows"]), set(ROWS))
        self.assertIn("rows", self.data["figures"]["geometric_means"])

    def test_from_shows_the_same(self):
        again = compare("--from", self.json)
        self.assertEqual(again.stdout, self.done.stdout)
        self.assertEqual(again.returncode, 0)

    def test_markdown(self):
        done = compare("--from", self.json, "--markdown", "--time", "wall")
        self.assertIn("### Elapsed time", done.stdout)
        self.assertIn("| pair/64/1/1 | ns |", done.stdout)

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_chart_is_well_formed(self):
        done = compare("--from", self.json, "--svg", self.svg)
        self.assertEqual(done.returncode, 0, done.stderr)
        chart = xml.dom.minidom.parse(self.svg)
        self.assertEqual(chart.documentElement.tagName, "svg")
        texts = " ".join(node.data for t in chart.getElementsByTagName("text")
                         for node in all_text(t))
        for word in (*ROWS, "glibc", "zobj", "zone", "processor time",
                     "less is better"):
            self.assertIn(word, texts)


def all_text(element):
    for node in element.childNodes:
        if node.nodeType == node.TEXT_NODE:
            yield node
        yield from all_text(node)


class Programs(unittest.TestCase):
    @unittest.skipUnless(shutil.which("sqlite3"), "sqlite3 is not installed")
    def test_sqlite3(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "data.json")
            done = compare("sqlite3", "-n", "1", "--allocators",
                           "glibc,zobj,zone", "--json", path)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(path, encoding="utf-8") as f:
                row, = json.load(f)["rows"]
        self.assertEqual(row["unit"], "s")
        self.assertEqual(set(row["samples"]), {"glibc", "zobj"})
        self.assertTrue(0.01 < row["samples"]["zobj"][0]["cpu"] < 600)


class Mistakes(unittest.TestCase):
    def refused(self, word, *args):
        done = compare(*args)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn(word, done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_they_are_told(self):
        self.refused("nothing/*", "nothing/*")
        self.refused("unknown", "pair/64/1/1", "--allocators", "none-such")
        self.refused("no set", "--set", "none-such")
        self.refused("cannot be run", "pair/64/1/1", "--zbench", "/none")
        self.refused("no such file", "pair/64/1/1", "--shim", "/none")
        self.refused("/none", "--from", "/none")
        self.refused("written", "pair/64/1/1", "--json", "/none/data.json")
        self.refused("at least", "-n", "0")

    def test_an_allocator_that_fails(self):
        """A row whose process dies is told, the others are shown."""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "zbench")
            with open(path, "w", encoding="utf-8") as f:
                f.write(f'#!/bin/sh\ncase "$LD_PRELOAD $*" in\n'
                        '*libzobj-malloc*filter*) echo "oh no" >&2; '
                        'exit 3;;\nesac\n'
                        f'exec {os.path.abspath(ZBENCH)} "$@"\n')
            os.chmod(path, 0o755)
            done = compare("pair/64/1/1", "-n", "1", "--scale", "0.01",
                           "--allocators", "glibc,zobj", "--zbench", path)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("pair/64/1/1 under zobj: FAILED: exit status 3: oh no",
                      done.stdout)

    def test_list_and_help(self):
        done = compare("--list")
        for row in ROWS:
            self.assertIn(f"\n{row}  (malloc, zone)\n", "\n" + done.stdout)
        self.assertIn("allocators: glibc", done.stdout)
        self.assertIn("Exit status", compare("--help").stdout)


class Mix(unittest.TestCase):
    """make-mix reads traces as the reader of the tests does."""

    def setUp(self):
        path = os.path.join(BENCH, "make-mix")
        loader = importlib.machinery.SourceFileLoader("make_mix", path)
        spec = importlib.util.spec_from_loader("make_mix", loader)
        self.mix = importlib.util.module_from_spec(spec)
        loader.exec_module(self.mix)

    @unittest.skipUnless(os.path.exists(RECORDED), "no shim")
    def test_sizes_of_a_trace(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "trace")
            record(path, RECORDED, "threads")
            wanted = collections.Counter(
                e.size for e in Trace(path).events
                if e.kind in ("ALLOC", "ZEROED", "ALIGNED", "RESIZE"))
            self.assertEqual(self.mix.sizes_in(path), dict(wanted))

    def test_shares_and_quantiles(self):
        share = self.mix.rounded({1: 1, 8: 1, 9: 2, 1 << 20: 1000})
        self.assertEqual(share, {8: 0.5, 16: 0.5})
        share = self.mix.mean_of([share, {8: 1.0}])
        self.assertEqual(share, {8: 0.75, 16: 0.25})
        drawn = self.mix.quantiles(share)
        self.assertEqual(len(drawn), self.mix.DRAWS)
        self.assertEqual(drawn.count(16), self.mix.DRAWS // 4)


if __name__ == "__main__":
    if not os.path.exists(ZBENCH):
        print("skipped: no zbench (google-benchmark is not installed)")
        sys.exit(77)
    if not os.path.exists(SHIM):
        print("skipped: no shim")
        sys.exit(77)
    unittest.main()
