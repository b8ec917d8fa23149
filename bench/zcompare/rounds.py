# SPDX-License-Identifier: BSD-2-Clause
"""All runs, the allocators taking turns, with progress.

The order rotates from round to round, so that what else the machine does,
and what a run leaves behind for the next one, hits all allocators alike.
"""

import sys
import time

from zfrag.rounds import clock

from .measure import Failed
from .record import Row


class Progress:
    """On a terminal a line that is rewritten; elsewhere one per round."""

    def __init__(self, rounds, total, to=sys.stderr):
        self.to, self.tty = to, to.isatty()
        self.rounds, self.total, self.done = rounds, total, 0
        self.began, self.round = time.monotonic(), 0

    def left(self):
        if not self.done:
            return ""
        each = (time.monotonic() - self.began) / self.done
        return f", {clock(each * (self.total - self.done))} left"

    def start(self, number, text):
        """A run begins."""
        start = f"compare: round {number} of {self.rounds}"
        if self.tty:
            self.to.write(f"\r\033[K{start}: {text}{self.left()}")
        elif number != self.round:
            print(f"{start}{self.left()}", file=self.to)
        self.to.flush()
        self.round = number
        self.done += 1

    def clear(self):
        if self.tty:
            self.to.write("\r\033[K")
            self.to.flush()


def turns(allocators, number):
    """The order in which they run in round NUMBER, from 0."""
    turn = number % len(allocators)
    return allocators[turn:] + allocators[:turn]


def run_round(number, jobs, allocators, rows, measure, progress):
    for job, row in zip(jobs, rows):
        for a in turns(allocators, number):
            if not a.runs(job.sources) or a.name in row.failed:
                continue
            progress.start(number + 1, f"{job.name} ({a.name})")
            try:
                row.samples[a.name].append(job.run(measure, a))
            except Failed as e:
                row.failed[a.name] = str(e)


def run_all(jobs, allocators, rounds, measure, progress=None):
    """Rows, and how many rounds are complete: the user may interrupt."""
    rows = [Row(job.name, job.unit, {a.name: [] for a in allocators
                                     if a.runs(job.sources)})
            for job in jobs]
    progress = progress or Progress(
        rounds, rounds * sum(len(r.samples) for r in rows))
    complete = 0
    try:
        for number in range(rounds):
            run_round(number, jobs, allocators, rows, measure, progress)
            complete += 1
    except KeyboardInterrupt:
        if not complete:
            raise
    finally:
        progress.clear()
    for row in rows:
        row.samples = {name: samples[:complete]
                       for name, samples in row.samples.items()
                       if name not in row.failed}
    return rows, complete
