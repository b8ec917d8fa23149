# SPDX-License-Identifier: BSD-2-Clause
"""A picture, drawn by gnuplot: each row's ratios to its best peer.

Two panels side by side, time and memory; a line per row and a mark per
allocator.  The scale is logarithmic: twice as much and half as much are
equally far from 1.
"""

import math
import shutil

from zfrag import machine, plot
from zfrag.trouble import Trouble

from . import figures, tables

# (colour, gnuplot's point type, size).  The colours are those of zfrag, which
# colour-blind people can tell apart; shapes tell them apart without any.
STYLES = {
    "glibc": ("#0072B2", 4, 0.7), "jemalloc": ("#009E73", 8, 0.9),
    "mimalloc": ("#CC79A7", 10, 0.9), "tcmalloc": ("#56B4E9", 6, 0.8),
    "tcmin": ("#56B4E9", 2, 0.7), "tbb": ("#E69F00", 12, 0.9),
    "zobj": ("#D55E00", 7, 0.9), "zone": ("#000000", 1, 0.8),
}
MORE_STYLES = (("#8C8C8C", 5, 0.7), ("#8C8C8C", 9, 0.8), ("#8C8C8C", 11, 0.8),
               ("#8C8C8C", 13, 0.8))

LINE = 17               # height of a row
WIDTH, HEAD, FOOT = 1180, 146, 62
LEAST, MOST = 1 / 4, 16     # what is drawn; beyond stands at the edge


def style_of(record, name):
    if name in STYLES:
        return STYLES[name]
    others = [a.name for a in record.allocators if a.name not in STYLES]
    return MORE_STYLES[others.index(name) % len(MORE_STYLES)]


def points(record, name, quantity):
    """(ratio, place of the row) of an allocator."""
    found = []
    for place, row in enumerate(record.rows):
        best = figures.best_peer(row, quantity)
        mine = figures.median(row, name, quantity)
        if best and mine:
            value = mine / figures.median(row, best, quantity)
            found.append((min(max(value, LEAST), MOST), place))
    return found


def block(name, found):
    lines = "\n".join(f"{x:.5f} {y}" for x, y in found)
    return f"${name} << EOD\n{lines}\nEOD\n"


def ranges(record, quantity):
    """As far as there are marks, in powers of two."""
    every = [x for name in figures.names(record)
             for x, _ in points(record, name, quantity)] or [1]
    low = 2 ** math.floor(math.log2(min(every) * 0.97))
    high = 2 ** math.ceil(math.log2(max(every) * 1.03))
    return min(low, 0.5), min(max(high, 2), 1.1 * MOST)


def rules(record, high):
    """Lines at 1 and at what is worth a line, and between patterns."""
    said = [f"set arrow from {x}, graph 0 to {x}, graph 1 nohead back "
            f"linewidth {width} dashtype {dashes} linecolor '#606060'"
            for x, width, dashes in ((1, 1.2, 1),
                                     (tables.WORTH_A_LINE, 0.8, 2))
            if x < high]
    patterns = ["a program" if r.is_program else r.name.split("/")[0]
                for r in record.rows]
    said += [f"set arrow from graph 0, first {i - 0.5} to graph 1, "
             f"first {i - 0.5} nohead back linewidth 0.8 linecolor '#a8a8a8'"
             for i in range(1, len(patterns))
             if patterns[i] != patterns[i - 1]]
    return said


def panel(record, quantity, left, right, labelled):
    """One of the two; LEFT and RIGHT are parts of the picture's width."""
    low, high = ranges(record, quantity)
    tics = ", ".join(
        f"{plot.quoted(r.name if labelled else '')} {i}"
        for i, r in enumerate(record.rows))
    return [
        f"set lmargin at screen {left}", f"set rmargin at screen {right}",
        f"set title {plot.quoted(tables.TITLES[quantity])} font ',13' "
        "offset 0,-0.4", f"set xrange [{low}:{high}]",
        f"set yrange [{len(record.rows) - 0.4}:-0.6]", f"set ytics ({tics})",
        f"set x2range [{low}:{high}]", "set x2tics",
        "set xlabel 'times the best peer of the row (logarithmic; less is "
        "better)'", "unset arrow",
        *rules(record, high)]


def style(record, name):
    colour, shape, size = style_of(record, name)
    return (f"pointtype {shape} pointsize {size} linewidth 1.4 "
            f"linecolor rgb '{colour}'")


def marks(record, quantity):
    """Ours last, over the others."""
    return "plot " + ", ".join(
        f"${quantity}{i} using 1:2 with points {style(record, name)} notitle"
        for i, name in enumerate(figures.names(record))
        if points(record, name, quantity))


def legend(record, height):
    """A mark and a name for each allocator, side by side."""
    y = 1 - 86 / height
    return [f"set label {plot.quoted(name)} at screen "
            f"{(22 + 100 * i) / WIDTH}, screen {y} left point "
            f"{style(record, name)} offset 1,0"
            for i, name in enumerate(figures.names(record))]


def title_lines(record):
    rows = sum(not r.is_program for r in record.rows)
    programs = len(record.rows) - rows
    what = " and ".join(f"{n} {kind}" for n, kind in (
        (rows, "benchmark rows"), (programs, "whole programs")) if n)
    return (f"libzobj and other allocators: {what}",
            f"{machine.describe(record.machine)}; commit {record.commit}, "
            f"{record.made[:10]}",
            f"medians of {record.rounds} interleaved rounds; zobj: malloc of "
            "libzobj, zone: its own interface; dashed: "
            f"{tables.WORTH_A_LINE}; marks at {MOST} may be beyond")


def heading(record, height):
    """Title, what it is of, and legend."""
    title, *small = title_lines(record)
    said = [f"set label {plot.quoted(title)} at screen 0.012, "
            f"screen {1 - 20 / height} font ',17'"]
    said += [f"set label {plot.quoted(text)} at screen 0.012, "
             f"screen {1 - (25 + 17 * i) / height} font ',11'"
             for i, text in enumerate(small, 1)]
    return said + legend(record, height)


def script(record, quantity):
    height = HEAD + FOOT + LINE * len(record.rows)
    widest = max(len(r.name) for r in record.rows)
    left = (widest * 7.2 + 16) / WIDTH
    middle = (left + 0.985) / 2
    data = [block(f"{q}{i}", points(record, name, q))
            for i, name in enumerate(figures.names(record))
            for q in (quantity, "rss")]
    return "\n".join([
        f"set terminal svg noenhanced size {WIDTH},{height} "
        "font 'sans-serif,12' background '#ffffff'",
        "set encoding utf8", "set border 7 linecolor '#606060'",
        "set tics nomirror out scale 0.4",
        "set grid ytics linetype 1 linewidth 0.4 linecolor '#d8d8d8'",
        "set logscale x 2", "set logscale x2 2", "unset key", *data,
        "set multiplot",
        f"set tmargin at screen {1 - HEAD / height}",
        f"set bmargin at screen {FOOT / height}", *heading(record, height),
        *panel(record, quantity, left, middle - 0.012, True),
        marks(record, quantity), "unset label",
        *panel(record, "rss", middle + 0.012, 0.985, False),
        marks(record, "rss"), "unset multiplot", ""])


def write(path, record, quantity):
    if shutil.which("gnuplot") is None:
        raise Trouble("no chart: gnuplot is not installed (package "
                      "gnuplot-nox)")
    if not any(figures.peers(r) for r in record.rows):
        raise Trouble("no chart: there is nothing to compare with")
    drawn = plot.Pictures.draw(script(record, quantity))
    with open(path, "w", encoding="utf-8") as f:
        f.write(drawn)
