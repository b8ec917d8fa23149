# SPDX-License-Identifier: BSD-2-Clause
"""How a load in Python tells the harness what it does.

The lines are those of load-report.c:

    pid N             memory of process N is what is measured
    own BYTES         so many of its resident bytes are tables of the load
    live BYTES        that many bytes are asked for and not freed
    phase NAME BYTES  the end of a phase (BYTES may be "-"); waits until it
                      has been measured

Without a harness the phases are printed.
"""

import os


class Reporter:
    def __init__(self):
        self.fd = int(os.environ.get("ZFRAG_FD", -1))
        self.ack = int(os.environ.get("ZFRAG_ACK", -1))

    def _line(self, *words):
        if self.fd >= 0:
            os.write(self.fd, (" ".join(map(str, words)) + "\n").encode())

    def pid(self, number):
        self._line("pid", number)

    def own(self, size):
        self._line("own", size)

    def live(self, size):
        self._line("live", size)

    def phase(self, name, live="-"):
        if self.fd < 0:
            print("phase", name, live, flush=True)
            return
        self._line("phase", name, live)
        if os.read(self.ack, 1) == b"":
            raise EOFError("zfrag went away")
