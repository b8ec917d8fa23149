# SPDX-License-Identifier: BSD-2-Clause
"""Whole programs, each with a job that takes about a second.

In arguments, {jobs} is the directory of the jobs, {inputs} that of their
inputs, and {PROGRAM} the program's path.
"""

import dataclasses
import os
import re
import shutil
import subprocess

from . import allocators, inputs, redis

JOBS = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "jobs")

# A system's own programs first: their versions are those of its packages.
PATH = "/usr/bin:/bin:" + os.environ.get("PATH", "")


def which(name):
    return shutil.which(name, path=PATH)


@dataclasses.dataclass(frozen=True)
class Program:
    name: str
    about: str              # what it does
    program: str            # what is measured
    package: str            # Debian's
    argv: tuple             # behind the program
    needs: tuple = ()       # other programs
    env: dict = dataclasses.field(default_factory=dict)
    prepare: object = None  # called once, with the directory of inputs
    before: object = None   # called before each run, with the same, in the
                            # run's own directory
    drive: object = None    # called while it runs
    # What must be the same under all allocators: standard output, or this
    # file, or what this command prints, or nothing as `drive` sees to it.
    output: str = ""
    after: tuple = ()
    checked: bool = False
    version: tuple = ("--version",)

    def missing(self):
        """Programs that it needs and that are not installed."""
        return [n for n in (self.program, *self.needs) if not which(n)]

    def command(self, directory):
        places = {"jobs": JOBS, "inputs": directory}
        return [which(self.program),
                *(word.format(**places) for word in self.argv)]

    def environment(self):
        return allocators.clean_environment() | {"LC_ALL": "C"} | self.env

    def says(self):
        """Its version, as it says."""
        done = subprocess.run(
            [which(self.program), *self.version], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=self.environment())
        found = re.search(r"\d+(\.\d+)+", done.stdout)
        return found.group() if found else "of unknown version"


def text_input(directory):
    path = os.path.join(directory, "text")
    if not os.path.exists(path):
        inputs.write_text(path, 400000)


def long_text_input(directory):
    path = os.path.join(directory, "long-text")
    if not os.path.exists(path):
        inputs.write_text(path, 1000000)


def c_input(directory):
    inputs.write_c(os.path.join(directory, "large.c"), 60)


def repository_input(directory):
    inputs.write_repository(which("git"), os.path.join(
        directory, "repository"), 5000)


def copy_repository(directory):
    shutil.copytree(os.path.join(directory, "repository"), "repository",
                    symlinks=True)


GIT_ENV = {"GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"}

PROGRAMS = (
    Program("python3", "parse and compile modules, JSON, words",
            "python3", "python3", ("-S", "-E", "{jobs}/job.py"),
            env={"PYTHONHASHSEED": "0"}),
    Program("python3-malloc", "as python3, with all objects from malloc",
            "python3", "python3", ("-S", "{jobs}/job.py"),
            env={"PYTHONHASHSEED": "0", "PYTHONMALLOC": "malloc"}),
    Program("gcc", "compile a file with 60 large functions, -O2",
            "gcc", "gcc", ("-O2", "-c", "{inputs}/large.c", "-o", "large.o"),
            prepare=c_input, output="large.o"),
    Program("redis", "answer 20 clients that send 16 commands at a time",
            "redis-server", "redis-server", redis.ARGUMENTS,
            needs=("redis-benchmark", "redis-cli"), drive=redis.drive,
            checked=True),
    Program("sqlite3", "fill, index, join, change tables in memory",
            "sqlite3", "sqlite3", (":memory:", ".read {jobs}/job.sql")),
    Program("perl", "count and sort the words of a text",
            "perl", "perl", ("{jobs}/job.pl", "{inputs}/text"),
            env={"PERL_HASH_SEED": "0"}, prepare=text_input,
            version=("-e", "print $^V")),
    Program("lua", "trees of tables, strings, closures, words of a text",
            "lua5.4", "lua5.4", ("{jobs}/job.lua", "{inputs}/text"),
            prepare=text_input, version=("-v",)),
    Program("xz", "compress a text with two threads",
            "xz", "xz-utils", ("-T2", "-2", "--block-size=2MiB", "-c",
                               "{inputs}/long-text"),
            prepare=long_text_input),
    Program("git", "git gc of 5,000 commits, two threads",
            "git", "git", ("-C", "repository", "-c", "pack.threads=2", "-c",
                           "gc.autoDetach=false", "gc", "--quiet"),
            env=GIT_ENV, prepare=repository_input, before=copy_repository,
            after=("git", "-C", "repository", "rev-list", "--all",
                   "--objects", "--count")),
)


def available():
    """Programs that can run, and {name: why not} of the others."""
    found = [p for p in PROGRAMS if not p.missing()]
    missing = {p.name: f"{', '.join(lacks)}: not installed (package "
                       f"{p.package})"
               for p in PROGRAMS if (lacks := p.missing())}
    return found, missing
