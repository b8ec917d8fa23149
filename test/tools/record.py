#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""zrun --record: the trace of a program with known calls has just these."""

import collections
import os
import resource
import subprocess
import sys
import tempfile
import unittest

from traces import BUILD, RECORDED, Trace, record

MARK = 77777
SMALL = 333
MANY = 200000


class Record(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.path = os.path.join(self.directory.name, "trace")

    def record(self, *mode, **how):
        record(self.path, RECORDED, *mode, **how)
        return Trace(self.path)

    def recorded(self):
        """The traces that there are, in the order of process ids."""
        found = [Trace(os.path.join(self.directory.name, name))
                 for name in os.listdir(self.directory.name)]
        return sorted(found, key=lambda t: t.process)

    def test_header(self):
        trace = self.record("calls")
        self.assertEqual((trace.magic, trace.version), (b"ZOBJTRC\0", 1))
        self.assertEqual(trace.page_size, os.sysconf("SC_PAGE_SIZE"))
        self.assertEqual(os.path.basename(trace.program), "recorded")

    def test_calls(self):
        self.check_calls(self.record("calls").events)

    def test_dlsym_allocates(self):
        recorder = os.path.join(os.path.dirname(os.environ["ZOBJ_SHIM"]),
                                "libzobj-record.so")
        library = os.path.join(BUILD, "test/tools/.libs/libdlsym.so")
        done = subprocess.run(
            [RECORDED, "calls"], capture_output=True, check=False,
            env=dict(os.environ, ZOBJ_RECORD=self.path,
                     LD_PRELOAD=f"{recorder}:{library}"))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.check_calls(Trace(self.path).events)

    def check_calls(self, events):
        marks = [i for i, e in enumerate(events)
                 if e.kind == "ALLOC" and e.size == MARK]
        self.assertEqual(len(marks), 2)
        events = events[marks[0]:marks[1]]
        first = events[0].object
        found = [(e.kind, e.size, e.align,
                  None if e.object is None else e.object - first)
                 for e in events]
        self.assertEqual(found, [
            ("ALLOC", MARK, None, 0),
            ("ALLOC", 10, None, 1),
            ("ZEROED", 150, None, 2),
            ("ALIGNED", 640, 64, 3),
            ("RESIZE", 5000, None, 1),
            ("ALLOC", 17, None, 4),
            ("FREE", 150, None, 2),
            ("ALIGNED", 100, 4096, 5),
            ("RESIZE", 4000, None, 4),
            ("ALIGNED", 1, 256, 6),
            ("FAILED", 2**63 - 1, None, None),
            ("FAILED", 2**63 - 1, None, None),
            ("FAILED", 2**64 - 1, None, None),
            ("RESIZE", 1 << 20, None, 1),
            ("FREE", 1 << 20, None, 1),
            ("FREE", 4000, None, 4),
            ("FREE", 640, None, 3),
            ("FREE", 1, None, 6),
            ("FREE", 100, None, 5),
            ("FREE", MARK, None, 0),
        ])

    def test_exit_is_told(self):
        self.assertIn("EXIT", [e.kind for e in self.record("calls").events])

    def test_threads(self):
        counts = collections.Counter(
            (e.kind, e.size, e.thread) for e in self.record("threads").events
            if e.size in range(1000, 1004))
        made = {size: thread for kind, size, thread in counts
                if kind == "ALLOC"}
        self.assertEqual(len(set(made.values())), 4)
        for size, thread in made.items():
            before = made[1000 + (size - 1001) % 4]
            self.assertEqual(counts["ALLOC", size, thread], 1000)
            self.assertEqual(counts["FREE", size, before], 1000)
        self.assertEqual(len(counts), 8)

    def test_fork_with_one_file(self):
        sizes = [e.size for e in self.record("forks").events]
        self.assertIn(MARK, sizes)
        self.assertNotIn(MARK + 1, sizes)
        self.assertEqual(len(self.recorded()), 1)

    def test_fork_with_a_file_each(self):
        record(self.path + ".%p", RECORDED, "forks")
        parent, child = self.recorded()
        found = [(e.kind, e.size) for e in parent.events]
        self.assertIn(("FREE", MARK), found)
        self.assertNotIn("UNKNOWN", [kind for kind, _ in found])
        found = [(e.kind, e.size) for e in child.events
                 if e.kind == "UNKNOWN" or e.size]
        self.assertEqual(found[:4], [
            ("UNKNOWN", None), ("ALLOC", MARK + 1), ("FREE", MARK + 1),
            ("ALLOC", MARK + 2)])

    def test_threads_of_a_child(self):
        record(self.path + ".%p", RECORDED, "thread-forks")
        _, child = self.recorded()
        made = {e.size: e.thread for e in child.events
                if e.kind == "ALLOC" and e.size in (MARK + 1, MARK + 2)}
        self.assertEqual(len(set(made.values())), 2)
        seen = []
        for event in child.events:
            if event.thread not in seen:
                seen.append(event.thread)
        self.assertEqual(seen, list(range(len(seen))))

    def test_exec(self):
        """The trace is that of what the process ends up as."""
        trace = self.record("becomes", RECORDED, "_exits")
        count = sum(e.size in range(SMALL, SMALL + 10) for e in trace.events)
        self.assertEqual(count, MANY)

    def test_children_get_a_file_each(self):
        record(self.path + ".%p", "sh", "-c", f"{RECORDED} calls; exit 0")
        programs = [os.path.basename(t.program) for t in self.recorded()]
        self.assertIn("recorded", programs)

    def many(self, mode, **how):
        trace = self.record(mode, **how)
        counts = collections.Counter(
            e.size for e in trace.events if e.kind == "ALLOC")
        for size in range(SMALL, SMALL + 10):
            self.assertEqual(counts[size], MANY // 10)

    def test_kill(self):
        self.many("killed", status=-9)

    def test__exit(self):
        self.many("_exits")

    def test_closed_descriptors(self):
        self.many("closes")

    def test_file_that_cannot_be_written(self):
        for name in ("/nonexistent/trace", "/nonexistent/trace.%p"):
            told = record(name, RECORDED, "calls", status=125)
            self.assertIn(name, told)

    def test_limit(self):
        """The trace ends, the program does not."""
        limit = 150000
        told = record(self.path, RECORDED, "_exits", preexec_fn=lambda:
                      resource.setrlimit(resource.RLIMIT_FSIZE,
                                         (limit, limit)))
        self.assertIn("File too large", told)
        trace = Trace(self.path)
        count = sum(e.size in range(SMALL, SMALL + 10) for e in trace.events)
        self.assertGreater(count, 10000)
        self.assertLess(count, MANY)


if __name__ == "__main__":
    if not os.path.exists(RECORDED):
        print("skipped: no shim")
        sys.exit(77)
    unittest.main()
