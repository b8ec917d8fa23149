# SPDX-License-Identifier: BSD-2-Clause
"""The runs of a scenario on one axis of time.

Allocators reach the end of a phase at different times.  For a picture each
phase is stretched to the same width for all of them, and a short phase is
made wide enough to be seen.  Without phases the axis is seconds.
"""

import bisect
import dataclasses
import statistics

NARROWEST = 0.15        # of the whole axis, for a phase


@dataclasses.dataclass
class Axis:
    """From 0 to the last of the ends."""
    phases: list            # names; empty: the axis is seconds
    ends: list              # where each phase ends on the axis
    seconds: list           # when, median


def phase_times(run):
    return [p.sample.time for p in run.phases]


def axis_of(runs):
    """The Axis for runs that have the same phases."""
    names = [p.name for p in runs[0].phases]
    if not names:
        end = max((r.samples[-1].time for r in runs if r.samples), default=1)
        return Axis([], [end], [end])
    seconds = [statistics.median(t) for t in zip(*map(phase_times, runs))]
    lengths = [b - a for a, b in zip([0, *seconds], seconds)]
    widths = [max(n / seconds[-1], NARROWEST) for n in lengths]
    ends = [sum(widths[:i + 1]) for i in range(len(widths))]
    return Axis(names, ends, seconds)


def place(axis, ends, time):
    """Where TIME of a run whose phases ended at ENDS is on the axis."""
    if not ends:
        return time
    i = bisect.bisect_left(ends, time)
    start, at = (ends[i - 1], axis.ends[i - 1]) if i else (0, 0)
    length = ends[i] - start
    share = (time - start) / length if length > 0 else 1
    return at + share * (axis.ends[i] - at)


def points(axis, run, field):
    """[(place on the axis, bytes)] of the run's samples."""
    ends = phase_times(run)
    return [(place(axis, ends, s.time), value) for s in run.samples
            if (value := getattr(s, field)) is not None
            and (not ends or s.time <= ends[-1])]


def typical(runs):
    """The run in the middle, by what it held on average."""
    ordered = sorted(runs, key=lambda run: run.mean_rss)
    return ordered[(len(ordered) - 1) // 2]
