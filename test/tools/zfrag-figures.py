#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""zfrag's arithmetic and its files, on runs that never took place."""

import csv
import io
import os
import sys
import tempfile
import types
import unittest
import unittest.mock

sys.path.insert(0, os.path.join(os.environ.get("ZOBJ_SRCDIR", "."), "tools"))
from zfrag import (  # noqa: E402
    allocators, figures, report, rounds, runner, scenarios, table, timeline)
from zfrag.allocators import Allocator  # noqa: E402
from zfrag.procfs import Sample  # noqa: E402
from zfrag.trouble import Trouble  # noqa: E402

MIB = 1 << 20
SCENARIO = scenarios.Scenario("made-up", "z", "made up", "A sentence.",
                              ("true",), ("peak", "idle"))


def sample(time, rss, live=10, cpu=0.0):
    return Sample(time=time, rss=rss * MIB, pss=rss * MIB, lazy_free=0,
                  huge=0, cpu=cpu, live=live and live * MIB)


def a_run(allocator, number, peak, idle, status=0, live=10, sha="a"):
    ends = [sample(1.0, peak, live, 0.5), sample(3.0, idle, live, 0.6)]
    return runner.Run(
        "made-up", allocator, number, status, False, 3.0, 0.5, 0.1,
        peak * MIB, 0, sha, "oh no" if status else "",
        [runner.Phase(n, 20, s) for n, s in zip(("peak", "idle"), ends)],
        [sample(0.5, peak / 2, live), *ends])


def a_report(runs):
    names = list(dict.fromkeys(r.allocator for r in runs))
    return report.Report(
        "1", "2026-01-01T00:00:00", "zfrag", {}, 1, 1.0, 0.02,
        [Allocator(n) for n in names], {}, {}, [], [SCENARIO], runs)


THREE = [a_run("glibc", 1, 20, 18), a_run("glibc", 2, 24, 18),
         a_run("glibc", 3, 22, 18), a_run("jemalloc", 1, 40, 9),
         a_run("zobj", 1, 20, 12)]


class Figures(unittest.TestCase):
    def setUp(self):
        self.result = figures.evaluate(a_report(THREE), SCENARIO)
        self.rows = {r.allocator: r for r in self.result.rows}

    def test_median_and_spread(self):
        rss = self.rows["glibc"].phases["peak"].rss
        self.assertEqual((rss.median, rss.low, rss.high),
                         (22 * MIB, 20 * MIB, 24 * MIB))

    def test_ratio_to_the_best_of_the_others(self):
        peaks = {n: r.phases["peak"].rss for n, r in self.rows.items()}
        self.assertAlmostEqual(peaks["glibc"].versus, 22 / 20)
        self.assertAlmostEqual(peaks["jemalloc"].versus, 40 / 20)
        self.assertAlmostEqual(peaks["zobj"].versus, 20 / 22)
        self.assertEqual([n for n, p in peaks.items() if p.best], ["zobj"])

    def test_ratio_to_live(self):
        self.assertAlmostEqual(self.rows["zobj"].phases["idle"].per_live, 1.2)

    def test_mean_of_phases_is_geometric(self):
        self.assertAlmostEqual(self.rows["zobj"].versus,
                               (20 / 22 * 12 / 9) ** 0.5)

    def test_overall(self):
        means = figures.overall([self.result], "glibc")
        self.assertAlmostEqual(means["glibc"], 1)
        self.assertAlmostEqual(means["zobj"], (20 / 22 * 12 / 18) ** 0.5)

    def test_nothing_resident_has_no_ratio(self):
        runs = [a_run("glibc", 1, 0, 18), a_run("zobj", 1, 20, 12)]
        result = figures.evaluate(a_report(runs), SCENARIO)
        self.assertEqual(result.rows[1].phases["peak"].rss.versus, None)
        self.assertAlmostEqual(figures.overall([result], "glibc")["zobj"],
                               12 / 18)
        self.assertIn("-", table.as_text(table.scenario_grid(result)))

    def test_a_base_that_was_not_run(self):
        self.assertEqual(figures.overall([self.result], "tcmalloc"), {})


class Differences(unittest.TestCase):
    def evaluate(self, *runs):
        return figures.evaluate(a_report(list(runs)), SCENARIO)

    def test_another_exit_status(self):
        result = self.evaluate(a_run("glibc", 1, 20, 18),
                               a_run("zobj", 1, 20, 12, status=-6))
        self.assertEqual(result.failed,
                         {"zobj": "signal 6 in 1 of 1 runs: oh no"})
        self.assertEqual([r.allocator for r in result.rows], ["glibc"])

    def test_the_usual_status_need_not_be_0(self):
        result = self.evaluate(a_run("glibc", 1, 20, 18, status=3),
                               a_run("zobj", 1, 20, 12, status=3))
        self.assertEqual(result.failed, {})

    def test_a_phase_is_missing(self):
        short = a_run("zobj", 1, 20, 12)
        short.phases.pop()
        self.assertIn("zobj", self.evaluate(a_run("glibc", 1, 20, 18),
                                            short).failed)

    def test_another_output(self):
        result = self.evaluate(a_run("glibc", 1, 20, 18),
                               a_run("zobj", 1, 20, 12, sha="b"))
        self.assertEqual(len(result.differences), 1)

    def test_output_that_varies_anyway(self):
        result = self.evaluate(a_run("glibc", 1, 20, 18, sha="c"),
                               a_run("glibc", 2, 20, 18),
                               a_run("zobj", 1, 20, 12, sha="b"))
        self.assertEqual(result.differences, [])


class Timeline(unittest.TestCase):
    def test_phases_end_at_the_same_place(self):
        runs = [a_run("glibc", 1, 20, 18), a_run("zobj", 1, 20, 18)]
        runs[1].phases[0].sample.time = 2.5
        axis = timeline.axis_of(runs)
        for r in runs:
            placed = [timeline.place(axis, timeline.phase_times(r), t)
                      for t in timeline.phase_times(r)]
            for got, expected in zip(placed, axis.ends):
                self.assertAlmostEqual(got, expected)

    def test_time_never_runs_backwards(self):
        run = a_run("glibc", 1, 20, 18)
        places = [x for x, _ in timeline.points(
            timeline.axis_of([run]), run, "rss")]
        self.assertEqual(places, sorted(places))

    def test_seconds_without_phases(self):
        run = a_run("glibc", 1, 20, 18)
        run.phases.clear()
        self.assertEqual(timeline.points(timeline.axis_of([run]), run,
                                         "rss")[-1], (3.0, 18 * MIB))

    def test_the_run_in_the_middle(self):
        self.assertEqual(timeline.typical(THREE[:3]).round, 3)


class Tables(unittest.TestCase):
    def grid(self, runs):
        return table.scenario_grid(
            figures.evaluate(a_report(runs), SCENARIO))

    def test_columns_are_aligned(self):
        lines = table.as_text(self.grid(THREE)).splitlines()
        at = lines[0].index("peak")
        self.assertEqual(len({len(line[:at + 4]) for line in lines}), 1)
        self.assertTrue(all(len(line) <= 100 for line in lines))
        self.assertIn("20.0*", lines[-2])

    def test_ours_to_the_best_of_the_others(self):
        last = self.grid(THREE).rows[-1]
        self.assertEqual(last[:3], ["zobj/best", "0.91", "1.33"])

    def test_live_is_not_known(self):
        grid = self.grid([a_run("glibc", 1, 20, 18, live=None),
                          a_run("zobj", 1, 30, 9, live=None)])
        self.assertEqual(grid.heads[1][1].split()[1], "xbest")
        self.assertEqual(grid.rows[1][1].split()[1], "1.50")

    def test_markdown_has_as_many_cells_in_each_line(self):
        lines = table.as_markdown(self.grid(THREE)).splitlines()
        self.assertEqual(len({line.count("|") for line in lines}), 1)


class Files(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = scratch.name

    def test_json_holds_everything(self):
        before = a_report(THREE)
        report.write_json(self.directory, before, {})
        self.assertEqual(report.read_json(self.directory), before)

    def test_other_json_is_refused(self):
        for text in ("{}", "nonsense"):
            with open(os.path.join(self.directory, "data.json"), "w") as f:
                f.write(text)
            with self.assertRaises(Trouble):
                report.read_json(self.directory)

    def test_csv_has_a_line_for_each_sample(self):
        report.write_csv(self.directory, a_report(THREE))
        with open(os.path.join(self.directory, "data.csv")) as f:
            lines = list(csv.DictReader(f))
        self.assertEqual(len(lines), 3 * len(THREE))
        self.assertEqual([line["phase"] for line in lines[:3]],
                         ["", "peak", "idle"])


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Progress(unittest.TestCase):
    def progress(self, to):
        shown = rounds.Progress([SCENARIO], [Allocator("glibc")], 3, to)
        shown.start("made-up", "glibc", 1, 3)
        shown.ended("made-up", 65.0)
        shown.start("made-up", "glibc", 2, 3)
        return to.getvalue()

    def test_a_terminal_gets_one_line_that_is_rewritten(self):
        first, second = self.progress(Terminal()).split("\r")[1:]
        self.assertIn("made-up  glibc  run 1 of 3", first)
        self.assertNotIn("left", first)
        self.assertIn("run 2 of 3", second)
        self.assertIn("2:10 left", second)

    def test_a_file_gets_a_line_per_scenario(self):
        self.assertEqual(len(self.progress(io.StringIO()).splitlines()), 1)


class Allocators(unittest.TestCase):
    def setUp(self):
        ours = types.SimpleNamespace(version="1", shims=[])
        self.finder = allocators.Finder(ours, None)
        self.finder.dirs = []

    def test_what_is_not_installed_is_named_with_its_package(self):
        for known in allocators.KNOWN:
            self.assertIn(f"(package {known.package})",
                          self.finder.find(known.name))

    def test_settings_follow_those_of_the_user(self):
        a = Allocator("jemalloc-bg", "/x.so", "", "background_thread:true")
        with unittest.mock.patch.dict(os.environ, MALLOC_CONF="narenas:1",
                                      LD_PRELOAD="/y.so"):
            self.assertEqual(a.variables(), [
                "LD_PRELOAD=/x.so:/y.so", "ZFRAG_PRELOAD=/x.so",
                "MALLOC_CONF=narenas:1,background_thread:true"])


class Scenarios(unittest.TestCase):
    def test_names_differ(self):
        names = [s.name for s in scenarios.TABLE]
        self.assertEqual(len(names), len(set(names)))

    def test_unknown_ones_are_named(self):
        with self.assertRaisesRegex(Trouble, "no scenario nonsense"):
            scenarios.by_name(["drop-50", "nonsense"])

    def test_what_is_missing_is_named_with_its_package(self):
        need = scenarios.Need("no-such-program", "its-package")
        lacks = scenarios.Scenario("x", "x", "", "", (), (), (need,))
        self.assertEqual(scenarios.missing(lacks, {}),
                         "no-such-program (package its-package)")

    def test_braces_of_a_command_stay(self):
        argv = ["awk", "{ print $1 }", "{seed}"]
        words = scenarios.of_command(argv).command
        self.assertEqual([w.format(seed=1) for w in words], argv)


if __name__ == "__main__":
    unittest.main()
