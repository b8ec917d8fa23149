# SPDX-License-Identifier: BSD-2-Clause
"""Tables for terminals and for Markdown."""

import dataclasses
import re

MIB = 1 << 20
OURS = "zobj"


@dataclasses.dataclass
class Grid:
    """Columns of texts; the first one is aligned to the left."""
    heads: list             # rows of heads, each of len(columns)
    rows: list


def number(value):
    """Three digits."""
    if value is None:
        return "-"
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def mib(figure):
    """A figure in MiB, the best one marked."""
    return f"{figure.median / MIB:.1f}" + ("*" if figure.best else " ")


# ---- one scenario ----

def phase_columns(result):
    """(head, unit, texts) of each phase: RSS and what it is to live bytes."""
    for name, live in result.live.items():
        cells = [r.phases[name] for r in result.rows]
        best = min((c.rss.median for c in cells), default=0) or 1
        ratios = [c.per_live if live else c.rss.median / best for c in cells]
        yield (name, "RSS   xlive" if live else "RSS   xbest",
               [f"{mib(c.rss)}{number(x):>5}"
                for c, x in zip(cells, ratios)])


def spread(figure, form):
    """A figure with its lowest and highest value."""
    return (form(figure.median) + ("*" if figure.best else " ")
            + f" {form(figure.low)}..{form(figure.high)}")


def command_columns(result):
    """(head, unit, texts) of a run that has no phases."""
    def megabytes(value):
        return f"{value / MIB:.1f}"
    for head, unit, kind, form in (("wall", "s", "wall", number),
                                   ("CPU", "s", "cpu", number),
                                   ("mean RSS", "MiB", "mean", megabytes),
                                   ("peak RSS", "MiB", "peak", megabytes)):
        yield head, unit, [spread(getattr(r, kind), form)
                           for r in result.rows]
    yield "peak", "versus", [number(r.peak.versus) for r in result.rows]


def whole_columns(result):
    """(head, unit, texts) of what a run with phases is on the whole."""
    yield "CPU", "s ", [number(r.cpu.median) + ("*" if r.cpu.best else " ")
                        for r in result.rows]
    yield "maps", "most", [
        f"{max(c.mappings.median for c in r.phases.values()):.0f}"
        for r in result.rows]
    yield "versus", "best", [number(r.versus) for r in result.rows]


def live_row(result):
    """What the program has asked for, over the allocators' rows."""
    return [f"{live / MIB:.1f}      " if live else "-      "
            for live in result.live.values()]


def ours(result):
    """Our own row, if there are others to compare it with."""
    return next((r for r in result.rows if r.allocator == OURS
                 and len(result.rows) > 1), None)


def ours_row(result):
    """Our own ratio to the best of the others, phase by phase."""
    mine = ours(result)
    return mine and [number(c.rss.versus) for c in mine.phases.values()] + [
        number(mine.cpu.versus)]


def scenario_grid(result):
    columns = [*phase_columns(result), *whole_columns(result)] \
        if result.phases else list(command_columns(result))
    width = len(columns)

    def padded(name, texts):
        return [name, *texts, *[""] * (width - len(texts))]
    rows = [[r.allocator, *[texts[i] for _, _, texts in columns]]
            for i, r in enumerate(result.rows)]
    if any(result.live.values()):
        rows.insert(0, padded("live", live_row(result)))
    if result.phases and ours(result):
        rows.append(padded(f"{OURS}/best", ours_row(result)))
    return Grid([["", *[head for head, _, _ in columns]],
                 ["", *[unit for _, unit, _ in columns]]], rows)


def widest_spread(result):
    """A sentence about how sure the medians are; empty for one run."""
    spreads = [((c.rss.high - c.rss.low) / c.rss.median, r.allocator, name)
               for r in result.rows for name, c in r.phases.items()
               if c.rss.median]
    if result.rounds < 2 or not spreads:
        return ""
    widest, allocator, phase = max(spreads)
    return (f"RSS of the {result.rounds} runs differs by at most "
            f"{100 * widest:.1f} % ({allocator}, {phase}).")


def remarks(result):
    """Lines below a table."""
    lines = [widest_spread(result)]
    lines += [f"FAILED: {name}: {what}"
              for name, what in result.failed.items()]
    lines += [f"DIFFERENT: {text}" for text in result.differences]
    return [line for line in lines if line]


# ---- all of them ----

def summary_grid(means, cpu):
    """MEANS: {base: {allocator: ratio}}."""
    names = list(cpu)
    heads = [["", *["RSS"] * len(means), "CPU"],
             ["", *[f"to {base}'s" for base in means], "to the least"]]
    return Grid(heads, [
        [name, *[number(m.get(name)) for m in means.values()],
         number(cpu[name])] for name in names])


def ours_grid(results):
    """Our own ratio to the best of the others, scenario by scenario."""
    phases = list(dict.fromkeys(p for r in results for p in r.phases))
    rows = []
    for result in filter(ours, results):
        ratios = dict(zip([*result.phases, "CPU"], ours_row(result)))
        rows.append([result.scenario.name,
                     *[ratios.get(p, "") for p in [*phases, "CPU"]]])
    return Grid([["", *phases, "CPU"]], rows)


# ---- how they look ----

def as_text(grid):
    every = [*grid.heads, *grid.rows]
    widths = [max(len(row[i]) for row in every) for i in range(len(every[0]))]
    return "\n".join(
        "  ".join(text.rjust(w) if i else text.ljust(w)
                  for i, (text, w) in enumerate(zip(row, widths))).rstrip()
        for row in every)


def markdown_cell(text):
    """The best in bold; what stands behind a figure in parentheses."""
    first, *rest = text.split() or [""]
    if first.endswith("*"):
        first = f"**{first[:-1]}**"
    return " ".join([first, *[f"({word})" for word in rest]])


def as_markdown(grid):
    # "RSS   xlive", one over the other's column, becomes "RSS (xlive)".
    heads = [re.sub(r" {2,}(\w+)", r" (\1)", " ".join(texts)).strip()
             for texts in zip(*grid.heads)]
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)],
             *[list(map(markdown_cell, row)) for row in grid.rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
