#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""zfrag as users call it: commands, scenarios, mistakes, files.

What is measured is looked at only as far as it cannot depend on how busy the
machine is.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ZFRAG = os.path.join(os.environ.get("ZOBJ_BUILDDIR", "."),
                     "tools/zfrag/zfrag")
SHIM = os.environ.get("ZOBJ_SHIM", "")
PICTURES = shutil.which("gnuplot") and importlib.util.find_spec("jinja2")
SMALL = ["--runs", "2", "--scale", "0.01"]
BOTH = ["--allocators", "glibc,zobj", "--lib", SHIM]


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = scratch.name

    def zfrag(self, *args, **env):
        # Our interpreter may lie elsewhere than the first one on PATH.
        return subprocess.run(
            [sys.executable, ZFRAG, *args], env=dict(os.environ, **env),
            cwd=self.directory, capture_output=True, text=True, check=False)

    def written(self):
        with open(self.directory + "/out/data.json") as f:
            return json.load(f)


class Scenarios(Case):
    """One report, looked at from all sides."""

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.report = scratch.name
        cls.done = subprocess.run(
            [sys.executable, ZFRAG, "--scenario", "one-in-20-1024", *SMALL,
             *BOTH, "--output", cls.report], capture_output=True, text=True,
            check=False)
        with open(cls.report + "/data.json") as f:
            cls.data = json.load(f)

    def test_table_and_files(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        for word in ("one-in-20-1024", "peak", "freed", "idle", "glibc",
                     "zobj", "xlive", "versus"):
            self.assertIn(word, self.done.stdout)
        self.assertNotIn("\r", self.done.stderr)    # it is not a terminal
        self.assertIn(self.report, self.done.stderr)
        wanted = ["data.csv", "data.json"]
        if PICTURES:
            wanted += ["report.html", "report.png"]
        self.assertEqual(sorted(os.listdir(self.report)), wanted)

    def test_runs_alternate(self):
        self.assertEqual([(r["allocator"], r["round"])
                          for r in self.data["runs"]],
                         [("glibc", 1), ("zobj", 1), ("zobj", 2),
                          ("glibc", 2)])

    def test_runs_are_sampled(self):
        for r in self.data["runs"]:
            self.assertEqual([p["name"] for p in r["phases"]],
                             ["peak", "freed", "idle"])
            for p in r["phases"]:
                at = dict(zip(self.data["columns"], p["sample"]))
                self.assertIn(p["sample"], r["samples"])
                self.assertGreater(at["rss"], at["live"] // 2)
                self.assertGreater(p["mappings"], 5)

    def test_there_are_samples_between_the_phases(self):
        # Each run idles for a second; how many samples, the machine decides.
        self.assertGreater(sum(len(r["samples"]) - len(r["phases"])
                               for r in self.data["runs"]), 0)

    def test_own_tables_are_told(self):
        self.assertTrue(all(r["own"] > 0 for r in self.data["runs"]))

    def test_live_is_the_same_under_all(self):
        at = self.data["columns"].index("live")
        seen = {tuple(p["sample"][at] for p in r["phases"])
                for r in self.data["runs"]}
        self.assertEqual(len(seen), 1)

    def test_a_report_can_be_shown_again(self):
        again = self.zfrag("--from", self.report)
        self.assertEqual(again.stdout, self.done.stdout)
        markdown = self.zfrag("--from", self.report, "--markdown")
        self.assertIn("| glibc |", markdown.stdout)
        self.assertIn("    zfrag --scenario one-in-20-1024 --runs 2",
                      markdown.stdout)

    @unittest.skipUnless(PICTURES, "gnuplot or jinja2 is not installed")
    def test_the_page_needs_nothing_else(self):
        with open(self.report + "/report.html") as f:
            page = f.read()
        for word in ("<svg", "one-in-20-1024", "glibc", "live", "MiB",
                     "prefers-color-scheme"):
            self.assertIn(word, page)
        for reference in (" src=", "<link", "@import", "<script"):
            self.assertNotIn(reference, page)

    def test_without_gnuplot_the_rest_comes(self):
        os.mkdir(self.directory + "/empty")
        again = self.zfrag("--from", self.report, "--output", "two",
                           PATH=self.directory + "/empty")
        self.assertEqual(again.stdout, self.done.stdout)
        self.assertIn("package gnuplot-nox", again.stderr)
        self.assertIn("data.csv", os.listdir(self.directory + "/two"))

    def test_scenarios_write_to_a_new_directory(self):
        self.zfrag("--scenario", "one-in-20-1024", "-n", "1", "--scale",
                   "0.01", "-a", "glibc")
        made = os.listdir(self.directory)
        self.assertEqual(len(made), 1)
        self.assertTrue(made[0].startswith("zfrag-"))


class Commands(Case):
    def test_a_command(self):
        done = self.zfrag("-n", "2", *BOTH, "--output", "out", "--", "sleep",
                          "0.5")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("peak RSS", done.stdout)
        for r in self.written()["runs"]:
            self.assertEqual((r["status"], r["phases"]), (0, []))
            self.assertGreater(r["peak_rss"], 0)
        self.assertTrue(any(r["samples"] for r in self.written()["runs"]))

    def test_the_allocator_is_loaded(self):
        shell = 'case $LD_PRELOAD in *libzobj-malloc*) exit 1; esac'
        done = self.zfrag("-n", "1", "-w", "0", *BOTH, "sh", "-c", shell)
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAILED: zobj: exit status 1", done.stdout)

    def test_last_words(self):
        done = self.zfrag(
            "-n", "1", "-w", "0", *BOTH, "sh", "-c",
            '[ -z "$LD_PRELOAD" ] || { echo alas >&2; exit 5; }')
        self.assertIn("exit status 5 in 1 of 1 runs: alas", done.stdout)

    def test_another_output(self):
        done = self.zfrag("-n", "1", "-w", "0", *BOTH, "sh", "-c",
                          'echo "$LD_PRELOAD"')
        self.assertEqual(done.returncode, 1)
        self.assertIn("DIFFERENT: zobj", done.stdout)

    def test_out_of_time(self):
        done = self.zfrag("-n", "1", "-w", "0", "-a", "glibc", "--timeout",
                          "0.2", "sleep", "60")
        self.assertEqual(done.returncode, 1)
        self.assertIn("out of time", done.stdout)

    def test_interrupted(self):
        shell = ('[ -e once ] || exec touch once; '
                 'read -r _ _ _ zfrag _ < /proc/$PPID/stat; '
                 'kill -INT "$zfrag"; sleep 60')
        done = self.zfrag("-n", "2", "-w", "0", "-a", "glibc", "-o", "out",
                          "sh", "-c", shell)
        self.assertEqual(done.returncode, 130, done.stderr)
        self.assertIn("only complete rounds are counted", done.stdout)
        self.assertEqual(len(self.written()["runs"]), 1)

    def test_nothing_is_written_unless_asked_for(self):
        self.zfrag("-n", "1", "-a", "glibc", "true")
        self.assertEqual(os.listdir(self.directory), [])

    def test_a_library_of_ones_own(self):
        done = self.zfrag("-n", "1", "-a", f"glibc,mine={SHIM}", "true")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("mine", done.stdout)

    def test_a_command_may_speak_the_protocol(self):
        shell = ('echo "phase half 1000" >&$ZFRAG_FD; '
                 'head -c 1 <&$ZFRAG_ACK')
        done = self.zfrag("-n", "1", "-a", "glibc", "-o", "out", "sh", "-c",
                          shell)
        self.assertEqual(done.returncode, 0, done.stderr)
        phases = self.written()["runs"][0]["phases"]
        self.assertEqual([p["name"] for p in phases], ["half"])


class Mistakes(Case):
    def refused(self, *args):
        done = self.zfrag(*args)
        self.assertEqual(done.returncode, 2, args)
        self.assertEqual(done.stdout, "")
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(os.listdir(self.directory), [])
        return done.stderr

    def test_nothing_to_do(self):
        self.refused()
        self.refused("--scenario", "swing", "true")

    def test_numbers(self):
        for option in ("--runs=0", "--scale=0", "--interval=0", "--seed=x"):
            self.refused(option, "true")

    def test_names(self):
        self.assertIn("no scenario", self.refused("-s", "nonsense"))
        self.assertIn("unknown", self.refused("-a", "nonsense", "true"))
        self.assertIn("not found", self.refused("no-such-command"))
        self.assertIn("twice", self.refused("-a", "glibc,glibc", "true"))
        self.assertIn("no such file",
                      self.refused("-a", "x=/no/such/file", "true"))
        self.assertIn("No such file", self.refused("--from", "nowhere"))

    def test_a_command_that_talks_nonsense(self):
        for said in ("nonsense", "live much", "phase '`id`' 0"):
            self.assertIn("the load said", self.zfrag(
                "-n", "1", "-a", "glibc", "sh", "-c",
                f"echo {said} >&$ZFRAG_FD; sleep 10").stderr)

    def test_the_list(self):
        done = self.zfrag("--list", "--lib", SHIM)
        self.assertEqual(done.returncode, 0, done.stderr)
        for word in ("drop-95", "server", "glibc", "zobj"):
            self.assertIn(word, done.stdout)


if __name__ == "__main__":
    if not os.path.exists(SHIM):
        print("there is no shim in this build")
        sys.exit(77)
    unittest.main()
