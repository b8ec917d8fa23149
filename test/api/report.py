#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reads what zone_report writes as a program would: JSON with a parser, and
the reports that ZOBJ_OPTIONS asks for at the end of a process."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.join(os.environ.get("ZOBJ_BUILDDIR", "."),
                       "test/api/reporter")
MEMBERS = {
    "name", "size", "stride", "live", "peak", "capacity", "cached", "limit",
    "fails", "slabs", "bytes_mapped", "bytes_resident", "bytes_meta"}
RESIDENT = {"bytes_live", "bytes_cached", "bytes_shared", "bytes_held",
            "bytes_slack"}
ABSENT = {"bytes_given", "bytes_untouched"}
OTHERS = {"depot", "free-runs", "lost", "threads", "descriptors"}
LIVE = {
    "plain": 1000, "empty": 0, "limited": 6, "large": 3,
    "quote\" backslash\\ and\ttab": 1, "\u00fcml\u00e4ut": 2,
    "123456789012345678901234567890\ufffd": 3}


def run(*args, options=""):
    """The program's standard output, standard error and exit code."""
    env = dict(os.environ, ZOBJ_OPTIONS=options)
    done = subprocess.run([PROGRAM, *args], env=env, capture_output=True,
                          check=False)
    return done.stdout, done.stderr, done.returncode


def parse(text):
    """Zones by name; fails on anything that is not JSON in UTF-8."""
    report = json.loads(text.decode("utf-8"))
    zones = {zone["name"]: zone for zone in report["zones"]}
    assert len(zones) == len(report["zones"]), "a name stands there twice"
    return zones


class Json(unittest.TestCase):
    def setUp(self):
        out, err, code = run("json")
        self.assertEqual((err, code), (b"", 0))
        self.zones = parse(out)
        self.report = json.loads(out)

    def test_members(self):
        for zone in self.zones.values():
            members = MEMBERS | RESIDENT | ABSENT
            self.assertLessEqual(members, set(zone))
            for member in members - {"name"}:
                self.assertIsInstance(zone[member], int)

    def test_names_and_live_objects(self):
        for name, live in LIVE.items():
            self.assertEqual(self.zones[name]["live"], live, name)

    def test_sums(self):
        for zone in self.zones.values():
            parts = sum(zone["slabs_" + part] for part in
                        ("owned", "busy", "partial", "free"))
            self.assertEqual(zone["slabs"], parts)
            self.assertLessEqual(zone["live"], zone["peak"])
            self.assertLessEqual(zone["live"], zone["capacity"])
            resident = sum(zone[part] for part in RESIDENT)
            self.assertEqual(zone["bytes_resident"], resident)
            absent = sum(zone[part] for part in ABSENT)
            self.assertEqual(zone["bytes_mapped"], resident + absent)

    def test_explains_what_is_resident(self):
        others = {other["name"]: other for other in self.report["others"]}
        self.assertEqual(set(others), OTHERS)
        self.assertGreater(others["threads"]["count"], 0)
        parts = self.report["zones"] + self.report["others"]
        explained = sum(part["bytes_resident"] for part in parts)
        self.assertEqual(self.report["bytes_explained"], explained)
        self.assertAlmostEqual(self.report["bytes_resident"], explained,
                               delta=explained / 20)

    def test_figures(self):
        limited = self.zones["limited"]
        self.assertEqual((limited["size"], limited["stride"]), (24, 24))
        self.assertEqual((limited["limit"], limited["fails"]), (7, 0))
        self.assertEqual(self.zones["large"]["bytes_mapped"] % 65536, 0)
        self.assertEqual(self.zones["empty"]["slabs"], 0)


class AtExit(unittest.TestCase):
    def test_nothing_by_default(self):
        self.assertEqual(run(), (b"", b"", 0))

    def test_json(self):
        out, err, code = run(options="stats=json")
        self.assertEqual((out, code), (b"", 0))
        self.assertEqual(parse(err)["plain"]["live"], 1000)

    def test_text(self):
        out, err, code = run(options="stats=text;check=1")
        self.assertEqual((out, code), (b"", 0))
        lines = err.decode(errors="replace").splitlines()
        self.assertTrue(lines[0].startswith("zone "))
        self.assertTrue(lines[-2].startswith("total "))
        self.assertRegex(lines[-1], r"^explained \d+ of \d+ KiB resident ")
        self.assertEqual(len([x for x in lines if x.startswith("plain ")]), 1)

    def test_text_is_that_of_zone_report(self):
        self.assertEqual(run(options="stats=text")[1], run("text")[0])

    def test_limit_and_keep(self):
        out, err, code = run("json", options="limit=pl*n:10;limit=x*:1")
        self.assertEqual(code, 0)
        self.assertEqual(err.count(b"plain is full"), 990)
        plain = parse(out)["plain"]
        self.assertEqual((plain["live"], plain["limit"]), (10, 10))
        self.assertEqual(plain["fails"], 990)

    def test_arena(self):
        for size in ("1", "64K", "3M", "100G", "64T"):
            out, err, code = run("json", options="arena=" + size)
            self.assertEqual((err, code), (b"", 0))
            self.assertEqual(parse(out)["plain"]["live"], 1000)

    def test_messages(self):
        _, err, code = run(options="x=1;abort=5")
        self.assertEqual(code, 0)
        self.assertEqual(
            err, b'zobj: ZOBJ_OPTIONS: unknown option "x"\n'
            b'zobj: ZOBJ_OPTIONS: bad value "5" for option "abort"\n')


class Output(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_appended(self):
        options = "stats=json;output=" + self.path("zones")
        for _ in range(3):
            self.assertEqual(run(options=options), (b"", b"", 0))
        self.assertEqual(self.read("zones").count(b'{"zones":['), 3)

    def test_process_id(self):
        options = "stats=json;output=" + self.path("zones.%p")
        for _ in range(3):
            self.assertEqual(run(options=options), (b"", b"", 0))
        names = os.listdir(self.dir.name)
        self.assertEqual(len(names), 3)
        for name in names:
            self.assertTrue(name[len("zones."):].isdigit())
            self.assertEqual(parse(self.read(name))["plain"]["live"], 1000)

    def test_without_stats(self):
        run(options="output=" + self.path("zones"))
        self.assertEqual(os.listdir(self.dir.name), [])

    def test_cannot_be_opened(self):
        options = "stats=text;output=" + self.path("no/such/directory")
        out, err, code = run(options=options)
        self.assertEqual((out, code), (b"", 0))
        self.assertIn(b"\ntotal ", err)


if __name__ == "__main__":
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f"{PROGRAM} is not there")
    unittest.main()
