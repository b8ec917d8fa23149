# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel says of a process: memory, mappings, processor time."""

import dataclasses
import time


@dataclasses.dataclass
class Sample:
    """One look at a process.  Bytes and seconds."""
    time: float             # since the start of the run
    rss: int
    pss: int
    lazy_free: int          # in rss, but the kernel may take it
    huge: int               # in huge pages
    cpu: float              # user and system, of all its threads so far
    live: int = None        # as the program says; None: it does not


FIELDS = tuple(f.name for f in dataclasses.fields(Sample))

# Names in smaps_rollup, in the order of Sample.
ROLLUP = {b"Rss": "rss", b"Pss": "pss", b"LazyFree": "lazy_free",
          b"AnonHugePages": "huge"}


def read_rollup(pid):
    """{field: bytes}; raises OSError when the process is gone."""
    with open(f"/proc/{pid}/smaps_rollup", "rb") as f:
        lines = f.read().splitlines()
    found = {}
    for line in lines[1:]:
        key, value = line.split(b":")
        if key in ROLLUP:
            found[ROLLUP[key]] = int(value.split()[0]) * 1024
    if "rss" not in found:      # a process that is ending has no memory
        raise ProcessLookupError(pid)
    return found


def read_cpu(pid):
    # The process's own clock (clock_getcpuclockid): nanoseconds, where
    # /proc/PID/stat counts ticks.
    return time.clock_gettime((~pid << 3) | 2)


def take_sample(pid, at, own, live):
    """A Sample, or None when the process is gone.

    OWN bytes are tables of the load itself and not the allocator's business.
    """
    try:
        memory = read_rollup(pid)
        cpu = read_cpu(pid)
    except OSError:
        return None
    for field in ("rss", "pss"):
        memory[field] = max(0, memory[field] - own)
    return Sample(time=at, cpu=cpu, live=live, **memory)


def count_mappings(pid):
    """Dear when there are many: not for every sample."""
    try:
        with open(f"/proc/{pid}/maps", "rb") as f:
            return sum(block.count(b"\n") for block in iter(
                lambda: f.read(1 << 16), b""))
    except OSError:
        return 0
