#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every system call of the library fails once, and from then on.

    sweep.py                some calls at each place of lib/os.c
    sweep.py --all [--budget SECONDS] PROGRAM...
                            every call, and each place in the Check programs

A program is run with ZOBJ_OPTIONS=fail=N for N from 1 until it needs no more
calls, and likewise with fail=N+, and with each place of its own.  If that is
more than the budget of a program allows, half of it goes to the first calls
and half to others from there to the last, drawn at random.  No failure
may kill a program, stop it for ever or lose an object; the programs of this
room look after that themselves, say nothing, and use no more memory at their
end than without the failure.  An example may give up with a message.  Of a
Check program tests may fail, but not by a signal that we caused.

The table at the end says how often each place was reached, and made to fail.
One that never did makes the sweep fail.
"""

import argparse
import collections
import concurrent.futures
import os
import random
import re
import subprocess
import sys
import tempfile
import time

SRC = os.environ.get("ZOBJ_SRCDIR", ".")
BUILD = os.environ.get("ZOBJ_BUILDDIR", ".")
SHIM = os.environ.get("ZOBJ_SHIM", "")
TIMEOUT = 300
CHASES = 30     # runs, of each victim
BUDGET = 120    # seconds of one processor, for the calls of one program
ONCE, ONWARD = "once", "onward"
# Calls that os.c makes and that are not to be had as failures.
SURE = {"syscall(SYS_futex, word, FUTEX_WAKE", "sched_yield",
        "syscall(SYS_close"}

LINE = re.compile(r"^zobj: system calls: \d+ made, \d+ failed:(.*)$", re.M)
PLACE = re.compile(r" ([a-z-]+) (\d+)/(\d+)")
DEADLY = re.compile(r"Received signal (?!6 |11 )\d+|Test timeout expired|"
                    r"assertion failed")
OURS = re.compile(r"^zobj: (?!system calls|cannot open)", re.M)


class Subject:
    """A program, how it is run, and what it may do when a call fails."""

    def __init__(self, path, *args, options="", shim=False, places=None):
        self.path = os.path.join(BUILD, path)
        self.name = " ".join(
            [path] + [os.path.basename(a) for a in args] +
            ([options] if options else []))
        self.args = args
        self.options = options
        self.shim = shim
        self.places = places    # only these; None: all

    def exists(self):
        return os.path.exists(self.path) and (not self.shim or
                                              os.path.exists(SHIM))

    def arguments(self, _mode):
        return self.args

    def judge(self, done, _clean):
        """What is wrong with a run; None: nothing."""
        raise NotImplementedError


class Victim(Subject):
    """A program of this room: it knows what to expect."""

    def arguments(self, mode):
        return (mode,) if mode else ()

    def judge(self, done, clean):
        if done.code != 0:
            return f"exit code {done.code}"
        if OURS.search(done.err):
            return "a message"
        if (clean and done.mode == ONCE and done.out and not self.options and
                int(done.out) > int(clean.out)):
            return f"{done.out.strip()} units in use, not {clean.out.strip()}"
        return None


class Example(Subject):
    """Whatever it does, it ends, and says why."""

    def judge(self, done, _clean):
        if done.code not in (0, 1):
            return f"exit code {done.code}"
        if OURS.search(done.err):
            return "a message of ours"
        if done.code == 1 and not done.err:
            return "failed and did not say so"
        return None


class Check(Subject):
    """Its tests assert that things work: they may fail, honestly.

    A check in another thread aborts.  Tests of internals are done with bare
    hands: without memory they may fall over a NULL of their own.
    """

    def judge(self, done, _clean):
        if done.code not in (0, 1, 77):
            return f"exit code {done.code}"
        found = DEADLY.search(done.out + done.err)
        if found:
            return found.group()
        if "/unit/" not in self.path and "Received signal 11 " in done.out:
            return "Received signal 11"
        return None


class Run:
    """One run, and what the library said of it."""

    def __init__(self, subject, fail, mode):
        self.subject = subject
        self.fail = fail
        self.mode = mode
        self.made = collections.Counter()
        self.failed = collections.Counter()
        with tempfile.TemporaryDirectory() as scratch:
            calls = os.path.join(scratch, "calls")
            self.start(calls)
            said = self.err
            if os.path.exists(calls):
                with open(calls, encoding="utf-8") as f:
                    said += f.read()
        self.parse(said)

    def start(self, calls):
        options = ["fail=count", "output=" + calls]
        if self.fail:
            options.append("fail=" + self.fail)
        if self.subject.options:
            options.append(self.subject.options)
        env = dict(os.environ, ZOBJ_OPTIONS=";".join(options))
        if self.subject.shim:
            env["LD_PRELOAD"] = SHIM
        start = time.monotonic()
        try:
            done = subprocess.run(
                [self.subject.path, *self.subject.arguments(self.mode)],
                env=env, capture_output=True, timeout=TIMEOUT, check=False,
                stdin=subprocess.DEVNULL)
            self.code, out, err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as e:
            self.code, out, err = "timeout", e.stdout or b"", e.stderr or b""
        self.seconds = time.monotonic() - start
        self.out = out.decode(errors="replace")
        self.err = err.decode(errors="replace")

    def parse(self, said):
        """A program may be several processes: the most of each place."""
        for line in LINE.findall(said):
            for place, made, failed in PLACE.findall(line):
                self.made[place] = max(self.made[place], int(made))
                self.failed[place] = max(self.failed[place], int(failed))

    def wrong(self, clean=None):
        return self.subject.judge(self, clean)


class Sweep:
    """All runs, and what became of them."""

    def __init__(self, places, everything, budget, seed):
        self.places = places
        self.everything = everything
        self.budget = budget
        self.rng = random.Random(seed)
        self.reached = collections.Counter()
        self.failed = collections.Counter()
        self.runs = 0
        self.mistakes = []
        self.pool = concurrent.futures.ThreadPoolExecutor(
            os.cpu_count() if everything else 1)

    def note(self, run, clean=None):
        self.runs += 1
        self.reached.update(run.made)
        self.failed.update(run.failed)
        wrong = run.wrong(clean)
        if wrong:
            self.mistakes.append(run)
            print(f"{run.subject.name}, fail={run.fail}: {wrong}")
            print("".join("\t" + line + "\n" for line in
                          (run.out + run.err).splitlines()[-8:]),
                  end="", flush=True)

    @staticmethod
    def some(count):
        """A few of COUNT calls."""
        return sorted({1, 2, count} & set(range(1, count + 1)))

    def affordable(self, count, seconds):
        """As many of COUNT calls as the budget allows, two runs each."""
        most = max(int(self.budget / seconds / 2), 2)
        if count <= most:
            return range(1, count + 1)
        first = range(1, most // 2 + 1)
        rest = range(most // 2 + 1, count + 1)
        return [*first, *sorted(self.rng.sample(rest, most - len(first)))]

    def by_place(self, subject, clean):
        for place in sorted(subject.places or clean.made):
            count = clean.made[place]
            if isinstance(subject, Check):
                count = min(count, 1)
            for n in self.some(count):
                yield f"{n}@{place}", ONCE
            yield f"1+@{place}", ONWARD
            if count > 2 and self.everything:
                yield f"{count // 2}+@{place}", ONWARD

    @staticmethod
    def by_number(chosen):
        for n in chosen:
            yield f"{n}", ONCE
            yield f"{n}+", ONWARD

    def run_all(self, subject, clean, cases):
        """Of each, in order; how many calls failed in the last one."""
        last = 0
        for run in self.pool.map(lambda c: Run(subject, *c), list(cases)):
            self.note(run, clean)
            last = sum(run.failed.values())
        return last

    def run_on(self, subject, clean, n):
        """A failure may make more calls necessary: these fail too."""
        while self.run_all(subject, clean, [(f"{n}", ONCE)]):
            n += 1

    def sweep(self, subject):
        clean = Run(subject, "", "")
        self.note(clean)
        if clean.wrong():
            return
        before = self.runs
        count = sum(clean.made.values())
        chosen = []
        self.run_all(subject, clean, self.by_place(subject, clean))
        if not subject.places:
            chosen = (self.affordable(count, clean.seconds)
                      if self.everything else self.some(count))
            self.run_all(subject, clean, self.by_number(chosen))
            if len(chosen) == count or not self.everything:
                self.run_on(subject, clean, count)
        print(f"{subject.name}: {len(chosen)} of {count} calls, "
              f"{len(clean.made)} places, {self.runs - before} runs",
              flush=True)

    def chase(self, subjects):
        """Places that are reached only if the system happens to want it."""
        for place in self.places:
            for subject in subjects * CHASES:
                if self.failed[place]:
                    break
                self.note(Run(subject, f"1+@{place}", ONWARD))

    def table(self):
        print(f"\n{'place':18} {'reached':>9} {'failed':>9}")
        for place in self.places:
            print(f"{place:18} {self.reached[place]:9} "
                  f"{self.failed[place]:9}")
        never = [p for p in self.places if not self.failed[p]]
        print(f"{self.runs} runs, {len(self.mistakes)} went wrong")
        if never:
            print("never failed: " + ", ".join(never))
        return not never


def read(path):
    with open(os.path.join(SRC, path), encoding="utf-8") as f:
        return f.read()


def places_of_source():
    """Names by place; each is used once in os.c, and nothing goes past it."""
    names = dict(re.findall(r'\[(FAULT_\w+)\] = \{ "([a-z-]+)"',
                            read("lib/fault.c")))
    source = read("lib/os.c")
    used = re.findall(r"TRY\((FAULT_\w+),", source)
    if sorted(used) != sorted(names):
        sys.exit(f"places of fault.c and os.c differ: "
                 f"{set(used) ^ set(names) or 'one is used twice'}")
    past = [call for call in re.findall(r"\bRESULT\(([^;]*)", source)
            if not call.startswith("call")]
    if len(past) != len(SURE) or not all(
            any(call.startswith(sure) for sure in SURE) for call in past):
        sys.exit(f"os.c: calls that cannot be made to fail: {past}")
    return list(names.values())


def subjects(programs):
    yield Victim("test/fault/zones")
    yield Victim("test/fault/zones", options="helper=1", places=["sleep"])
    yield Victim("test/fault/zones", options="pressure=90",
                 places=["open-read", "read"])
    yield Victim("test/fault/zones", options="arena=4M",
                 places=["reserve", "trim-above", "trim-below"])
    yield Victim("test/fault/blocks", shim=True)
    yield Victim("test/fault/blocks", shim=True, options="fail=1+@move-to",
                 places=["map-anew", "move-unmap", "present"])
    yield Example("examples/hello")
    yield Example("examples/namecache", "-r", "1",
                  os.path.join(os.path.realpath(SRC), "include"))
    for program in programs:
        yield Check(program)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--budget", type=float, default=BUDGET)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("programs", nargs="*")
    args = parser.parse_args()
    sweep = Sweep(places_of_source(), args.all, args.budget, args.seed)
    print(f"seed {args.seed}")
    here = [s for s in subjects(args.programs) if s.exists()]
    for subject in here:
        sweep.sweep(subject)
    sweep.chase([s for s in here if isinstance(s, Victim)])
    complete = sweep.table()
    if not os.path.exists(SHIM):
        print("no shim: not every place can be reached")
        complete = True
    return 0 if complete and not sweep.mistakes else 1


if __name__ == "__main__":
    sys.exit(main())
