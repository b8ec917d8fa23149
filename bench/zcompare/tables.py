# SPDX-License-Identifier: BSD-2-Clause
"""Tables for terminals and for Markdown."""

import dataclasses

from zfrag import machine

from . import figures
from .allocators import OURS

MIB = 1 << 20

# Slower than this, or larger, to the best peer is worth a line of its own.
WORTH_A_LINE = 1.1

TITLES = {"cpu": "processor time", "wall": "elapsed time",
          "rss": "peak of resident memory"}


@dataclasses.dataclass
class Table:
    title: str
    about: str              # a sentence or more
    heads: list
    lines: list             # of cells; the first one is aligned to the left
    left: frozenset = frozenset({0})
    marked: bool = False    # the least figure of each line


# ---- cells ----

def number(value):
    """Three digits, or all that are before the point."""
    if value is None:
        return "-"
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:,.{digits}f}"


def figure(row, name, quantity, scale=1):
    found = figures.values(row, name, quantity)
    if not found:
        return "failed" if name in row.failed else "-"
    return (f"{number(figures.median(row, name, quantity) / scale)} "
            f"±{figures.spread(found) * 100:.0f}%")


def ratio(value):
    return "-" if value is None else f"{value:.2f}"


# ---- tables ----

def of_times(record, quantity):
    names = figures.names(record)
    units = sorted({r.unit for r in record.rows})
    said = " and ".join(
        {"ns": "nanoseconds per operation (ns)",
         "s": "seconds for all of it (s)"}[u] for u in units)
    return Table(
        TITLES[quantity].capitalize(),
        f"{said[:1].upper()}{said[1:]}; medians, ± half of what the middle "
        "half of the values spans.", ["row", "unit", *names],
        [[r.name, r.unit, *[figure(r, n, quantity) for n in names]]
         for r in record.rows], frozenset({0, 1}), True)


def of_memory(record):
    names = figures.names(record)
    return Table(
        TITLES["rss"].capitalize(),
        "MiB of the whole process; of programs that start others, of the "
        "largest.", ["row", *names],
        [[r.name, *[figure(r, n, "rss", MIB) for n in names]]
         for r in record.rows], marked=True)


def of_ratios(record, quantity):
    """Ours to those that are most of interest, row by row."""
    others, ours = figures.names_of(record)
    against = [n for n in ("glibc", "mimalloc") if n in others] + ["best"]
    heads = ["row", *[f"{mine}/{other}" for mine in ours
                      for other in against], "best peer"]
    lines = []
    for r in record.rows:
        cells = [figures.versus_best(r, mine, quantity) if other == "best"
                 else figures.ratio(r, mine, other, quantity)
                 for mine in ours for other in against]
        lines.append([r.name, *map(ratio, cells),
                      figures.best_peer(r, quantity) or "-"])
    return Table(f"Ratios of {TITLES[quantity]}",
                 "Medians of the ratios within each round; below 1 is less "
                 "than the other.", heads, lines)


def of_means(record, quantity):
    """Geometric means over all rows, and over all programs."""
    others, _ = figures.names_of(record)
    against = [*others, "best"]
    lines = []
    for kind, by_quantity in figures.of_means(record).items():
        for q in (quantity, "rss"):
            for mine, means in by_quantity[q].items():
                if any(v is not None for v in means.values()):
                    lines.append([f"{kind}, {TITLES[q]}: {mine}",
                                  *[ratio(means[n]) for n in against]])
    rows = sum(not r.is_program for r in record.rows)
    counts = [f"{n} {what}" for n, what in (
        (rows, "rows"), (len(record.rows) - rows, "programs")) if n]
    return Table("Summary", "Geometric means of the ratios over "
                 f"{' and '.join(counts)}; best: the best peer of each row.",
                 ["ours to", *against], lines)


def all_of(record, quantity="cpu"):
    found = [of_times(record, quantity)]
    compared = figures.names_of(record)
    if all(compared):
        found.append(of_ratios(record, quantity))
    found.append(of_memory(record))
    if all(compared):
        found += [of_ratios(record, "rss"), of_means(record, quantity)]
    return found


# ---- sentences ----

def worst(record, quantity):
    """Lines about rows in which ours is beyond the best peer."""
    found = []
    for q in (quantity, "rss"):
        for r in record.rows:
            for mine in (n for n in OURS if n in r.samples):
                value = figures.versus_best(r, mine, q)
                if value and value > WORTH_A_LINE:
                    found.append((-value, f"{r.name}: {TITLES[q]} of {mine} "
                                  f"is {value:.2f} times that of "
                                  f"{figures.best_peer(r, q)}"))
    return [text for _, text in sorted(found)]


def failures(record):
    return [f"{r.name} under {name}: FAILED: {what}"
            for r in record.rows for name, what in r.failed.items()]


def left_out(record):
    return [f"{name}: not run: {why}" for name, why in
            (record.missing | record.skipped).items()]


def about(record):
    """Where the figures are from."""
    lines = [f"libzobj {record.commit}, {record.made[:10]}, medians of "
             f"{record.rounds} interleaved rounds"
             + (f", scale {record.scale:g}" if record.scale != 1 else ""),
             machine.describe(record.machine),
             ", ".join(f"{a.name} {a.version}" for a in record.allocators
                       if a.name in figures.names(record))]
    if record.programs:
        lines.append("programs: " + ", ".join(
            f"{name} {version}" for name, version in
            record.programs.items()))
    return [*lines, record.command]


# ---- how they look ----

def as_text(table):
    every = [table.heads, *table.lines]
    widths = [max(len(line[i]) for line in every)
              for i in range(len(table.heads))]
    body = "\n".join(
        "  ".join(cell.ljust(w) if i in table.left else cell.rjust(w)
                  for i, (cell, w) in enumerate(zip(line, widths))).rstrip()
        for line in every)
    return f"{table.title}. {table.about}\n\n{body}"


def marked(line):
    """Cells of a table of figures, the least of the line in bold."""
    def value(cell):
        try:
            return float(cell.split()[0].replace(",", ""))
        except ValueError:
            return float("inf")
    least = min(map(value, line))
    return [f"**{c.split()[0]}** {' '.join(c.split()[1:])}".strip()
            if value(c) == least < float("inf") else c for c in line]


def as_markdown(table):
    rule = ["---" if i in table.left else "---:"
            for i in range(len(table.heads))]
    lines = [[line[0], *marked(line[1:])] if table.marked else line
             for line in table.lines]
    body = "\n".join("| " + " | ".join(line) + " |"
                     for line in [table.heads, rule, *lines])
    return f"### {table.title}\n\n{table.about}\n\n{body}"


def report_text(record, quantity):
    parts = ["\n".join(about(record))]
    parts += [as_text(t) for t in all_of(record, quantity)]
    parts += ["\n".join(lines) for lines in (
        worst(record, quantity), left_out(record), failures(record)) if lines]
    return "\n\n".join(parts)


def report_markdown(record, quantity):
    *lines, command = about(record)
    parts = ["\n".join(f"- {line}" for line in [*lines, f"`{command}`"])]
    parts += [as_markdown(t) for t in all_of(record, quantity)]
    parts += ["\n".join(f"- {line}" for line in lines) for lines in (
        left_out(record), failures(record)) if lines]
    return "\n\n".join(parts)
