# SPDX-License-Identifier: BSD-2-Clause
"""Medians, spreads and ratios.

Ratios compare medians.  "versus" is to the best of all other allocators: it
is below 1 for the best one only.  Where memory is next to nothing and the
load's own tables are subtracted, a figure may be 0: then there is no ratio.
"""

import dataclasses
import math
import statistics


@dataclasses.dataclass
class Figure:
    """A quantity over the runs of one allocator."""
    median: float
    low: float
    high: float
    versus: float = None    # to the best of the others
    best: bool = False


@dataclasses.dataclass
class Cell:
    """One allocator at the end of one phase."""
    rss: Figure
    pss: Figure
    lazy_free: Figure
    huge: Figure
    mappings: Figure
    cpu: Figure
    per_live: float         # rss to what is live; None: not known


@dataclasses.dataclass
class Row:
    """One allocator in one scenario."""
    allocator: str
    cpu: Figure
    wall: Figure
    peak: Figure            # most resident memory at any time
    mean: Figure            # resident memory, over the samples
    own: float
    phases: dict            # {name: Cell}
    versus: float = None    # geometric mean of the phases'


@dataclasses.dataclass
class Result:
    """What came out of one scenario."""
    scenario: object
    rounds: int
    live: dict              # {phase: bytes or None}
    rows: list
    failed: dict            # {allocator: what happened}
    differences: list       # sentences

    @property
    def phases(self):
        return list(self.live)


def geometric_mean(values):
    values = [v for v in values if v]
    return math.exp(statistics.fmean(map(math.log, values))) if values \
        else None


def figure(values):
    values = list(values)
    return Figure(statistics.median(values), min(values), max(values))


def compare(figures):
    """Fill in who is best, and the ratios."""
    for f in figures:
        others = [o.median for o in figures if o is not f]
        if others:
            f.best = f.median <= min(others)
            f.versus = f.median / min(others) if min(others) > 0 else None


def cell(phases):
    samples = [p.sample for p in phases]

    def of(field):
        return figure(getattr(s, field) for s in samples)
    rss = of("rss")
    live = [s.live for s in samples]
    per_live = rss.median / statistics.median(live) if all(live) else None
    return Cell(rss, of("pss"), of("lazy_free"), of("huge"),
                figure(p.mappings for p in phases), of("cpu"), per_live)


def row(allocator, runs, names):
    by_name = [{p.name: p for p in r.phases} for r in runs]
    return Row(
        allocator, figure(r.cpu for r in runs), figure(r.wall for r in runs),
        figure(r.peak_rss for r in runs), figure(r.mean_rss for r in runs),
        runs[0].own,
        {n: cell([phases[n] for phases in by_name]) for n in names})


def live_bytes(runs, names):
    """What is live at the end of each phase, the same for everybody."""
    found = {}
    for name in names:
        seen = [p.sample.live for r in runs for p in r.phases
                if p.name == name]
        found[name] = statistics.median(seen) if None not in seen else None
    return found


def evaluate(report, scenario):
    """The Result of one scenario."""
    runs = report.of(scenario.name)
    failed = failures(report, scenario.name)
    good = [r for r in runs if r.allocator not in failed]
    names = [p.name for p in good[0].phases] if good else []
    rows = [row(a.name, mine, names) for a in report.allocators
            if (mine := [r for r in good if r.allocator == a.name])]
    for kind in ("cpu", "wall", "peak", "mean"):
        compare([getattr(r, kind) for r in rows])
    for name in names:
        for kind in ("rss", "pss", "mappings"):
            compare([getattr(r.phases[name], kind) for r in rows])
    for r in rows:
        r.versus = geometric_mean(c.rss.versus for c in r.phases.values())
    return Result(scenario, report.rounds(scenario.name),
                  live_bytes(good, names), rows, failed,
                  output_differences(good))


# ---- runs that did not do the same ----

def outcome(run):
    if run.timed_out:
        return "out of time"
    if run.status < 0:
        return f"signal {-run.status}"
    return f"exit status {run.status}"


def failures(report, scenario):
    """{allocator: what happened} where a run did not end as usual.

    Usual is what most runs of the first allocator did: a command may end
    with another status than 0.
    """
    first = report.of(scenario, report.allocators[0].name)
    usual = statistics.mode(outcome(r) for r in first)
    phases = statistics.mode(len(r.phases) for r in first)
    failed = {}
    for a in report.allocators:
        mine = report.of(scenario, a.name)
        bad = [r for r in mine if outcome(r) != usual or r.timed_out
               or len(r.phases) != phases]
        if bad:
            words = next((f": {r.last_words}" for r in bad if r.last_words),
                         "")
            failed[a.name] = (" and ".join(sorted(set(map(outcome, bad))))
                              + f" in {len(bad)} of {len(mine)} runs{words}")
    return failed


def output_differences(runs):
    """Sentences about standard output that differs from the first's."""
    seen = {}
    for r in runs:
        seen.setdefault(r.allocator, set()).add(r.stdout_sha256)
    if not seen:
        return []
    first, usual = next(iter(seen.items()))
    if len(usual) > 1:
        return []           # it varies anyway
    return [f"{name}: standard output differs from that under {first}"
            for name, hashes in seen.items() if hashes != usual]


# ---- all scenarios together ----

def overall(results, base):
    """{allocator: geometric mean of RSS relative to BASE's}, over all phases
    of all scenarios that both have run."""
    found = {}
    for result in results:
        rows = {r.allocator: r for r in result.rows}
        for name, r in rows.items():
            if base in rows:
                found.setdefault(name, []).extend(
                    c.rss.median / other for p, c in r.phases.items()
                    if (other := rows[base].phases[p].rss.median) > 0)
    return {name: geometric_mean(ratios) for name, ratios in found.items()
            if ratios}


def overall_cpu(results):
    """{allocator: geometric mean of processor time relative to the least}"""
    found = {}
    for result in results:
        least = min((r.cpu.median for r in result.rows), default=0)
        for r in result.rows if least > 0 else []:
            found.setdefault(r.allocator, []).append(r.cpu.median / least)
    return {name: geometric_mean(ratios) for name, ratios in found.items()}


def summary(results):
    """For data.json: all figures, and the means."""
    return {
        "rss_relative_to": {base: means for base in ("glibc", "jemalloc")
                            if (means := overall(results, base))},
        "cpu_relative_to_least": overall_cpu(results),
        "scenarios": {
            r.scenario.name: {"live": r.live, "failed": r.failed,
                              "rows": [dataclasses.asdict(x)
                                       for x in r.rows]}
            for r in results},
    }
