# SPDX-License-Identifier: BSD-2-Clause
"""Traces of zrun --record: how tests make them, and a reader that knows only
what preload/trace.h says."""

import dataclasses
import os
import struct
import subprocess

BUILD = os.environ.get("ZOBJ_BUILDDIR", ".")
ZRUN = os.path.join(BUILD, "tools/zrun")
REPLAY = os.path.join(BUILD, "tools/zfrag/zfrag-replay")
RECORDED = os.path.join(BUILD, "test/tools/recorded")

HEADER = struct.Struct("=8s4IQ224s")
KINDS = ("NOTE", "ALLOC", "ZEROED", "ALIGNED", "RESIZE", "FREE", "THREAD",
         "TIME")
NOTES = ("NOTHING", "FAILED", "UNKNOWN", "EXIT")


@dataclasses.dataclass
class Event:
    kind: str               # of KINDS, or NOTES
    thread: int
    object: int = None      # a number that no other object has
    size: int = None        # it has now; FREE: it had
    align: int = None


class Trace:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        (self.magic, self.version, size, self.page_size, self.process,
         self.start, program) = HEADER.unpack_from(self.data)
        self.program = program.rstrip(b"\0").decode()
        self.at = size
        self.thread, self.milliseconds = 0, 0
        self.free, self.used, self.last = [], 0, 0
        self.live = {}      # number: (unique number, size)
        self.made = 0
        self.live_bytes, self.peak_bytes = 0, 0
        self.events = list(self._read())

    def _number(self):
        n = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            n |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return n

    def _set(self, number, thing, size):
        self.live_bytes += size - self.live.get(number, (0, 0))[1]
        self.live[number] = thing, size
        self.last = number
        self.peak_bytes = max(self.peak_bytes, self.live_bytes)

    def _new(self, kind, size, align=None):
        if self.free:
            number = self.free.pop()
        else:
            number, self.used = self.used, self.used + 1
        self.made += 1
        self._set(number, self.made, size)
        return Event(kind, self.thread, self.made, size, align)

    def _old(self, folded):
        number = self.last + ((folded >> 1) ^ -(folded & 1))
        return number, *self.live[number]

    def _event(self, first):
        kind, argument = KINDS[first & 7], first >> 3
        if kind == "NOTE":
            note = NOTES[argument]
            size = self._number() if note == "FAILED" else None
            return Event(note, self.thread, size=size)
        if kind in ("ALLOC", "ZEROED"):
            return self._new(kind, argument)
        if kind == "ALIGNED":
            return self._new(kind, self._number(), 1 << argument)
        if kind == "RESIZE":
            number, thing, _ = self._old(argument)
            size = self._number()
            self._set(number, thing, size)
            return Event(kind, self.thread, thing, size)
        if kind == "FREE":
            number, thing, size = self._old(argument)
            self._set(number, thing, 0)
            del self.live[number]
            self.free.append(number)
            return Event(kind, self.thread, thing, size)
        if kind == "THREAD":
            self.thread = argument
        else:
            self.milliseconds += argument
        return None

    def _read(self):
        while self.at < len(self.data) and self.data[self.at] != 0:
            event = self._event(self._number())
            if event:
                yield event


def record(path, *argv, status=0, **how):
    """Record what the program does; its standard error."""
    done = subprocess.run([ZRUN, "--record", path, "--", *argv],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **how)
    assert done.returncode == status, (done.returncode, done.stderr)
    return done.stderr.decode()
