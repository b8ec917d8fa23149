#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""instructions.py [--update]

Counts the instructions of zone_alloc, zone_free, malloc and free in the
patterns of patterns.c with valgrind's callgrind, and compares them with the
golden file, instructions.golden.  Objects have 64 bytes.

    pair    free what was just allocated: the fast paths alone
    batch   10,000 allocated, then 10,000 freed in the same order
    random  replace one of 100,000 live objects, chosen at random

A count that has changed fails the test, also when it is smaller: whoever
changes the fast paths says so by running, in the build directory,

    make update-golden

and commits the new file with the change.  The numbers are those of one
compiler, which the golden file names; with any other the test is skipped.
"""

import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "instructions.golden")
TOLERANCE = 0.05        # instructions per call

PATTERNS = ("pair", "batch", "random")
CALLS = {
    "malloc": ("malloc", "free"),
    "zone": ("zobj_alloc", "zobj_free"),
}


def skip(why):
    print("skipped:", why)
    sys.exit(77)


def compiler():
    """What the library was compiled with, as the golden file says it."""
    cc = os.environ.get("CC", "gcc").split()

    def ask(option):
        return subprocess.run(cc + [option], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True
                              ).stdout.strip()
    version = ask("--version")
    if "Free Software Foundation" not in version:
        return (version.splitlines() or ["unknown"])[0]
    return f"gcc {ask('-dumpfullversion')} {ask('-dumpmachine')}"


def check_build(pinned):
    """Is this the build that the golden file is about?"""
    if shutil.which("valgrind") is None:
        skip("valgrind is not installed")
    flags = os.environ.get("ZOBJ_BUILD_FLAGS", "").split()
    optimized = [f for f in flags if f.startswith("-O")]
    other = [f for f in flags if f not in ("-g", "-O2")]
    if optimized[-1:] != ["-O2"] or other:
        skip(f"the library was built with {' '.join(flags)}, not -g -O2")
    here = compiler()
    if pinned is not None and here != pinned:
        skip(f"the golden file is for {pinned}, this is {here}")
    return here


def run_callgrind(program, shim, source, pattern, out):
    env = dict(os.environ, ZOBJ_OPTIONS="")
    env.pop("LD_PRELOAD", None)
    # Calls cross from one object into another; with lazy binding the first
    # of them would cost thousands of instructions.
    env["LD_BIND_NOW"] = "1"
    if source == "malloc":
        env["LD_PRELOAD"] = shim
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--toggle-collect=measured",
         f"--callgrind-out-file={out}", program, source, pattern],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"patterns {source} {pattern} failed under valgrind:\n"
                 + done.stderr)
    return int(done.stdout)


def costs_of(path, caller):
    """{function: instructions} of the calls made by CALLER.

    In callgrind's format a name is given as "(number) name" once and as
    "(number)" later; a call is a "cfn=" line, a "calls=" line and a line with
    the position and the inclusive cost.  (The numbers of calls are no use:
    they include calls made while costs were not counted.)
    """
    names, costs = {}, collections.defaultdict(int)
    function = callee = None
    is_call = False
    name = re.compile(r"(c?fn)=\((\d+)\)(?: (.*))?$")
    with open(path) as f:
        for line in f:
            match = name.match(line)
            if match:
                kind, number, text = match.groups()
                if text:
                    names[number] = text
                if kind == "fn":
                    function = names[number]
                else:
                    callee = names[number]
            elif line.startswith("calls="):
                is_call = True
            elif is_call:
                if function == caller:
                    costs[callee] += int(line.split()[1])
                is_call = False
    return costs


def count_all(program, shim):
    """{(source, pattern): (instructions of alloc, of free)}, per call"""
    counts = {}
    with tempfile.TemporaryDirectory() as directory:
        for source, verbs in CALLS.items():
            for pattern in PATTERNS:
                out = os.path.join(directory, "out")
                n = run_callgrind(program, shim, source, pattern, out)
                costs = costs_of(out, f"{source}_{pattern}")
                if not all(costs[verb] for verb in verbs):
                    sys.exit(f"{source} {pattern} has not called "
                             f"{' and '.join(verbs)}: {dict(costs)}")
                counts[source, pattern] = tuple(
                    costs[verb] / n for verb in verbs)
    return counts


def show(counts):
    lines = [f"{'source':8}{'pattern':8}{'alloc':>8}{'free':>8}{'both':>8}"]
    for (source, pattern), (alloc, free) in counts.items():
        lines.append(f"{source:8}{pattern:8}{alloc:8.2f}{free:8.2f}"
                     f"{alloc + free:8.2f}")
    return "\n".join(lines)


def read_golden():
    """(compiler, counts), or (None, {}) before there is a golden file."""
    if not os.path.exists(GOLDEN):
        return None, {}
    pinned, counts = None, {}
    with open(GOLDEN) as f:
        for line in f:
            fields = line.split()
            if line.startswith("compiler "):
                pinned = line.split(maxsplit=1)[1].strip()
            elif fields[:1] and fields[0] in CALLS:
                counts[fields[0], fields[1]] = (float(fields[2]),
                                                float(fields[3]))
    return pinned, counts


def write_golden(here, counts):
    with open(GOLDEN, "w") as f:
        f.write("# Instructions per call; made by instructions.py --update.\n"
                f"compiler {here}\n\n{show(counts)}\n")
    print(show(counts))
    print("written to", GOLDEN)


def differences(golden, counts):
    for key, new in counts.items():
        old = golden.get(key)
        if old is None:
            yield f"{' '.join(key)}: not in the golden file"
            continue
        for verb, a, b in zip(CALLS[key[0]], old, new):
            if abs(a - b) > TOLERANCE:
                yield (f"{' '.join(key)}: {verb} takes {b:.2f} instructions, "
                       f"the golden file says {a:.2f}")


def main():
    update = sys.argv[1:] == ["--update"]
    pinned, golden = read_golden()
    here = check_build(None if update else pinned)
    program = os.path.join(os.environ["ZOBJ_BUILDDIR"], "test/golden/patterns")
    counts = count_all(program, os.environ["ZOBJ_SHIM"])
    if update:
        write_golden(here, counts)
        return
    print(show(counts))
    changed = list(differences(golden, counts))
    if changed:
        print("\n" + "\n".join(changed))
        sys.exit("The fast paths have changed. If that is what you want, run "
                 "\"make update-golden\"\nin the build directory and commit "
                 "test/golden/instructions.golden.")


if __name__ == "__main__":
    main()
