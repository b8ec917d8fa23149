# SPDX-License-Identifier: BSD-2-Clause
"""One run under one allocator: time, and the peak of resident memory.

zfrag-measure starts what is measured and says what the kernel counted for it
and for the children that it has waited for; see there why not from here.  It
sets LD_PRELOAD for the program alone.
"""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import tempfile

from zfrag.allocators import file_hash
from zfrag.trouble import Trouble

from . import allocators, programs
from .record import Sample
from .rows import plain_name


class Failed(Exception):
    """A run ended with an error, or with a wrong result."""


def last_words(text):
    lines = text.strip().splitlines()
    return lines[-1][-200:] if lines else "it said nothing"


@contextlib.contextmanager
def started(argv, **how):
    """A process in a session of its own, which ends with this block."""
    child = subprocess.Popen(argv, start_new_session=True,
                             stdin=subprocess.DEVNULL, **how)
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


class Measure:
    """Starts zfrag-measure."""

    def __init__(self, path):
        self.path = path

    def command(self, fd, preload, argv):
        variables = [f"LD_PRELOAD={preload}"] if preload else []
        return [self.path, str(fd), *variables, "--", *argv]

    def run(self, argv, preload, meanwhile=None, **how):
        """What zfrag-measure recorded; MEANWHILE is called with a function
        that says whether it still runs."""
        with contextlib.ExitStack() as stack:
            read, write = (stack.enter_context(open(fd, mode, buffering=0))
                           for fd, mode in zip(os.pipe(), ("rb", "wb")))
            child = stack.enter_context(started(
                self.command(write.fileno(), preload, argv),
                pass_fds=[write.fileno()], **how))
            write.close()
            if meanwhile:
                meanwhile(lambda: child.poll() is None)
            child.wait()
            records = [json.loads(line) for line in read.read().splitlines()]
        if not records or "status" not in records[-1]:
            raise Trouble(f"{argv[0]} cannot be run")
        return records[-1]


def check_status(record, stderr):
    if record["signal"]:
        raise Failed(f"signal {record['signal']}: {last_words(stderr)}")
    if record["status"]:
        raise Failed(f"exit status {record['status']}: {last_words(stderr)}")


# ---- rows of zbench ----

def sample_of(result, record):
    """Nanoseconds per operation, and bytes."""
    ops, times = result["ops"], result["iterations"]
    return Sample(
        cpu=(result["cpu_time"] * times + result.get("children", 0)) / ops,
        wall=result["real_time"] * times / ops,
        rss=record["peak_rss_kib"] * 1024)


class RowJob:
    """A row of zbench."""

    unit = "ns"

    def __init__(self, name, sources, zbench, scale):
        self.name, self.sources = name, sources
        self.zbench, self.scale = zbench, scale

    def prepare(self):
        pass

    def run(self, measure, allocator):
        name = f"{allocator.source}/{self.name}"
        with tempfile.TemporaryFile("w+") as out, \
             tempfile.TemporaryFile("w+") as err:
            record = measure.run(
                [self.zbench, f"--scale={self.scale}",
                 "--benchmark_format=json",
                 f"--benchmark_filter=^{name}(/|$)"],
                allocator.path, stdout=out, stderr=err,
                env=allocators.clean_environment())
            out.seek(0)
            err.seek(0)
            check_status(record, err.read())
            result, = (b for b in json.load(out)["benchmarks"]
                       if plain_name(b["name"]) == name)
        return sample_of(result, record)


# ---- whole programs ----

class ProgramJob:
    """A program with its job; all runs must come to the same result."""

    unit = "s"
    sources = ("malloc",)

    def __init__(self, program, directory):
        self.program, self.directory = program, directory
        self.name, self.result = program.name, None

    def prepare(self):
        if self.program.prepare:
            self.program.prepare(self.directory)

    def result_of(self, stdout):
        p = self.program
        if p.checked:
            return "as it should be"
        if p.after:
            done = subprocess.run(
                [programs.which(p.after[0]), *p.after[1:]],
                env=p.environment(), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            return hashlib.sha256(done.stdout).hexdigest()
        return file_hash(p.output or stdout)

    def check(self, result):
        if self.result is None:
            self.result = result
        if result != self.result:
            raise Failed("its result is not that of the runs before")

    def run(self, measure, allocator):
        p = self.program
        # The C library's by name: a program may be linked with another one.
        preload = allocator.path or "libc.so.6"
        with tempfile.TemporaryDirectory(prefix="compare.") as work, \
             contextlib.chdir(work):
            if p.before:
                p.before(self.directory)
            with open("stdout", "wb") as out, open("stderr", "wb") as err:
                record = measure.run(
                    p.command(self.directory), preload, stdout=out,
                    stderr=err, env=p.environment(),
                    meanwhile=p.drive and (
                        lambda alive: p.drive(alive, p.environment())))
            with open("stderr", errors="replace") as err:
                check_status(record, err.read())
            self.check(self.result_of("stdout"))
        return Sample(cpu=(record["user_us"] + record["sys_us"]) / 1e6,
                      wall=record["wall_ns"] / 1e9,
                      rss=record["peak_rss_kib"] * 1024)
