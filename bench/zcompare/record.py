# SPDX-License-Identifier: BSD-2-Clause
"""Everything that was measured, and how it is kept in a file."""

import dataclasses
import json

from zfrag.trouble import Trouble

from .allocators import Allocator

FORMAT = "libzobj compare 1"


@dataclasses.dataclass
class Sample:
    """One run."""
    cpu: float      # processor time, in the row's unit
    wall: float     # time that went by, in the same
    rss: int        # most bytes in memory at once


@dataclasses.dataclass
class Row:
    name: str
    unit: str       # "ns" per operation, or "s" for all of it
    samples: dict   # {allocator: a Sample per round}
    failed: dict = dataclasses.field(default_factory=dict)
    # {allocator: what happened}

    @property
    def is_program(self):
        return self.unit == "s"


@dataclasses.dataclass
class Record:
    made: str       # when
    command: str
    commit: str     # of libzobj
    machine: dict   # see zfrag's machine
    rounds: int
    scale: float
    allocators: list
    missing: dict   # {allocator: why it was not run}
    rows: list
    skipped: dict   # {program: why it was not run}
    programs: dict  # {program: its version}


def write(path, record, figures):
    """FIGURES: what was computed, for those who read the file."""
    data = {"format": FORMAT, **dataclasses.asdict(record),
            "figures": figures}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(data, f, indent=1)
        f.write("\n")


def row_of(data):
    samples = {name: [Sample(**s) for s in runs]
               for name, runs in data["samples"].items()}
    return Row(data["name"], data["unit"], samples, data["failed"])


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            data = json.load(f)
        if data.pop("format", None) != FORMAT:
            raise Trouble(f"{path}: not a file of compare --json")
        del data["figures"]
        data["rows"] = [row_of(r) for r in data["rows"]]
        data["allocators"] = [Allocator(**a) for a in data["allocators"]]
        return Record(**data)
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise Trouble(f"{path}: not a file of compare --json ({e})") from None
