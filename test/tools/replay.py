#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""zfrag-replay: what it says of a trace is so, and what is no trace, or is
damaged, ends with a message.

TEST_SEED in the environment repeats the mutations of an earlier run, and
ZOBJ_TEST_LONG makes more of them.
"""

import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import unittest

from traces import HEADER, RECORDED, REPLAY, Trace, record

SECONDS = 60 if os.environ.get("ZOBJ_TEST_LONG") else 3
SEED = int(os.environ.get("TEST_SEED", random.randrange(1 << 32)))
SHIM = os.environ.get("ZOBJ_SHIM", "")


def limit_memory():
    """A mutation may ask for a lot; nobody else shall suffer."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def replay(path, *options, **how):
    return subprocess.run([REPLAY, *options, path], capture_output=True,
                          text=True, errors="replace", **how)


def phases(path, *options, preload=""):
    """{name: live} as the harness hears them."""
    (said, say), (heard, answer) = os.pipe(), os.pipe()
    os.write(answer, b"\n" * 100)
    env = dict(os.environ, ZFRAG_FD=str(say), ZFRAG_ACK=str(heard),
               LD_PRELOAD=preload)
    done = replay(path, *options, env=env, pass_fds=(say, heard))
    for fd in (say, heard, answer):
        os.close(fd)
    with open(said, encoding="ascii") as f:
        lines = f.read().splitlines()
    assert done.returncode == 0, done.stderr
    return {name: int(live) for name, live in re.findall(
        r"^phase (\S+) (\d+)$", "\n".join(lines), re.MULTILINE)}


class Replay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.paths = {mode: os.path.join(cls.directory.name, mode)
                     for mode in ("calls", "threads", "_exits")}
        for mode, path in cls.paths.items():
            record(path, RECORDED, mode)

    def file(self, data):
        path = os.path.join(self.directory.name, "mutant")
        with open(path, "wb") as f:
            f.write(data)
        return path

    def test_live(self):
        for path in self.paths.values():
            trace = Trace(path)
            for options, preload in (((), ""), (("--threads",), ""),
                                     ((), SHIM), (("--threads",), SHIM)):
                found = phases(path, "--idle=0", *options, preload=preload)
                self.assertEqual(found["peak"], trace.peak_bytes)
                self.assertEqual(found["end"], trace.live_bytes)

    def test_idle(self):
        found = phases(self.paths["calls"], "--idle=1")
        self.assertEqual(list(found)[-2:], ["end", "idle"])
        self.assertEqual(found["end"], found["idle"])

    def test_info(self):
        for path in self.paths.values():
            trace, done = Trace(path), replay(path, "--info")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"peak live   {trace.peak_bytes} bytes",
                          done.stdout)
            threads = len({e.thread for e in trace.events})
            self.assertIn(f"threads     {threads}\n", done.stdout)
            for kind, name in (("ALLOC", "malloc"), ("ZEROED", "calloc"),
                               ("ALIGNED", "aligned"), ("RESIZE", "realloc"),
                               ("FREE", "free")):
                count = sum(e.kind == kind for e in trace.events)
                self.assertIn(f" {count} {name}", done.stdout)

    def test_speed(self):
        """A trace of half a second, and a bit."""
        path = os.path.join(self.directory.name, "slow")
        record(path, "sh", "-c", "exec sleep 0.5")
        for speed, least in (("asap", 0), ("2", 0.25), ("recorded", 0.5)):
            start = time.monotonic()
            done = replay(path, "--speed", speed, "--idle=0")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertGreater(time.monotonic() - start, least)
        self.assertEqual(replay(path, "--speed", "fast").returncode, 1)

    def test_no_trace(self):
        for data in (b"", b"\0" * 4096, b"something else " * 100):
            done = replay(self.file(data))
            self.assertEqual(done.returncode, 1)
            self.assertIn("not a trace", done.stderr)

    def test_other_version(self):
        with open(self.paths["calls"], "rb") as f:
            data = bytearray(f.read())
        data[8] += 1
        done = replay(self.file(data))
        self.assertEqual(done.returncode, 1)
        self.assertIn("version 2", done.stderr)

    def test_too_large(self):
        """More than any machine has is refused before it is touched."""
        with open(self.paths["calls"], "rb") as f:
            data = f.read()[:HEADER.size]
        huge = b"\xf9" + b"\xff" * 7 + b"\x07"      # ALLOC of 2**57
        done = replay(self.file(data + huge))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "needs .* MiB")

    def check_mutant(self, data, how):
        """It is replayed, or there is a message; nothing else."""
        done = replay(self.file(data), *how, preexec_fn=limit_memory,
                      timeout=60)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        if done.returncode == 1:
            self.assertRegex(done.stderr, "^zfrag-replay: ")

    def test_truncated(self):
        with open(self.paths["calls"], "rb") as f:
            data = f.read().rstrip(b"\0")
        for size in range(0, len(data), 7):
            self.check_mutant(data[:size], ("--info",))

    def test_mutations(self):
        print("TEST_SEED =", SEED)
        rng, end, count = random.Random(SEED), time.monotonic() + SECONDS, 0
        with open(self.paths["calls"], "rb") as f:
            original = f.read().rstrip(b"\0")
        while time.monotonic() < end:
            data = bytearray(original)
            for _ in range(rng.randint(1, 8)):
                at = rng.randrange(len(data))
                data[at] = rng.randrange(256)
            how = rng.choice((("--info",), ("--idle=0",),
                              ("--idle=0", "--threads")))
            self.check_mutant(data, how)
            count += 1
        print(count, "mutations")


if __name__ == "__main__":
    if not os.path.exists(RECORDED):
        print("skipped: no shim")
        sys.exit(77)
    unittest.main()
