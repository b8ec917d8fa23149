# SPDX-License-Identifier: BSD-2-Clause
"""A load: redis-server is filled, loses half of its keys, idles, and is
filled again with values of other sizes.

This client talks to it in pipelined batches over a socket of its own.  It is
started without the allocator (LD_PRELOAD), and starts the server with the one
that ZFRAG_PRELOAD names: only the server is measured.  Where that names none,
it is the C library's: redis-server may be linked with another.
"""

import argparse
import contextlib
import os
import random
import socket
import subprocess
import time

from protocol import Reporter

KEYS = 250_000          # at scale 1
IDLE = 2                # seconds
BATCH = 500             # commands under way at a time
START_LIMIT = 10        # seconds until the server must listen

# Lengths of values: the first to fill, the second to refill.
SIZES = (range(16, 512), range(48, 900))

# Values are pieces of this; any content will do, if it can be recognized.
TEXT = bytes(ord("a") + i % 26 for i in range(2 * SIZES[1].stop))


def value_of(key, size):
    at = key % SIZES[1].stop
    return TEXT[at:at + size]


def command(*words):
    """The words in redis's protocol, RESP."""
    head = b"*%d\r\n" % len(words)
    return head + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


class Server:
    """A redis-server on a unix socket, and the connection to it."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "redis.sock")
        allocator = os.environ.get("ZFRAG_PRELOAD", "libc.so.6")
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path,
             "--dir", directory, "--save", "", "--appendonly", "no"],
            env=dict(os.environ, LD_PRELOAD=allocator), stdout=subprocess.DEVNULL)
        self.socket = socket.socket(socket.AF_UNIX)

    def connect(self):
        limit = time.monotonic() + START_LIMIT
        while True:
            with contextlib.suppress(FileNotFoundError,
                                     ConnectionRefusedError):
                return self.socket.connect(self.path)
            if self.process.poll() is not None or time.monotonic() > limit:
                raise SystemExit("redis-server does not start")
            time.sleep(0.01)

    def ask(self, commands, expected):
        """Send the commands, all at once; they must be answered like this."""
        self.socket.sendall(b"".join(commands))
        answer = b""
        while len(answer) < len(expected):
            part = self.socket.recv(len(expected) - len(answer))
            if not part:
                raise SystemExit("redis-server went away")
            answer += part
        if answer != expected:
            raise SystemExit(f"redis-server answered {answer[:200]!r}")

    def __enter__(self):
        self.connect()
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.process.terminate()
        self.process.wait()


class Load:
    """What the server should hold, and how it gets there."""

    def __init__(self, server, reporter, rng):
        self.server, self.reporter, self.rng = server, reporter, rng
        self.values = {}        # key: length of the value
        self.live = 0

    @staticmethod
    def name(key):
        return b"user:%08d:profile" % key

    def _each(self, keys, do):
        """Call DO for batches of keys, and tell what is live."""
        for i in range(0, len(keys), BATCH):
            do(keys[i:i + BATCH])
            self.reporter.live(self.live)

    def fill(self, keys, sizes):
        self._each(keys, lambda batch: self._set(batch, sizes))

    def _set(self, batch, sizes):
        commands = []
        for key in batch:
            size = self.rng.choice(sizes)
            commands.append(
                command(b"SET", self.name(key), value_of(key, size)))
            self.values[key] = size
            self.live += len(self.name(key)) + size
        self.server.ask(commands, b"+OK\r\n" * len(batch))

    def drop(self, keys):
        self._each(keys, self._delete)

    def _delete(self, batch):
        for key in batch:
            self.live -= len(self.name(key)) + self.values.pop(key)
        self.server.ask([command(b"DEL", *map(self.name, batch))],
                        b":%d\r\n" % len(batch))

    def check(self, count):
        """Are COUNT random values, and all of the others, still there?"""
        self.server.ask([command(b"DBSIZE")], b":%d\r\n" % len(self.values))
        for key in self.rng.sample(list(self.values),
                                   min(count, len(self.values))):
            value = value_of(key, self.values[key])
            self.server.ask([command(b"GET", self.name(key))],
                            b"$%d\r\n%s\r\n" % (len(value), value))

    def run(self, count):
        keys = list(range(count))
        self.fill(keys, SIZES[0])
        self.reporter.phase("peak", self.live)
        self.rng.shuffle(keys)
        gone = keys[:count // 2]
        self.drop(gone)
        self.reporter.phase("freed", self.live)
        time.sleep(IDLE)
        self.reporter.phase("idle", self.live)
        self.fill(gone, SIZES[1])
        self.reporter.phase("refill", self.live)
        self.check(1000)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--scale", type=float, default=1)
    p.add_argument("directory", help="for the socket")
    args = p.parse_args()
    reporter = Reporter()
    with Server(args.directory) as server:
        reporter.pid(server.process.pid)
        load = Load(server, reporter, random.Random(args.seed))
        load.run(max(2, int(KEYS * args.scale)))


if __name__ == "__main__":
    main()
