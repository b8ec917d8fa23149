# SPDX-License-Identifier: BSD-2-Clause
"""Medians, spreads, ratios and means.

A figure is the median over the rounds.  A ratio is the median of the ratios
within each round, which is steadier than the ratio of two medians: what the
machine does otherwise changes from round to round.
"""

import statistics

from zfrag.figures import geometric_mean

from .allocators import OURS

# What is measured: cpu, wall, rss.
QUANTITIES = ("cpu", "wall", "rss")


def values(row, name, quantity):
    return [getattr(s, quantity) for s in row.samples.get(name, ())]


def median(row, name, quantity):
    """None if there is nothing."""
    found = values(row, name, quantity)
    return statistics.median(found) if found else None


def spread(found):
    """Half of what the middle half of the values spans, over the median.

    Of one or two values: half of what they span.
    """
    middle = statistics.median(found)
    if not middle:
        return 0.0
    if len(found) < 3:
        return (max(found) - min(found)) / 2 / middle
    low, _, high = statistics.quantiles(found, n=4, method="inclusive")
    return (high - low) / 2 / middle


def ratio(row, mine, other, quantity):
    """MINE to OTHER's; None if one of them was not measured."""
    pairs = zip(values(row, mine, quantity), values(row, other, quantity))
    ratios = [a / b for a, b in pairs if b]
    return statistics.median(ratios) if ratios else None


def peers(row):
    """Those that are not ours, and were measured."""
    return [name for name, samples in row.samples.items()
            if samples and name not in OURS]


def best_peer(row, quantity):
    return min(peers(row), key=lambda n: median(row, n, quantity),
               default=None)


def versus_best(row, name, quantity):
    best = best_peer(row, quantity)
    return best and ratio(row, name, best, quantity)


def mean_ratio(rows, mine, other, quantity):
    """Geometric mean over the rows that both have; OTHER may be "best"."""
    found = [versus_best(r, mine, quantity) if other == "best" else
             ratio(r, mine, other, quantity) for r in rows]
    return geometric_mean(found)


def names(record):
    """Allocators that were to run some row, in the record's order."""
    some = {n for r in record.rows for n in [*r.samples, *r.failed]}
    return [a.name for a in record.allocators if a.name in some]


def names_of(record):
    """The same as two lists: peers, and ours."""
    return ([n for n in names(record) if n not in OURS],
            [n for n in names(record) if n in OURS])


# ---- of a record, for its file ----

def of_row(row, every):
    found = {}
    for quantity in QUANTITIES:
        found[quantity] = {
            n: {"median": statistics.median(v), "low": min(v),
                "high": max(v), "spread": spread(v)}
            for n in every if (v := values(row, n, quantity))}
        found[quantity + "_best_peer"] = best_peer(row, quantity)
        found[quantity + "_ratios"] = {
            mine: {other: ratio(row, mine, other, quantity)
                   for other in peers(row)}
            for mine in every if mine in OURS and mine in row.samples}
    return found


def of_means(record):
    """{rows or programs: {quantity: {ours: {other: mean ratio}}}}"""
    others, ours = names_of(record)
    kinds = {"rows": [r for r in record.rows if not r.is_program],
             "programs": [r for r in record.rows if r.is_program]}
    return {kind: {q: {mine: {other: mean_ratio(rows, mine, other, q)
                              for other in [*others, "best"]}
                       for mine in ours} for q in QUANTITIES}
            for kind, rows in kinds.items() if rows}


def of_record(record):
    every = names(record)
    return {"rows": {r.name: of_row(r, every) for r in record.rows},
            "geometric_means": of_means(record)}
