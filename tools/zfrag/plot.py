# SPDX-License-Identifier: BSD-2-Clause
"""Pictures, drawn by gnuplot: memory over time, a line per allocator."""

import re
import shutil
import subprocess

from . import timeline
from .trouble import Trouble

MIB = 1 << 20
OURS = "zobj"

# Colours that colour-blind people can tell apart (Okabe and Ito), on white
# and on black; allocators that share one differ in the dashes.
STYLES = {
    "glibc": ("#0072B2", 1), "jemalloc": ("#009E73", 1),
    "jemalloc-bg": ("#009E73", 2), "mimalloc": ("#CC79A7", 1),
    "tcmalloc": ("#56B4E9", 1), OURS: ("#D55E00", 1),
}
MORE_STYLES = (("#E69F00", 1), ("#8C8C8C", 1), ("#E69F00", 2), ("#8C8C8C", 2))


def style_of(report, name):
    """(colour, dash type) of an allocator."""
    if name in STYLES:
        return STYLES[name]
    others = [a.name for a in report.allocators if a.name not in STYLES]
    return MORE_STYLES[others.index(name) % len(MORE_STYLES)]


def quoted(text):
    """As a string of gnuplot, in which nothing is special."""
    return "'" + " ".join(text.split()).replace("'", "''") + "'"


def duration(seconds):
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def block(name, rows):
    lines = "\n".join(f"{x:.5f} {y / MIB:.4f}" for x, y in rows)
    return f"${name} << EOD\n{lines}\nEOD\n"


class Plot:
    """The commands that draw one scenario."""

    def __init__(self, report, result):
        self.report, self.result = report, result
        runs = {row.allocator: timeline.typical(
            report.of(result.scenario.name, row.allocator))
            for row in result.rows}
        self.axis = timeline.axis_of(list(runs.values()))
        self.lines = {name: timeline.points(self.axis, run, "rss")
                      for name, run in runs.items()}
        first = next(iter(runs.values()))
        self.live = timeline.points(self.axis, first, "live")

    def data(self):
        blocks = [block(f"rss{i}", rows)
                  for i, rows in enumerate(self.lines.values())]
        if self.live:
            blocks.append(block("live", [(0, 0), *self.live]))
        return "".join(blocks)

    def axes(self, labelled):
        """Range, tics and the ends of the phases."""
        axis = self.axis
        said = [f"set xrange [0:{axis.ends[-1]:.5f}]", "set yrange [0:*]",
                "unset arrow", "set ylabel 'MiB'"]
        if not axis.phases:
            return said + ["set xtics auto", "set xlabel 'seconds'"]
        said += [f"set arrow {i + 1} from {x:.5f}, graph 0 to {x:.5f}, "
                 "graph 1 nohead back dashtype 3 linecolor '#999999'"
                 for i, x in enumerate(axis.ends)]
        tics = ", ".join(
            f'"{name}\\n{duration(seconds)}" {x:.5f}' for name, seconds, x in
            zip(axis.phases, axis.seconds, axis.ends))
        said.append(f"set xtics ({tics})")
        said.append("set xlabel 'end of each phase, and when (median); a "
                    "phase is drawn equally wide for all' offset 0,-1"
                    if labelled else "unset xlabel")
        return said

    def curves(self):
        drawn = []
        if self.live:
            drawn.append("$live using 1:2 with filledcurves y1=0 "
                         "linecolor rgb '#a0b0b0b0' title 'live'")
        for i, name in enumerate(self.lines):
            colour, dashes = style_of(self.report, name)
            width = 3.5 if name == OURS else 2
            drawn.append(
                f"$rss{i} using 1:2 with lines linewidth {width} "
                f"dashtype {dashes} linecolor rgb '{colour}' "
                f"title {quoted(name)}")
        return "plot " + ", ".join(drawn)


SETTINGS = """
set encoding utf8
set border 3
set tics nomirror out scale 0.5
set grid ytics linetype 1 linewidth 0.5 linecolor '#c8c8c8'
"""

# A panel of which nothing but the key is seen.
LEGEND = """
unset title
unset arrow
unset border
unset tics
unset xlabel
unset ylabel
set xrange [-2:-1]
set yrange [-2:-1]
set key center center Left reverse samplen 3 spacing 1.5 font ',13'
"""


class Pictures:
    """Of a whole report."""

    def __init__(self, report, results):
        if shutil.which("gnuplot") is None:
            raise Trouble("no pictures and no page: gnuplot is not installed "
                          "(package gnuplot-nox)")
        self.plots = {r.scenario.name: Plot(report, r)
                      for r in results if r.rows}

    @staticmethod
    def draw(script):
        done = subprocess.run(["gnuplot", "-"], input=script, text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise Trouble("gnuplot: " + done.stderr.strip())
        return done.stdout

    def svg(self, name):
        """One scenario, to be put into a page."""
        plot = self.plots[name]
        drawn = self.draw("\n".join([
            "set terminal svg noenhanced size 900,420 dynamic "
            "font 'sans-serif,14'", SETTINGS, "set bmargin 5",
            "set key outside right top vertical Left reverse samplen 2.5 "
            "spacing 1.3",
            plot.data(), *plot.axes(True), plot.curves()]))
        return for_page(drawn)

    def write_png(self, path):
        """All scenarios in one picture."""
        panels = len(self.plots) + 1     # the last one is the legend
        columns = min(3 if panels <= 12 else 4, panels)
        rows = -(-panels // columns)
        parts = [
            "set terminal pngcairo noenhanced font 'Sans,11' "
            f"size {640 * columns},{380 * rows + 50}",
            f"set output {quoted(path)}", SETTINGS, "unset key",
            "set bmargin 4",
            f"set multiplot layout {rows},{columns} title "
            "'Resident memory over time, MiB, and live (grey: what the "
            "program asked for)' font ',14'"]
        for plot in self.plots.values():
            scenario = plot.result.scenario
            title = scenario.title if scenario.is_command else \
                f"{scenario.name}: {scenario.title}"
            parts += [plot.data(), f"set title {quoted(title)}",
                      *plot.axes(False), plot.curves()]
        parts += [LEGEND, plot.curves()]
        self.draw("\n".join([*parts, "unset multiplot", ""]))


def for_page(svg):
    """An SVG document as an element that takes the page's colours."""
    svg = svg[svg.index("<svg"):]
    # Markers that no line has, and names that are not one picture's own.
    svg = re.sub(r"<(desc|defs|title)>.*?</\1>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r""" id=(["']).*?\1""", "", svg)
    # Text and axes are black: make them what the page's text is.
    svg = re.sub(r"""(fill|color|stroke)=(["'])(black|rgb\( *0, *0, *0\))\2""",
                 r'\1="currentColor"', svg)
    return svg.strip()
