# SPDX-License-Identifier: BSD-2-Clause
"""The job of redis-server: clients that ask for much at a time.

Clients run on the C library's malloc; only the server is measured.
"""

import os
import subprocess
import time

from zfrag.trouble import Trouble

SOCKET = "redis.sock"
START_LIMIT = 20            # seconds until the server must answer

# Commands of redis-benchmark, how many of them, and bytes of a value.
ROUNDS = (("set,get,incr", 150000, 40), ("lpush,rpop,sadd,hset", 60000, 100),
          ("set", 60000, 700), ("mset,zadd", 20000, 60))

# Of a server that writes nothing but its socket.
ARGUMENTS = ("--port", "0", "--unixsocket", SOCKET, "--save", "",
             "--appendonly", "no", "--daemonize", "no")


def ask(*words):
    done = subprocess.run(["redis-cli", "-s", SOCKET, *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL)
    return done.stdout.strip()


def wait_for_server(alive):
    limit = time.monotonic() + START_LIMIT
    while not os.path.exists(SOCKET) or ask("PING") != "PONG":
        if not alive() or time.monotonic() > limit:
            raise Trouble("redis-server does not start")
        time.sleep(0.02)


def drive(alive, environment):
    """Be its clients, in the directory with the socket; end it."""
    wait_for_server(alive)
    mark = "m" * 300
    if ask("SET", "mark", mark) != "OK":
        raise Trouble("redis-server does not do what it is told")
    for commands, requests, size in ROUNDS:
        subprocess.run(
            ["redis-benchmark", "-s", SOCKET, "-P", "16", "-c", "20", "-q",
             "-r", "50000", "-n", str(requests), "-d", str(size), "-t",
             commands], check=True, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    if ask("GET", "mark") != mark or int(ask("DBSIZE")) < 50000:
        raise Trouble("redis-server has lost what it was told")
    ask("SHUTDOWN", "NOSAVE")
