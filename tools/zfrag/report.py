# SPDX-License-Identifier: BSD-2-Clause
"""Everything that was run, and how it is kept in files.

A report is written as data.json, from which all else can be made again, and
as data.csv, with a line for each sample and each end of a phase.
"""

import csv
import dataclasses
import json
import os
import shlex

from .allocators import Allocator
from .procfs import FIELDS, Sample
from .runner import Phase, Run
from .scenarios import Need, Scenario
from .trouble import Trouble


@dataclasses.dataclass
class Report:
    version: str
    date: str
    command: str            # that makes such a report
    machine: dict
    seed: int
    scale: float
    interval: float
    allocators: list
    missing: dict           # allocators: why
    left_out: dict          # scenarios: why
    notes: list
    scenarios: list         # that were run
    runs: list

    def of(self, scenario, allocator=None):
        return [r for r in self.runs if r.scenario == scenario and
                allocator in (None, r.allocator)]

    def rounds(self, scenario):
        return max((r.round for r in self.of(scenario)), default=0)

    def command_of(self, scenario):
        """The command that runs this scenario as it was run here."""
        if scenario.is_command or scenario.is_trace:
            return self.command
        words = ["zfrag", "--scenario", scenario.name,
                 "--runs", str(self.rounds(scenario.name))]
        if self.seed != 1:
            words += ["--seed", str(self.seed)]
        if self.scale != 1:
            words += ["--scale", f"{self.scale:g}"]
        return shlex.join(words)


# ---- JSON ----

def values(sample):
    return [round(v, 9) if isinstance(v, float) else v
            for v in dataclasses.astuple(sample)]


def as_document(report, summary):
    document = dataclasses.asdict(
        dataclasses.replace(report, runs=[])) | {"zfrag": 2}
    document["summary"] = summary
    document["columns"] = FIELDS        # of samples
    document["runs"] = []
    for run in report.runs:
        flat = dataclasses.asdict(dataclasses.replace(
            run, samples=[], phases=[]))
        flat["samples"] = [values(s) for s in run.samples]
        flat["phases"] = [{"name": p.name, "mappings": p.mappings,
                           "sample": values(p.sample)} for p in run.phases]
        document["runs"].append(flat)
    return document


def from_document(document):
    def sample(row):
        return Sample(*row)

    def phase(p):
        return Phase(p["name"], p["mappings"], sample(p["sample"]))

    def scenario(s):
        return Scenario(**s | {"command": tuple(s["command"]),
                               "phases": tuple(s["phases"]),
                               "needs": tuple(Need(**n) for n in s["needs"])})

    def run(r):
        return Run(**r | {"samples": [sample(s) for s in r["samples"]],
                          "phases": [phase(p) for p in r["phases"]]})
    known = {f.name for f in dataclasses.fields(Report)}
    return Report(**{k: v for k, v in document.items() if k in known} | {
        "allocators": [Allocator(**a) for a in document["allocators"]],
        "scenarios": [scenario(s) for s in document["scenarios"]],
        "runs": [run(r) for r in document["runs"]]})


def write_json(directory, report, summary):
    with open(os.path.join(directory, "data.json"), "w") as f:
        json.dump(as_document(report, summary), f, separators=(",", ":"))
        f.write("\n")


def read_json(directory):
    """A report as it was written before."""
    path = os.path.join(directory, "data.json")
    with open(path) as f:
        try:
            document = json.load(f)
        except ValueError as e:
            raise Trouble(f"{path}: {e}") from None
    if document.get("zfrag") != 2:
        raise Trouble(f"{path}: not a report of this version of zfrag")
    return from_document(document)


# ---- CSV ----

def write_csv(directory, report):
    with open(os.path.join(directory, "data.csv"), "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["scenario", "allocator", "run", "phase", *FIELDS,
                      "mappings"])
        for run in report.runs:
            key = [run.scenario, run.allocator, run.round]
            ends = {id(p.sample): p for p in run.phases}
            for s in run.samples:
                end = ends.get(id(s))
                out.writerow(key + [end.name if end else "", *values(s),
                                    end.mappings if end else ""])
