#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Loads that drive other programs, and traces, as zfrag runs them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from traces import BUILD, RECORDED, Trace, record

ZFRAG = os.path.join(BUILD, "tools/zfrag/zfrag")
SHIM = os.environ.get("ZOBJ_SHIM", "")
IDLE = ["peak", "freed", "idle", "refill"]


class Programs(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = scratch.name

    def run_zfrag(self, *args):
        """{allocator: {phase: live}} of one run under each of two."""
        out = os.path.join(self.directory, "out")
        done = subprocess.run(
            [sys.executable, ZFRAG, "--runs", "1", "--scale", "0.01",
             "--allocators", "glibc,zobj", "--lib", SHIM, "--output", out,
             *args], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with open(os.path.join(out, "data.json"), encoding="utf-8") as f:
            data = json.load(f)
        live = data["columns"].index("live")
        return {run["allocator"]: {p["name"]: p["sample"][live]
                                   for p in run["phases"]}
                for run in data["runs"]}

    def check_scenario(self, name, phases):
        found = self.run_zfrag("--scenario", name)
        self.assertEqual(list(found), ["glibc", "zobj"])
        self.assertEqual(found["glibc"], found["zobj"])
        self.assertEqual(list(found["glibc"]), phases)
        return found["glibc"]

    @unittest.skipUnless(shutil.which("redis-server"), "no redis-server")
    def test_redis(self):
        live = self.check_scenario("redis", IDLE)
        self.assertAlmostEqual(live["freed"] / live["peak"], 0.5, places=1)

    def test_python(self):
        live = self.check_scenario("python", IDLE)
        self.assertEqual(set(live.values()), {None})

    def test_namecache(self):
        phases = IDLE + ["destroyed"]
        live = self.check_scenario("namecache", phases)
        self.assertEqual(live["destroyed"], 0)
        self.assertEqual(self.check_scenario("namecache-zones", phases), live)

    def test_trace(self):
        path = os.path.join(self.directory, "a trace {of} 100 %")
        record(path, RECORDED, "threads")
        trace, found = Trace(path), self.run_zfrag("--trace", path)
        for live in found.values():
            self.assertEqual(live["peak"], trace.peak_bytes)
            self.assertEqual(live["end"], trace.live_bytes)


if __name__ == "__main__":
    if not os.path.exists(RECORDED):
        print("skipped: no shim")
        sys.exit(77)
    unittest.main()
