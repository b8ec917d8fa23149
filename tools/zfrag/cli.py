# SPDX-License-Identifier: BSD-2-Clause
"""The command line of zfrag."""

import argparse
import dataclasses
import datetime
import os
import shlex
import shutil
import sys
import tempfile

from . import (allocators, figures, machine, page, plot, report, rounds,
               runner, scenarios, show)
from .trouble import Trouble

EXIT_DIFFERENT = 1      # runs did not do the same
EXIT_USAGE = 2          # nothing was measured, or not written
EXIT_INTERRUPTED = 130


@dataclasses.dataclass
class Paths:
    """Where the launcher says that things are."""
    version: str
    libexec: str
    shims: list


def at_least(lowest, kind):
    def convert(text):
        value = kind(text)
        if value < lowest:
            raise argparse.ArgumentTypeError(f"must be at least {lowest}")
        return value
    convert.__name__ = "number"
    return convert


def parser(version):
    p = argparse.ArgumentParser(
        prog="zfrag", allow_abbrev=False,
        usage="zfrag [options] [--] command [argument ...]\n"
        "       zfrag [options] --scenario NAME[,NAME...]|all\n"
        "       zfrag [options] --trace FILE\n"
        "       zfrag --list | --from DIR [--markdown] [--output DIR]",
        description="Run a command, or built-in scenarios, under several "
        "allocators, and compare what they hold in memory over time.",
        epilog="Exit status: 0; 1 if runs ended differently or printed "
        "something else; 2 if nothing was measured.")
    p.add_argument("-s", "--scenario", metavar="LIST",
                   help="built-in scenarios, separated by commas, or all")
    p.add_argument("-t", "--trace", metavar="FILE",
                   help="replay the calls of malloc that zrun --record FILE "
                   "has recorded")
    p.add_argument("-l", "--list", action="store_true",
                   help="show scenarios and allocators; run nothing")
    p.add_argument("-n", "--runs", type=at_least(1, int), metavar="N",
                   help="runs per allocator (3, of a command 5)")
    p.add_argument("-w", "--warmups", type=at_least(0, int), metavar="N",
                   help="rounds before that do not count (0, of a command 1)")
    p.add_argument("-a", "--allocators", metavar="LIST",
                   help="names or NAME=/path/of/library.so, separated by "
                   "commas (all that are installed)")
    p.add_argument("--lib", metavar="PATH",
                   help=f"the {allocators.SHIM} to use")
    p.add_argument("-o", "--output", metavar="DIR",
                   help="where report.html, report.png, data.csv and "
                   "data.json go (scenarios: zfrag-DATE here; a command: "
                   "nowhere)")
    p.add_argument("--seed", type=at_least(0, int), default=1, metavar="N",
                   help="of the scenarios' random numbers (1)")
    p.add_argument("--scale", type=at_least(0.001, float), default=1.0,
                   metavar="F", help="of the scenarios' memory (1)")
    p.add_argument("--interval", type=at_least(1, float), default=20.0,
                   metavar="MS", help="between samples (20)")
    p.add_argument("--stdin", metavar="FILE", default=os.devnull,
                   help="standard input of every run (/dev/null)")
    p.add_argument("--timeout", type=at_least(0, float), metavar="SECONDS",
                   help="end a run that takes longer")
    p.add_argument("--keep-output", action="store_true",
                   help="keep what the programs printed, and say where")
    p.add_argument("--from", metavar="DIR", dest="source",
                   help="run nothing; show the report in DIR again")
    p.add_argument("--markdown", action="store_true",
                   help="tables in Markdown")
    p.add_argument("--version", action="version",
                   version=f"zfrag (libzobj) {version}")
    p.add_argument("command", nargs=argparse.REMAINDER,
                   help=argparse.SUPPRESS)
    return p


# ---- a report ----

def write_files(directory, rep, results):
    """All files; returns why some could not be made."""
    os.makedirs(directory, exist_ok=True)
    report.write_csv(directory, rep)
    report.write_json(directory, rep, figures.summary(results))
    trouble = []
    try:
        pictures = plot.Pictures(rep, results)
        pictures.write_png(os.path.join(directory, "report.png"))
        page.write(os.path.join(directory, "report.html"), rep, results,
                   pictures)
    except Trouble as e:
        trouble.append(str(e))
    return trouble


def finish(rep, results, directory, interrupted):
    """Files and exit status."""
    if directory:
        for why in write_files(directory, rep, results):
            print(f"zfrag: {why}", file=sys.stderr)
        print(f"zfrag: the report is in {directory}", file=sys.stderr)
    if interrupted:
        return EXIT_INTERRUPTED
    bad = any(r.failed or r.differences for r in results)
    return EXIT_DIFFERENT if bad else 0


def show_again(args):
    rep = report.read_json(args.source)
    results = [figures.evaluate(rep, s) for s in rep.scenarios]
    show.Printer(args.markdown).report(rep, results)
    return finish(rep, results, args.output, False)


# ---- running ----

def choose(args, argv, places):
    """The scenarios to run, and {name: why not} of the others."""
    if args.trace:
        return [scenarios.of_trace(args.trace)], {}
    if not args.scenario:
        return [scenarios.of_command(argv)], {}
    wanted = scenarios.by_name(args.scenario.split(","))
    lacks = {s.name: f"needs {why}" for s in wanted
             if (why := scenarios.missing(s, places))}
    chosen = [s for s in wanted if s.name not in lacks]
    if not chosen:
        raise Trouble("; ".join(f"{n} {why}" for n, why in lacks.items()))
    return chosen, lacks


def run_all(args, job, rep, chosen):
    """Run and show one scenario after the other."""
    command = chosen[0].is_command
    runs = args.runs or (5 if command else 3)
    warmups = args.warmups if args.warmups is not None else int(command)
    progress = rounds.Progress(chosen, rep.allocators, runs + warmups)
    printer, results = show.Printer(args.markdown), []
    for s in chosen:
        done, interrupted = rounds.run_rounds(
            job, s, rep.allocators, runs, warmups, progress)
        if done:
            rep.scenarios.append(s)
            rep.runs += done
            results.append(figures.evaluate(rep, s))
            printer.scenario(rep, results[-1])
        if interrupted:
            rep.notes.append("interrupted: only complete rounds are counted")
            break
    if not results:
        raise KeyboardInterrupt
    printer.end(rep, results)
    return results, interrupted


def compare(args, argv, paths):
    """Everything from the command line to the exit status."""
    wanted = args.allocators.split(",") if args.allocators else None
    found, missing = allocators.find_allocators(wanted, paths, args.lib)
    if args.list:
        show.show_list(found, missing)
        return 0
    notes = machine.environment_notes()
    if argv:
        notes += machine.command_notes(argv[0])
    job = runner.Job(paths.libexec, args.seed, args.scale,
                     args.interval / 1000, args.stdin, args.timeout,
                     args.keep_output)
    chosen, left_out = choose(args, argv, job.places())
    now = datetime.datetime.now().astimezone()
    directory = args.output or (
        f"zfrag-{now:%Y%m%d-%H%M%S}" if not argv else None)
    if directory:
        os.makedirs(directory, exist_ok=True)   # better now than afterwards
    rep = report.Report(
        paths.version, now.isoformat(timespec="seconds"),
        "zfrag " + shlex.join(sys.argv[1:]), machine.facts(), args.seed,
        args.scale, job.interval, found, missing, left_out, notes, [], [])
    job.directory = tempfile.mkdtemp(prefix="zfrag.")
    try:
        results, interrupted = run_all(args, job, rep, chosen)
    finally:
        if args.keep_output:
            print(f"zfrag: output is in {job.directory}", file=sys.stderr)
        else:
            shutil.rmtree(job.directory, ignore_errors=True)
    return finish(rep, results, directory, interrupted)


def main(paths):
    p = parser(paths.version)
    args = p.parse_args()
    argv = args.command[1:] if args.command[:1] == ["--"] else args.command
    modes = sum(map(bool, (argv, args.scenario, args.trace, args.source,
                           args.list)))
    if modes != 1:
        p.print_usage(sys.stderr)
        return EXIT_USAGE
    try:
        return show_again(args) if args.source else compare(args, argv, paths)
    except (Trouble, OSError) as e:
        print(f"zfrag: {e}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
