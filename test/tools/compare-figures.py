#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The arithmetic of bench/compare, its tables and its files, on runs that
never took place."""

import io
import math
import os
import sys
import tempfile
import unittest
import unittest.mock

SRCDIR = os.environ.get("ZOBJ_SRCDIR", ".")
sys.path[:0] = [os.path.join(SRCDIR, "bench"), os.path.join(SRCDIR, "tools")]
from zcompare import (  # noqa: E402
    cli, figures, measure, record, rounds, rows, tables)
from zcompare.allocators import Allocator  # noqa: E402
from zcompare.record import Record, Row, Sample  # noqa: E402
from zfrag.trouble import Trouble  # noqa: E402

MIB = 1 << 20
MACHINE = {"processors": 2, "cpu": "made up", "memory": 1 << 32,
           "kernel": "6.1", "huge_pages": "madvise"}


def samples(times, mib):
    return [Sample(t, 2 * t, mib * MIB) for t in times]


def pair():
    """A row in which mimalloc is the fastest and glibc the smallest peer."""
    return Row("pair/64/1/1", "ns", {
        "glibc": samples([10, 12, 11], 4), "mimalloc": samples([8, 5, 6], 5),
        "zobj": samples([4, 6, 3], 6), "zone": samples([6, 6, 6], 2)})


def program():
    return Row("perl", "s", {
        "glibc": samples([1.0, 1.2, 1.1], 80),
        "mimalloc": samples([2.2, 2.2, 2.2], 100),
        "zobj": samples([2.0, 2.4, 2.2], 40)})


def a_record(*rows_of):
    return Record(
        "2026-01-01T00:00:00", "bench/compare", "abc", MACHINE, 3, 1.0,
        [Allocator("glibc", version="2"), Allocator("mimalloc", "/m", "3"),
         Allocator("zobj", "/z", "4"),
         Allocator("zone", version="4", source="zone")],
        {"tbb": "not installed"}, list(rows_of), {}, {"perl": "5.36"})


class Figures(unittest.TestCase):
    def setUp(self):
        self.row = pair()

    def test_median(self):
        self.assertEqual(figures.median(self.row, "glibc", "cpu"), 11)
        self.assertEqual(figures.median(self.row, "glibc", "wall"), 22)
        self.assertEqual(figures.median(self.row, "glibc", "rss"), 4 * MIB)
        self.assertIsNone(figures.median(self.row, "jemalloc", "cpu"))

    def test_spread_is_half_of_the_middle_half(self):
        # Quartiles 20 and 40.
        self.assertAlmostEqual(figures.spread([10, 20, 30, 40, 50]), 10 / 30)
        self.assertAlmostEqual(figures.spread([10, 20, 30, 40, 5000]),
                               10 / 30)

    def test_spread_of_few(self):
        self.assertEqual(figures.spread([7]), 0)
        self.assertAlmostEqual(figures.spread([10, 30]), 0.5)

    def test_ratio_is_the_median_within_rounds(self):
        # 4/10, 6/12, 3/11; the medians' would be 4/11.
        self.assertAlmostEqual(
            figures.ratio(self.row, "zobj", "glibc", "cpu"), 0.4)
        self.assertIsNone(figures.ratio(self.row, "zobj", "tbb", "cpu"))

    def test_best_peer_is_never_ours(self):
        self.assertEqual(figures.best_peer(self.row, "cpu"), "mimalloc")
        self.assertEqual(figures.best_peer(self.row, "rss"), "glibc")
        # 4/8, 6/5, 3/6
        self.assertAlmostEqual(
            figures.versus_best(self.row, "zobj", "cpu"), 0.5)
        self.assertAlmostEqual(
            figures.versus_best(self.row, "zone", "rss"), 0.5)

    def test_nobody_to_compare_with(self):
        alone = Row("pair/64/1/1", "ns", {"zobj": samples([4], 6)})
        self.assertIsNone(figures.best_peer(alone, "cpu"))
        self.assertIsNone(figures.versus_best(alone, "zobj", "cpu"))

    def test_mean_is_geometric(self):
        both = [pair(), program()]
        self.assertAlmostEqual(
            figures.mean_ratio(both, "zobj", "glibc", "cpu"),
            math.sqrt(0.4 * 2))
        self.assertAlmostEqual(
            figures.mean_ratio(both, "zobj", "best", "rss"),
            math.sqrt(6 / 4 * 40 / 80))
        # Only one of the two has it.
        self.assertAlmostEqual(
            figures.mean_ratio(both, "zone", "glibc", "rss"), 0.5)

    def test_rows_and_programs_have_means_of_their_own(self):
        means = figures.of_means(a_record(pair(), program()))
        self.assertAlmostEqual(means["rows"]["cpu"]["zobj"]["glibc"], 0.4)
        self.assertAlmostEqual(means["programs"]["cpu"]["zobj"]["glibc"], 2)


class Tables(unittest.TestCase):
    def setUp(self):
        self.record = a_record(pair(), program())

    def test_times(self):
        lines = tables.of_times(self.record, "cpu").lines
        self.assertEqual(lines[0], ["pair/64/1/1", "ns", "11.0 ±5%",
                                    "6.00 ±12%", "4.00 ±19%", "6.00 ±0%"])
        self.assertEqual(lines[1][-1], "-")

    def test_ratios(self):
        table = tables.of_ratios(self.record, "cpu")
        line = dict(zip(table.heads, table.lines[0]))
        self.assertEqual(line["zobj/glibc"], "0.40")
        self.assertEqual(line["zobj/best"], "0.50")
        self.assertEqual(line["best peer"], "mimalloc")

    def test_memory_is_in_mib(self):
        self.assertEqual(tables.of_memory(self.record).lines[0][1:3],
                         ["4.00 ±0%", "5.00 ±0%"])

    def test_what_is_worse_than_the_best_peer(self):
        said = tables.worst(self.record, "cpu")
        self.assertEqual(said[0], "perl: processor time of zobj is 2.00 "
                         "times that of glibc")
        self.assertEqual(len(said), 2)      # and the memory of pair

    def test_failures_are_told(self):
        row = pair()
        del row.samples["mimalloc"]
        row.failed["mimalloc"] = "signal 11: it said nothing"
        text = tables.report_text(a_record(row), "cpu")
        self.assertIn("pair/64/1/1 under mimalloc: FAILED: signal 11", text)
        self.assertIn("failed", text)
        self.assertIn("tbb: not run: not installed", text)

    def test_who_was_not_run_has_no_column(self):
        text = tables.as_text(tables.of_times(a_record(program()), "cpu"))
        self.assertNotIn("zone", text)

    def test_markdown(self):
        for table in tables.all_of(self.record):
            lines = [line for line in tables.as_markdown(table).splitlines()
                     if line.startswith("|")]
            self.assertEqual(len({line.count("|") for line in lines}), 1)
        self.assertIn("| **4.00** ±19% |", tables.as_markdown(
            tables.of_times(self.record, "cpu")))

    def test_columns_are_aligned(self):
        lines = tables.as_text(tables.of_times(self.record, "cpu")) \
            .split("\n\n")[1].splitlines()
        ends = [line.index(" ±") for line in lines[1:]]
        self.assertEqual(len(lines), 3)
        self.assertTrue(all(end > len("pair/64/1/1") for end in ends))
        self.assertEqual(lines[0].index("unit"), lines[1].index("ns"))


class Files(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.path = os.path.join(scratch.name, "file")

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(text)

    def test_json_holds_everything(self):
        before = a_record(pair(), program())
        record.write(self.path, before, figures.of_record(before))
        self.assertEqual(record.read(self.path), before)

    def test_other_json_is_refused(self):
        for text in ("{}", "[]", "nonsense",
                     f'{{"format": "{record.FORMAT}"}}'):
            self.write(text)
            with self.assertRaises(Trouble):
                record.read(self.path)

    def test_update_replaces_what_is_between_the_marks(self):
        self.write("before\n<!-- compare -->\nold\n<!-- end -->\nafter\n")
        for _ in range(2):
            cli.update(self.path, r"new \1")
        with open(self.path, encoding="utf-8") as f:
            self.assertEqual(f.read(), "before\n<!-- compare -->\n\nnew \\1"
                             "\n\n<!-- end -->\nafter\n")

    def test_update_without_marks(self):
        self.write("before\n")
        with self.assertRaises(Trouble):
            cli.update(self.path, "new")


class Rows(unittest.TestCase):
    KNOWN = ["pair/64/1/1", "pair/64/1/2", "batch/64/8/1", "perl"]

    def test_patterns_give_the_order_and_no_row_twice(self):
        self.assertEqual(rows.choose(self.KNOWN, ["batch/*", "*"]),
                         [self.KNOWN[2], *self.KNOWN[:2], "perl"])

    def test_a_pattern_without_rows(self):
        with self.assertRaises(Trouble):
            rows.choose(self.KNOWN, ["nothing/*"])

    def test_plain_names(self):
        for name in ("malloc/pair/64/1/1/iterations:40", "malloc/pair/64/1/1"
                     "/iterations:9/process_time/threads:2"):
            self.assertEqual(rows.plain_name(name), "malloc/pair/64/1/1")

    def test_time_per_operation(self):
        sample = measure.sample_of(
            {"ops": 2000, "iterations": 4, "cpu_time": 1000,
             "real_time": 3000, "children": 500}, {"peak_rss_kib": 3})
        self.assertEqual(sample, Sample(2.25, 6.0, 3072))


class Made(measure.RowJob):
    """A row that remembers who ran it instead of running."""

    def __init__(self, name, log, fail=(), stop=None):
        super().__init__(name, {"malloc"}, "", 1.0)
        self.log, self.fail, self.stop = log, fail, stop

    def run(self, measure_with, allocator):
        self.log.append(allocator.name)
        if allocator.name in self.fail:
            raise measure.Failed("exit status 1: oh no")
        if len(self.log) == self.stop:
            raise KeyboardInterrupt
        return Sample(1, 1, 1)


class Rounds(unittest.TestCase):
    def setUp(self):
        self.log = []
        self.allocators = a_record().allocators

    def run_all(self, job, count):
        to = io.StringIO()
        return rounds.run_all([job], self.allocators, count, None,
                              rounds.Progress(count, 1, to))

    def test_turns_rotate(self):
        self.run_all(Made("pair", self.log), 3)
        self.assertEqual(self.log, [
            "glibc", "mimalloc", "zobj", "mimalloc", "zobj", "glibc",
            "zobj", "glibc", "mimalloc"])

    def test_who_fails_is_out_and_the_others_go_on(self):
        found, complete = self.run_all(
            Made("pair", self.log, fail=["mimalloc"]), 3)
        self.assertEqual(self.log.count("mimalloc"), 1)
        self.assertEqual(complete, 3)
        self.assertEqual(found[0].failed, {"mimalloc": "exit status 1: oh no"})
        self.assertEqual({n: len(s) for n, s in found[0].samples.items()},
                         {"glibc": 3, "zobj": 3})

    def test_only_complete_rounds_count(self):
        found, complete = self.run_all(Made("pair", self.log, stop=8), 5)
        self.assertEqual(complete, 2)
        self.assertEqual({len(s) for s in found[0].samples.values()}, {2})

    def test_interrupted_in_the_first(self):
        with self.assertRaises(KeyboardInterrupt):
            self.run_all(Made("pair", self.log, stop=2), 5)

    def test_progress_of_a_terminal_is_one_line(self):
        to = io.StringIO()
        to.isatty = lambda: True
        with unittest.mock.patch("time.monotonic", side_effect=[0, 30]):
            progress = rounds.Progress(2, 4, to)
            progress.start(1, "pair (glibc)")
            progress.start(1, "pair (zobj)")
        self.assertNotIn("\n", to.getvalue())
        self.assertTrue(to.getvalue().endswith("pair (zobj), 1:30 left"))


class Programs(unittest.TestCase):
    def test_another_result_is_a_failure(self):
        job = measure.ProgramJob(unittest.mock.Mock(), "")
        job.check("a")
        job.check("a")
        with self.assertRaises(measure.Failed):
            job.check("b")


if __name__ == "__main__":
    unittest.main()
