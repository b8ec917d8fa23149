# SPDX-License-Identifier: BSD-2-Clause
"""What zfrag can run: its scenarios, and any command of the user."""

import dataclasses
import os
import shlex
import shutil

from .trouble import Trouble


@dataclasses.dataclass(frozen=True)
class Need:
    """A program (on PATH, or a path) and the Debian package that has it."""
    program: str
    package: str


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One entry of the table.

    In the command, {python}, {package}, {libexec}, {seed}, {scale},
    {allocator} and {work} are replaced: this interpreter, the directory of
    this file, that of zfrag's programs, two options, the allocator's name,
    and a directory of the run's own.
    """
    name: str
    letter: str             # groups scenarios that belong together
    title: str
    description: str        # one sentence: what it does, what it shows
    command: tuple
    phases: tuple           # empty: not known before it has run
    needs: tuple = ()

    @property
    def is_command(self):
        """A command of the user, not an entry of the table."""
        return not self.letter

    @property
    def is_trace(self):
        return self.name == "trace"


def synthetic(name, letter, title, description, phases):
    """A scenario of zfrag-load."""
    return Scenario(name, letter, title, description,
                    ("{libexec}/zfrag-load", "--seed", "{seed}",
                     "--scale", "{scale}", name), tuple(phases.split()))


def drop(percent, shows):
    return synthetic(
        f"drop-{percent}", "a", f"a random {percent} % is freed",
        "Fills 128 MiB with sizes as programs ask for (mostly 16 to 512 "
        f"bytes, some KiB, few large), frees a random {percent} %, idles for "
        f"two seconds and refills with other sizes: {shows}.",
        "peak freed idle refill")


def survivors(size, shows):
    return synthetic(
        f"one-in-20-{size}", "c", f"one in 20 objects of {size} bytes stays",
        f"Fills 128 MiB with objects of {size} bytes, frees all but a random "
        f"one in 20, and makes no call any more: {shows}.",
        "peak freed idle")


def namecache(name, memory, shows, *options):
    return Scenario(
        name, "h", f"a name cache; {memory}",
        "The name cache of the examples: 350,000 names of three objects "
        "each, a random half goes, two seconds of idleness, other names "
        f"come, and all of it is destroyed: {shows}.",
        ("{libexec}/zfrag-namecache", "--seed", "{seed}",
         "--scale", "{scale}", *options),
        ("peak", "freed", "idle", "refill", "destroyed"))


TABLE = (
    drop(50, "shows what lies between the objects that are left"),
    drop(90, "shows whether memory comes back when little is left"),
    drop(95, "shows whether memory comes back when next to nothing is left"),
    synthetic(
        "server", "b", "a server that lives long",
        "4,000 connections with sessions and objects of random lifetimes, "
        "one object in a hundred immortal, in sizes that change twice; then "
        "90 % of the connections close, nothing happens for two seconds, and "
        "new ones come: shows who is tight in steady traffic and after it.",
        "steady1 steady2 steady3 freed idle refill"),
    survivors(64, "survivors pin nearly every page, so only an allocator "
                  "that placed them otherwise could give much back"),
    survivors(256, "two pages in five are without a survivor, and the "
                   "program never calls again"),
    survivors(1024, "four pages in five are without a survivor, and the "
                    "program never calls again"),
    synthetic(
        "handover", "d", "some threads allocate, others free",
        "Four producers and four consumers hand bursts of objects over in "
        "bounded queues, six rounds and a last fill; then 95 % is consumed, "
        "all idle for two seconds, and the queues fill again: shows where "
        "objects go that are freed by another thread.",
        "peak freed idle refill"),
    synthetic(
        "threads", "e", "16 threads had a peak and are idle",
        "16 threads fill 8 MiB each, free a random 95 %, and sleep for two "
        "seconds while the process lives; then they refill: shows what idle "
        "threads keep.",
        "peak freed idle refill"),
    synthetic(
        "short-threads", "e", "10,000 threads come and go",
        "Each of 10,000 short-lived threads leaves 32 objects to the main "
        "thread, which frees them 4,000 threads later; steady is half way, "
        "peak the end, with the same live, then 95 % is freed: shows what "
        "dead threads leave behind.",
        "steady peak freed idle"),
    synthetic(
        "swing", "e", "half of the memory, twenty times a second",
        "Half of 64 MiB is freed at random and allocated again in other "
        "sizes, twenty times a second for four seconds: shows what giving "
        "back too eagerly costs, so look at the processor time.",
        "peak steady freed idle"),
    # Programs of other people, and an example of this library.
    Scenario(
        "redis", "f", "redis-server loses half of its keys",
        "A client fills redis-server with 250,000 keys and values of 16 to "
        "511 bytes, deletes a random half, idles for two seconds, and sets "
        "the keys again to values of 48 to 899 bytes; live is the payload, "
        "keys and values: shows a server written with care.",
        ("env", "-u", "LD_PRELOAD", "{python}", "{package}/redis.py",
         "--seed", "{seed}", "--scale", "{scale}", "{work}"),
        ("peak", "freed", "idle", "refill"),
        (Need("redis-server", "redis-server"),)),
    Scenario(
        "python", "g", "Python drops large structures",
        "Python, with PYTHONMALLOC=malloc, builds dictionaries, lists and "
        "strings directly and by way of JSON, drops all but a random one in "
        "twenty, idles for two seconds and builds others: shows small "
        "objects of many types mixed.",
        ("env", "PYTHONMALLOC=malloc", "{python}", "{package}/structures.py",
         "--seed", "{seed}", "--scale", "{scale}"),
        ("peak", "freed", "idle", "refill")),
    namecache("namecache", "on malloc",
              "shows a cache whose objects come and go in no order"),
    namecache("namecache-zones", "zones on libzobj, malloc elsewhere",
              "shows what a program gains that uses zones", "--zones"),
)


def by_name(names):
    """The scenarios called NAMES; "all" is all of them."""
    known = {s.name: s for s in TABLE}
    if names == ["all"]:
        return list(TABLE)
    unknown = [n for n in names if n not in known]
    if unknown:
        raise Trouble(f"no scenario {', '.join(unknown)}; known are all, "
                      + ", ".join(known))
    return [known[n] for n in dict.fromkeys(names)]


def of_trace(path):
    """A trace of zrun --record, to be replayed."""
    literal = os.path.abspath(path).replace("{", "{{").replace("}", "}}")
    return Scenario(
        "trace", "i", f"the calls of malloc in {path}",
        "A program's calls of malloc, recorded once and made again under "
        "each allocator: quarter, half and three-quarters are counted in "
        "calls, peak is when most is live, idle two seconds after the end.",
        ("{libexec}/zfrag-replay", "--threads", literal),
        ("quarter", "half", "three-quarters", "peak", "end", "idle"))


def of_command(argv):
    """A user's command, to be run like a scenario."""
    literal = tuple(a.replace("{", "{{").replace("}", "}}") for a in argv)
    return Scenario("command", "", shlex.join(argv), "", literal, ())


def missing(scenario, places):
    """What the scenario needs and is not there, as text; empty: nothing."""
    lacks = []
    for need in scenario.needs:
        program = need.program.format(**places)
        if shutil.which(program) is None and not os.path.exists(program):
            lacks.append(f"{program} (package {need.package})")
    return ", ".join(lacks)
