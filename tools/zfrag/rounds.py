# SPDX-License-Identifier: BSD-2-Clause
"""All runs of a scenario, the allocators taking turns, with progress."""

import statistics
import sys
import time

from . import runner


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Progress:
    """What runs, and how long the rest will take.

    One line that is rewritten on a terminal; elsewhere one line per scenario.
    """

    def __init__(self, scenarios, allocators, rounds, to=sys.stderr):
        self.to, self.tty = to, to.isatty()
        self.each = len(allocators) * rounds
        self.left = {s.name: self.each for s in scenarios}
        self.spent = {s.name: [] for s in scenarios}
        self.began = time.monotonic()
        self.what, self.shown = "", None    # now, and when it was shown

    def estimate(self):
        """Seconds left, or None before the first run has ended."""
        known = [t for times in self.spent.values() for t in times]
        if not known:
            return None
        usual = statistics.mean(known)
        return sum(n * (statistics.mean(self.spent[s]) if self.spent[s]
                        else usual) for s, n in self.left.items())

    def start(self, scenario, allocator, number, of):
        """A run begins."""
        run = f"run {number} of {of}" if number > 0 else "warm-up"
        self.what = f"{scenario}  {allocator}  {run}"
        if self.tty:
            self.shown = None
            self.tick()
        elif self.left[scenario] == self.each:
            print(f"zfrag: {scenario}, runs to do: {self.each}",
                  file=self.to, flush=True)

    def tick(self):
        """Time goes by."""
        seconds = int(time.monotonic() - self.began)
        if not self.tty or seconds == self.shown:
            return
        self.shown = seconds
        left = self.estimate()
        self.to.write(
            f"\r\033[K{self.what}  {clock(seconds)} elapsed"
            + (f", {clock(left)} left" if left is not None else ""))
        self.to.flush()

    def ended(self, scenario, seconds):
        self.left[scenario] -= 1
        self.spent[scenario].append(seconds)

    def clear(self):
        if self.tty:
            self.to.write("\r\033[K")
            self.to.flush()


def run_rounds(job, scenario, allocators, runs, warmups, progress):
    """The runs that count, and whether the user interrupted them.

    The order rotates, so that what else the machine does, and what a run
    leaves behind for the next one, hits all allocators alike.
    """
    done = []
    try:
        for number in range(1 - warmups, runs + 1):
            turn = (number - 1) % len(allocators)
            for a in allocators[turn:] + allocators[:turn]:
                progress.start(scenario.name, a.name, number, runs)
                start = time.monotonic()
                done.append(runner.run_once(job, scenario, a, number,
                                            progress.tick))
                progress.ended(scenario.name, time.monotonic() - start)
    except KeyboardInterrupt:
        complete = min(sum(r.allocator == a.name and r.round > 0
                           for r in done) for a in allocators)
        return [r for r in done if 0 < r.round <= complete], True
    finally:
        progress.clear()
    return [r for r in done if r.round > 0], False
