#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""examples/pager: gets stuck without a reserve, and does not with one."""

import os
import re
import resource
import subprocess
import sys
import tempfile
import unittest

from traces import BUILD

PAGER = os.path.join(BUILD, "examples/pager/pager")
PHASES = ["fill", "use", "cut", "mend", "verify"]
ORDERS = ["random", "sequential", "stride"]
LIMITS_AND_SEEDS = [("data", 1), ("data", 2), ("as", 3)]
BANK = 16
PAGES = 8192
MEMORY = 8
STUCK = "cannot evict: no memory for swap metadata"
FIGURES = re.compile(r"(\d+) pages in memory, (\d+) in swap, (\d+) blocks of "
                     r"swap metadata, (\d+) of them from the reserve")


class Row:
    def __init__(self, line):
        self.name = line.split()[0]
        (self.touches, self.written, self.read, self.resident, self.in_swap,
         self.blocks, self.maps, self.reserve) = map(int, line.split()[1:])


class Pager(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = scratch.name

    def run_pager(self, *args, prepare=None):
        done = subprocess.run(
            [PAGER, f"--pages={PAGES}", f"--memory={MEMORY}", "--rounds=1",
             "--check", *args],
            capture_output=True, text=True, check=False, preexec_fn=prepare,
            env=dict(os.environ, TMPDIR=self.directory))
        # Whatever happened, the swap file has no name any more.
        self.assertEqual(os.listdir(self.directory), [])
        return done

    def stuck(self, *args):
        """The figures of a run that must not have come to its end."""
        done = self.run_pager(*args)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(STUCK, done.stderr)
        self.assertNotIn("as it was written", done.stdout)
        return [int(n) for n in FIGURES.search(done.stderr).groups()]

    def completes(self, *args):
        """The rows of a run that must have come to its end."""
        done = self.run_pager(*args)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn("every page is as it was written", done.stdout)
        rows = [Row(line) for line in done.stdout.splitlines()
                if re.match(rf"({'|'.join(PHASES)}) .*\d$", line)]
        self.assertEqual([row.name for row in rows], PHASES)
        return rows, done.stdout

    def test_stuck_without(self):
        for order in ORDERS:
            for by, seed in LIMITS_AND_SEEDS:
                with self.subTest(order=order, by=by, seed=seed):
                    here, swap, blocks, reserve = self.stuck(
                        "--reserve=0", f"--order={order}", f"--by={by}",
                        f"--seed={seed}")
                    self.assertGreater(here, BANK)
                    self.assertLess(here, PAGES / 2)
                    self.assertEqual((swap, blocks, reserve), (0, 0, 0))

    def check_rows(self, rows):
        page = os.sysconf("SC_PAGE_SIZE")
        for row in rows:
            with self.subTest(row=row.name):
                self.assertLess(row.resident * page, MEMORY << 20)
                self.assertLessEqual(row.in_swap, row.blocks * 32)
                self.assertLessEqual(row.reserve, BANK)
        fill, use, cut, mend, verify = rows
        for row in fill, use, mend, verify:
            self.assertGreaterEqual(row.resident + row.in_swap, PAGES / 2)
        self.assertEqual(fill.touches, PAGES)
        self.assertEqual(fill.written, fill.in_swap)
        self.assertEqual(fill.read, 0)
        self.assertEqual(use.touches, PAGES)
        self.assertGreater(use.read, PAGES / 2)
        self.assertGreater(cut.maps, PAGES / 8)
        self.assertEqual(cut.touches, mend.touches)
        self.assertEqual([r.maps for r in (fill, use, mend, verify)], [1] * 4)
        self.assertEqual(verify.touches, PAGES)
        # Blocks did run out, and more than once.
        self.assertGreater(verify.reserve, 0)

    def test_completes_with(self):
        for order in ORDERS:
            for by, seed in LIMITS_AND_SEEDS:
                with self.subTest(order=order, by=by, seed=seed):
                    rows, _ = self.completes(
                        f"--reserve={BANK}", f"--order={order}",
                        f"--by={by}", f"--seed={seed}")
                    self.check_rows(rows)

    def test_size_of_the_reserve(self):
        """Neighbours share a block, pages at random some, others none."""
        self.completes("--reserve=2", "--order=sequential", "--rounds=0")
        rows, _ = self.completes("--reserve=16", "--order=stride")
        self.check_rows(rows)
        self.assertEqual(rows[0].reserve, BANK)
        for order, reserve in ("random", 2), ("stride", 8):
            with self.subTest(order=order, reserve=reserve):
                here, swap, blocks, taken = self.stuck(
                    f"--reserve={reserve}", f"--order={order}")
                self.assertGreater(here, BANK)
                self.assertGreater(swap, 0)
                self.assertGreater(blocks, reserve)
                self.assertEqual(taken, reserve)

    def test_faults(self):
        rows, told = self.completes("--faults")
        if "no userfaultfd" in told:
            self.skipTest("no userfaultfd")
        self.check_rows(rows)
        self.stuck("--faults", "--reserve=0")

    def test_cgroup(self):
        rows, told = self.completes("--cgroup")
        self.check_rows(rows)
        if "no memory cgroup" in told:
            self.skipTest("no memory cgroup can be made")
        most, limit = map(float, re.search(
            r"cgroup: (\S+) MiB at most, of (\S+) MiB", told).groups())
        self.assertGreater(most, MEMORY / 2)
        self.assertLessEqual(most, limit)
        self.stuck("--cgroup", "--reserve=0")

    def test_no_room_in_the_file(self):
        def prepare():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        done = self.run_pager(prepare=prepare)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot write to the swap file in {self.directory}",
                      done.stderr)

    def test_no_file(self):
        done = subprocess.run([PAGER], capture_output=True, text=True,
                              check=False, env={"TMPDIR": "/nonexistent"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot make a swap file in /nonexistent", done.stderr)

    def test_report(self):
        _, told = self.completes()
        for zone in "frame", "page", "map-entry", "swap-block":
            self.assertRegex(told, rf"(?m)^{zone} +\d+ +\d+ ")

    def test_options(self):
        done = self.run_pager("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.startswith("usage: pager "))
        for wrong in (["--what"], ["more"], ["--pages=0"], ["--order=up"],
                      ["--memory=x"]):
            done = self.run_pager(*wrong)
            self.assertEqual((done.returncode, done.stdout), (2, ""), wrong)
            self.assertNotEqual(done.stderr, "")


if __name__ == "__main__":
    if not os.path.exists(PAGER):
        print("skipped: no pager")
        sys.exit(77)
    unittest.main()
