# SPDX-License-Identifier: BSD-2-Clause
"""One HTML page that needs nothing but itself.

report.html.in is the template; here is what it cannot compute.
"""

import math
import os

from . import figures, machine, plot, table
from .trouble import Trouble

MIB = 1 << 20

# A ratio of this much, or its inverse, has the full colour.
FULL = 2.5


def shade(ratio):
    """Background of a ratio: blue below 1, orange above, none at 1."""
    if not ratio:
        return ""
    strength = min(abs(math.log(ratio)) / math.log(FULL), 1) * 0.75
    colour = "0 114 178" if ratio < 1 else "230 130 0"
    return f"background: rgb({colour} / {strength:.2f})"


def mib(value):
    return f"{value / MIB:.1f}"


def span(figure, form):
    """Lowest to highest value; empty where they look the same."""
    low, high = form(figure.low), form(figure.high)
    return f"{low}–{high}" if low != high else ""


def details(cell):
    """What is rarely of interest, shown where the mouse is."""
    return (f"PSS {mib(cell.pss.median)} MiB, lazily free "
            f"{mib(cell.lazy_free.median)} MiB, in huge pages "
            f"{mib(cell.huge.median)} MiB, {cell.mappings.median:.0f} "
            f"mappings, {cell.cpu.median:.2f} s of CPU so far")


def heat_rows(results, names):
    """(scenario or None, phase, {allocator: Figure}) for each row."""
    for result in results:
        rows = {r.allocator: r for r in result.rows}
        first = result.scenario
        for phase in result.phases:
            yield first, phase, {n: rows[n].phases[phase].rss
                                 for n in names if n in rows}
            first = None
        yield first, "CPU time", {n: rows[n].cpu for n in names if n in rows}


def template():
    try:
        import jinja2
    except ImportError:
        raise Trouble("no page: the Python module jinja2 is not installed "
                      "(package python3-jinja2)") from None
    here = os.path.dirname(os.path.abspath(__file__))
    world = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True)
    world.filters |= {"mib": mib, "number": table.number, "span": span}
    world.globals |= {"shade": shade, "details": details, "mib": mib,
                      "seconds": table.number}
    return world.get_template("report.html.in")


def write(path, report, results, pictures):
    names = [a.name for a in report.allocators]
    summary = figures.summary(results)
    text = template().render(
        report=report, results=results, names=names, ours=table.OURS,
        means=summary["rss_relative_to"],
        cpu_means=summary["cpu_relative_to_least"],
        heat=list(heat_rows(results, names)),
        phases=sum(len(r.phases) for r in results),
        machine=machine.describe(report.machine), pictures=pictures,
        styles={n: plot.style_of(report, n) for n in names},)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
