# SPDX-License-Identifier: BSD-2-Clause
"""One run of one load under one allocator.

zfrag-measure starts the load, says its process number, and at the end what
the kernel counted.  Meanwhile the load's process is sampled.  A load that
knows the protocol (protocol.py) says when a phase ends, and is measured
there while it waits.
"""

import contextlib
import dataclasses
import json
import os
import re
import select
import shutil
import signal
import statistics
import subprocess
import sys
import time

from . import procfs
from .allocators import file_hash
from .trouble import Trouble

PHASE_NAME = re.compile(r"[\w.+-]+", re.ASCII)


@dataclasses.dataclass
class Phase:
    """The end of a phase, measured while the program waited."""
    name: str
    mappings: int
    sample: procfs.Sample


@dataclasses.dataclass
class Run:
    scenario: str
    allocator: str
    round: int              # from 1; 0 and below: warm-up
    status: int             # exit status; minus the signal that ended it
    timed_out: bool
    wall: float             # seconds
    user: float
    sys: float
    peak_rss: int           # bytes; of the largest process of the run
    own: int                # bytes of the load's own tables, not in samples
    stdout_sha256: str
    last_words: str         # of standard error, if it failed
    phases: list
    samples: list

    @property
    def ok(self):
        return self.status == 0 and not self.timed_out

    @property
    def cpu(self):
        """Of the measured process up to its last phase, else of it all."""
        if self.phases:
            return self.phases[-1].sample.cpu
        return self.user + self.sys

    @property
    def mean_rss(self):
        """Over the samples."""
        return statistics.fmean([s.rss for s in self.samples] or [0])


@dataclasses.dataclass
class Job:
    """What does not change from run to run."""
    libexec: str            # where zfrag's programs are
    seed: int = 1
    scale: float = 1.0
    interval: float = 0.02  # seconds between samples
    stdin: str = os.devnull
    timeout: float = None
    keep: bool = False      # what the command printed
    directory: str = ""     # for that, and for scratch files

    def places(self):
        """What {names} in commands stand for, but for those of a run."""
        return {"python": sys.executable, "libexec": self.libexec,
                "package": os.path.dirname(os.path.abspath(__file__)),
                "seed": self.seed, "scale": self.scale}


class Watcher:
    """Samples a process, and listens to it."""

    def __init__(self, interval, ack, tick):
        self.interval, self.ack, self.tick = interval, ack, tick
        self.start = time.monotonic()
        self.due = self.start
        self.pid = None
        self.own, self.live = 0, None
        self.samples, self.phases = [], []
        self.rest = b""     # of a line

    def look(self):
        """Take a sample now; None if there is nothing to look at."""
        self.tick()
        now = time.monotonic()
        self.due = max(self.due + self.interval, now)
        sample = self.pid and procfs.take_sample(
            self.pid, now - self.start, self.own, self.live)
        if sample:
            self.samples.append(sample)
        return sample

    def hear(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace")
            try:
                self.obey(text.split())
            except ValueError:
                raise Trouble(f"the load said {text!r}") from None

    def obey(self, words):
        match words:
            case ["pid", number]:
                self.pid = int(number)
            case ["own", size]:
                self.own = int(size)
            case ["live", size]:
                self.live = int(size)
            case ["phase", name, size] if PHASE_NAME.fullmatch(name):
                self.live = None if size == "-" else int(size)
                self.end_phase(name)
            case _:
                raise ValueError

    def end_phase(self, name):
        sample = self.look()
        if sample:
            self.phases.append(
                Phase(name, procfs.count_mappings(self.pid), sample))
        with contextlib.suppress(BrokenPipeError):
            self.ack.write(b"\n")

    def wait(self):
        """Milliseconds to the next sample, for poll."""
        return max(0, (self.due - time.monotonic()) * 1000)


def follow(watcher, measure, protocol, deadline):
    """Watch until zfrag-measure has ended; its last record, or None: late."""
    poll = select.poll()
    poll.register(measure, select.POLLIN)
    said = b""
    while True:
        for fd, _ in poll.poll(watcher.wait()):
            data = os.read(fd, 1 << 16)
            if fd == protocol and data:
                watcher.hear(data)
            elif fd == protocol:        # closed by all that had it
                poll.unregister(fd)
            elif not data:
                records = [json.loads(r) for r in said.splitlines()]
                return records[-1] if records else {}
            else:
                said += data
            if watcher.pid is None and b"\n" in said:
                # Only now: what the load says is about this process.
                watcher.pid = json.loads(said.splitlines()[0])["pid"]
                poll.register(protocol, select.POLLIN)
        now = time.monotonic()
        if now >= watcher.due:
            watcher.look()
        if deadline is not None and now > deadline:
            return None


@contextlib.contextmanager
def session(argv, **how):
    """A process in a session of its own; nothing of that outlives this."""
    child = subprocess.Popen(argv, start_new_session=True, **how)
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def pipe(stack):
    """Two files that STACK closes, if nobody did before."""
    read, write = os.pipe()
    return (stack.enter_context(open(read, "rb", buffering=0)),
            stack.enter_context(open(write, "wb", buffering=0)))


def observe(job, allocator, argv, output, tick):
    """Run it; the watcher, and what zfrag-measure recorded."""
    with contextlib.ExitStack() as stack:
        measure, to_measure = pipe(stack)
        protocol, to_protocol = pipe(stack)
        from_ack, ack = pipe(stack)
        theirs = (to_measure, to_protocol, from_ack)
        command = [os.path.join(job.libexec, "zfrag-measure"),
                   str(to_measure.fileno()), *allocator.variables(),
                   f"ZFRAG_FD={to_protocol.fileno()}",
                   f"ZFRAG_ACK={from_ack.fileno()}", "--", *argv]
        stdin, stdout, stderr = [
            stack.enter_context(open(name, mode)) for name, mode in (
                (job.stdin, "rb"), (output + ".stdout", "wb"),
                (output + ".stderr", "wb"))]
        watcher = Watcher(job.interval, ack, tick)
        stack.enter_context(session(
            command, stdin=stdin, stdout=stdout, stderr=stderr,
            pass_fds=[f.fileno() for f in theirs]))
        for f in theirs:
            f.close()
        deadline = job.timeout and watcher.start + job.timeout
        return watcher, follow(watcher, measure.fileno(), protocol.fileno(),
                               deadline)


def last_line(path):
    with open(path, errors="replace") as f:
        lines = f.read().strip().splitlines()
    return lines[-1] if lines else ""


def run_once(job, scenario, allocator, number, tick):
    """The Run; TICK is called now and then meanwhile."""
    base = os.path.join(job.directory,
                        f"{scenario.name}.{allocator.name}.{number}")
    work = base + ".work"
    os.mkdir(work)
    words = job.places() | {"allocator": allocator.name, "work": work}
    argv = [word.format(**words) for word in scenario.command]
    try:
        watcher, record = observe(job, allocator, argv, base, tick)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if record is not None and "errno" in record:
        raise Trouble(f"{argv[0]}: {os.strerror(record['errno'])}")
    if record is not None and "status" not in record:
        raise Trouble(f"zfrag-measure failed: {last_line(base + '.stderr')}")
    run = make_run(scenario, allocator, number, watcher, record or {}, base)
    if not job.keep:
        os.unlink(base + ".stdout")
        os.unlink(base + ".stderr")
    return run


def make_run(scenario, allocator, number, watcher, record, base):
    def get(key):
        return record.get(key, 0)
    status = -get("signal") or get("status")
    return Run(scenario=scenario.name, allocator=allocator.name, round=number,
               status=status, timed_out=not record, wall=get("wall_ns") / 1e9,
               user=get("user_us") / 1e6, sys=get("sys_us") / 1e6,
               peak_rss=get("peak_rss_kib") * 1024, own=watcher.own,
               stdout_sha256=file_hash(base + ".stdout"),
               last_words=last_line(base + ".stderr") if status else "",
               phases=watcher.phases, samples=watcher.samples)
