# SPDX-License-Identifier: BSD-2-Clause
"""The command line of compare."""

import argparse
import datetime
import os
import re
import shlex
import subprocess
import sys
import tempfile

from zfrag import machine
from zfrag.trouble import Trouble

from . import (allocators, chart, figures, measure, programs, record, rounds,
               rows, tables)

EXIT_FAILED = 1         # a run failed, or had a wrong result
EXIT_USAGE = 2          # nothing was measured, or not written
EXIT_INTERRUPTED = 130

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

EPILOG = """\
A row is called NAME/SIZE/COUNT/THREADS: bytes of an object, live objects or
objects of a batch, threads; bench/NAME.c says what it does.  Sets: %(sets)s,
programs (whole programs).

Time is processor time, of all threads of a row and of all processes of a
program: it is what the allocator costs, and depends least on what else the
machine does.  Where threads wait for each other it is not the whole truth:
--time wall shows the time that goes by, per operation of all threads.

Each measurement is a process of its own.  The allocators take turns and their
order rotates.  What would tune one of them is taken out of the environment.

Exit status: 0; 1 if a run failed or had another result than others; 2 if
nothing was measured.

Examples:
  compare 'pair/*' 'random/64/*' -n 9
  compare --set standard,programs --json all.json --svg all.svg
  compare --from all.json --markdown
  compare --allocators zobj,old=old/libzobj-malloc.so -n 15 python3
"""


def at_least(lowest, kind):
    def convert(text):
        value = kind(text)
        if value < lowest:
            raise argparse.ArgumentTypeError(f"must be at least {lowest}")
        return value
    convert.__name__ = "number"
    return convert


def parser():
    p = argparse.ArgumentParser(
        prog="compare", allow_abbrev=False,
        usage="compare [options] [ROW|PROGRAM ...]\n"
        "       compare --from FILE [--markdown] [--svg FILE] "
        "[--time cpu|wall] [--update FILE]\n       compare --list",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Run rows of zbench and whole programs under several "
        "allocators,\nand compare time and peak of resident memory.",
        epilog=EPILOG % {"sets": ", ".join(rows.SETS)})
    p.add_argument("rows", nargs="*", metavar="ROW",
                   help="rows or programs to run; shell patterns")
    p.add_argument("--set", metavar="LIST",
                   help="sets to run, separated by commas (standard, if no "
                   "row is named)")
    p.add_argument("--list", action="store_true",
                   help="show rows, programs and allocators; run nothing "
                   "(of the sets and rows named, else all)")
    p.add_argument("-n", "--rounds", type=at_least(1, int), metavar="N",
                   help="measurements of each figure (5)", default=5)
    p.add_argument("--scale", type=at_least(0.0001, float), metavar="F",
                   help="operations of a row, as a multiple of the usual (1)",
                   default=1.0)
    p.add_argument("-a", "--allocators", metavar="LIST",
                   help="names or NAME=/path/of/library.so, separated by "
                   f"commas, of {', '.join(allocators.NAMES)} (all that are "
                   "installed)")
    p.add_argument("--time", choices=("cpu", "wall"), default="cpu",
                   help="processor time, or the time that goes by (cpu)")
    p.add_argument("--from", dest="source", metavar="FILE",
                   help="show what --json FILE has kept; run nothing")
    p.add_argument("--json", metavar="FILE",
                   help="write all measurements and figures there")
    p.add_argument("--svg", metavar="FILE",
                   help="draw each row's ratios to its best peer (needs "
                   "gnuplot)")
    p.add_argument("--markdown", action="store_true",
                   help="print tables for a document")
    p.add_argument("--update", metavar="FILE",
                   help="put them into a document instead, between its lines "
                   "'<!-- compare -->' and '<!-- end -->'")
    p.add_argument("--build", metavar="DIR", default=".",
                   help="where libzobj was built (.)")
    p.add_argument("--zbench", metavar="PATH",
                   help="the benchmark program (DIR/bench/zbench)")
    p.add_argument("--shim", metavar="PATH", help="libzobj's malloc "
                   "(DIR/preload/.libs/libzobj-malloc.so)")
    return p


# ---- what there is ----

def path_of(args, given, inside):
    """An absolute path: GIVEN, or that in the build directory."""
    return os.path.abspath(given or os.path.join(args.build, inside))


def patterns_of(args):
    """Patterns of rows and programs, in order."""
    names = (args.set or "").split(",") if args.set else \
        [] if args.rows else ["standard"]
    unknown = [n for n in names if n not in rows.SETS and n != "programs"]
    if unknown:
        raise Trouble(f"no set {', '.join(unknown)}; there are "
                      f"{', '.join(rows.SETS)}, programs")
    found = list(args.rows)
    for name in names:
        found += [p.name for p in programs.PROGRAMS] if name == "programs" \
            else rows.SETS[name]
    return found


class Choice:
    """The rows and programs to run, in order, and why not the others."""

    def __init__(self, args, patterns):
        every = {p.name: p for p in programs.PROGRAMS}
        # The rows are known only where zbench was built; programs need it not.
        self.zbench = path_of(args, args.zbench, "bench/zbench")
        self.sources = rows.known_rows(self.zbench) if set(patterns) - \
            set(every) else {}
        chosen = rows.choose([*self.sources, *every], patterns)
        able, missing = programs.available()
        self.programs = [p for p in able if p.name in chosen]
        self.skipped = {n: why for n, why in missing.items() if n in chosen}
        self.names = [n for n in chosen if n not in every]

    def jobs(self, scale, directory):
        return [measure.RowJob(n, self.sources[n], self.zbench, scale)
                for n in self.names] + [
            measure.ProgramJob(p, directory) for p in self.programs]


def show_list(args):
    named = args.rows or args.set
    choice = Choice(args, patterns_of(args) if named else ["*"])
    for name in choice.names:
        print(f"{name}  ({', '.join(sorted(choice.sources[name]))})")
    for p in choice.programs:
        print(f"{p.name}  ({p.about})")
    for name, why in choice.skipped.items():
        print(f"{name}  (cannot run: {why})")
    found, missing = find_allocators(args)
    print("allocators: " + ", ".join(f"{a.name} {a.version}" for a in found))
    for name, why in missing.items():
        print(f"{name}  ({why})")


def find_allocators(args):
    wanted = args.allocators.split(",") if args.allocators else []
    return allocators.find_allocators(
        wanted, path_of(args, args.shim, "preload/.libs/libzobj-malloc.so"))


def command(args):
    """What was asked for, without what only names places here."""
    words = ["bench/compare"]
    if args.set:
        words += ["--set", args.set]
    words += ["-n", str(args.rounds)]
    if args.scale != 1:
        words += ["--scale", f"{args.scale:g}"]
    if args.allocators:
        words += ["--allocators", ",".join(
            name.split("=")[0] for name in args.allocators.split(","))]
    return shlex.join([*words, *args.rows])


def commit():
    """Of the checkout that this is part of, and whether it was changed."""
    def git(*words):
        return subprocess.run(
            ["git", "-C", HERE, *words], check=True, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL).stdout.strip()
    try:
        changed = git("status", "--porcelain", "--", "../lib", "../preload",
                      "../include", ".")
        return git("rev-parse", "--short=12", "HEAD") + (
            " with changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "of no known commit"


# ---- running ----

def run(args, choice):
    """The record, and whether the user interrupted it."""
    found, missing = find_allocators(args)
    tool = path_of(args, None, "tools/zfrag/zfrag-measure")
    with tempfile.TemporaryDirectory(prefix="compare.") as directory:
        jobs = choice.jobs(args.scale, directory)
        for job in jobs:
            job.prepare()
        done, complete = rounds.run_all(jobs, found, args.rounds,
                                        measure.Measure(tool))
    now = datetime.datetime.now().astimezone()
    made = record.Record(
        now.isoformat(timespec="seconds"),
        command(args), commit(), machine.facts(), complete, args.scale,
        found, missing, done, choice.skipped,
        {p.name: p.says() for p in choice.programs})
    return made, complete < args.rounds


def check_outputs(args):
    """Better now than after an hour."""
    for path in filter(None, (args.json, args.svg)):
        directory = os.path.dirname(os.path.abspath(path))
        if not os.access(directory, os.W_OK):
            raise Trouble(f"{path}: cannot be written")


# ---- showing ----

def update(path, text):
    """Put TEXT between the marks."""
    with open(path, encoding="utf-8") as f:
        document = f.read()
    changed, n = re.subn(
        r"(?<=^<!-- compare -->\n).*?(?=^<!-- end -->$)",
        lambda _: f"\n{text}\n\n", document, flags=re.DOTALL | re.MULTILINE)
    if n != 1:
        raise Trouble(f"{path}: there must be one pair of lines "
                      "'<!-- compare -->' and '<!-- end -->'")
    with open(path, "w", encoding="utf-8") as f:
        f.write(changed)


def show(args, made):
    if args.json:
        record.write(args.json, made, figures.of_record(made))
    if args.update:
        update(args.update, tables.report_markdown(made, args.time))
    elif args.markdown:
        print(tables.report_markdown(made, args.time))
    else:
        print(tables.report_text(made, args.time))
    if args.svg:
        chart.write(args.svg, made, args.time)


def compare(args):
    if args.list:
        show_list(args)
        return 0
    check_outputs(args)
    if args.source:
        made, interrupted = record.read(args.source), False
    else:
        made, interrupted = run(args, Choice(args, patterns_of(args)))
    show(args, made)
    if interrupted:
        return EXIT_INTERRUPTED
    return EXIT_FAILED if any(r.failed for r in made.rows) else 0


def main():
    p = parser()
    args = p.parse_intermixed_args()
    if args.source and (args.rows or args.set or args.list):
        p.error("--from FILE shows what was run; it runs nothing")
    try:
        return compare(args)
    except (Trouble, OSError) as e:
        print(f"compare: {e}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
