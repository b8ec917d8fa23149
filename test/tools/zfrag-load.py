#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""zfrag-load by itself: every scenario, small, and what it tells."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ.get("ZOBJ_SRCDIR", "."), "tools"))
from zfrag import scenarios  # noqa: E402

LOAD = os.path.join(os.environ.get("ZOBJ_BUILDDIR", "."),
                    "tools/zfrag/zfrag-load")
MINE = {s.name: s for s in scenarios.TABLE
        if s.command[0].endswith("/zfrag-load")}
SCALE = "0.01"


def run(*args):
    return subprocess.run([LOAD, *args], capture_output=True, text=True,
                          check=False)


class Spoken:
    """A load that talks to us over the protocol."""

    def __init__(self, name, seed):
        said, tell = os.pipe()
        heard, answer = os.pipe()
        # Answers in advance: nobody measures here.
        os.write(answer, b"\n" * 100)
        self.child = subprocess.Popen(
            [LOAD, "--scale", SCALE, "--seed", str(seed), name],
            env=dict(os.environ, ZFRAG_FD=str(tell), ZFRAG_ACK=str(heard)),
            pass_fds=[tell, heard], stderr=subprocess.PIPE, text=True)
        for fd in (tell, heard):
            os.close(fd)
        self.answer, self.pipe = answer, open(said, encoding="ascii")

    def lines(self):
        with self.pipe:
            said = [line.split() for line in self.pipe]
        self.errors = self.child.communicate()[1]
        os.close(self.answer)
        return said


class Every(unittest.TestCase):
    """They sleep most of the time, so all run at once."""

    @classmethod
    def setUpClass(cls):
        started = [(name, seed, Spoken(name, seed))
                   for name in MINE for seed in (1, 1, 2)]
        cls.said, cls.loads = {}, [load for _, _, load in started]
        for name, seed, load in started:
            cls.said.setdefault((name, seed), []).append(load.lines())

    def phases(self, name, seed, which=0):
        return [(words[1], int(words[2]))
                for words in self.said[name, seed][which]
                if words[0] == "phase"]

    def test_all_end_well(self):
        for load in self.loads:
            self.assertEqual((load.child.returncode, load.errors), (0, ""))

    def test_phases_are_those_of_the_table(self):
        for name, scenario in MINE.items():
            with self.subTest(name):
                self.assertEqual([p for p, _ in self.phases(name, 1)],
                                 list(scenario.phases))

    def test_nothing_is_live_that_was_not_asked_for(self):
        for name in MINE:
            with self.subTest(name):
                live = dict(self.phases(name, 1))
                self.assertTrue(all(n > 0 for n in live.values()))
                self.assertLess(live["freed"], max(live.values()))
                self.assertEqual(live["freed"], live["idle"])

    def test_the_seed_decides(self):
        for name in MINE:
            with self.subTest(name):
                first = self.phases(name, 1)
                self.assertEqual(first, self.phases(name, 1, 1))
                self.assertNotEqual(first, self.phases(name, 2))

    def test_own_tables_are_told_before_anything_else(self):
        for name in MINE:
            with self.subTest(name):
                words = [line[0] for line in self.said[name, 1][0]]
                self.assertEqual(words[0], "own")
                self.assertLessEqual(set(words), {"own", "live", "phase"})


class ByHand(unittest.TestCase):
    def test_the_table_lists_what_there_is(self):
        self.assertEqual(run("--list").stdout.split(), list(MINE))

    def test_phases_are_printed(self):
        done = run("--scale", SCALE, "one-in-20-1024")
        self.assertEqual(done.returncode, 0)
        self.assertEqual([line.split()[0]
                          for line in done.stdout.splitlines()],
                         ["peak", "freed", "idle"])

    def test_mistakes(self):
        for args in ([], ["nonsense"], ["--scale", "0", "server"],
                     ["--scale", "x", "server"], ["server", "swing"]):
            with self.subTest(args):
                done = run(*args)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("zfrag-load: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
