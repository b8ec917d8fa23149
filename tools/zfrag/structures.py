# SPDX-License-Identifier: BSD-2-Clause
"""A load: a Python program builds large structures, drops most of them, idles,
and builds others.

To be run with PYTHONMALLOC=malloc, so that each object is one of the
allocator's.  How much is live, Python does not tell.
"""

import argparse
import gc
import json
import random
import time

from protocol import Reporter

RECORDS = 60_000        # at scale 1
KEPT = 20               # one part of so many survives
IDLE = 2                # seconds


def words(rng):
    """A vocabulary, so that strings have the lengths of words."""
    letters = "etaoinshrdlu"
    return ["".join(rng.choices(letters, k=rng.randint(2, 12)))
            for _ in range(5000)]


class Factory:
    def __init__(self, rng):
        self.rng, self.words = rng, words(rng)

    def record(self, number):
        """What a web service might hold of a customer."""
        pick = self.rng.choice
        return {
            "id": number,
            "name": f"{pick(self.words)} {pick(self.words)}",
            "tags": [pick(self.words) for _ in range(self.rng.randint(0, 8))],
            "orders": [{"item": pick(self.words), "price": self.rng.random(),
                        "count": self.rng.randint(1, 1000)}
                       for _ in range(self.rng.randint(0, 4))],
        }

    def text(self, number):
        """What an editor or a parser might hold of a line."""
        line = " ".join(self.rng.choices(self.words,
                                         k=self.rng.randint(1, 40)))
        return (number, line, line.split(), {w: len(w) for w in line.split()})

    def parsed(self, count):
        """Nested structures by way of JSON: a large text, then its objects."""
        return json.loads(json.dumps([self.record(i) for i in range(count)]))


def survivors(rng, things):
    return rng.sample(things, len(things) // KEPT)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--scale", type=float, default=1)
    args = p.parse_args()
    count = max(KEPT, int(RECORDS * args.scale))
    reporter, rng = Reporter(), random.Random(args.seed)
    factory = Factory(rng)
    # Nothing here is a cycle, and collecting in between would only add noise.
    gc.disable()

    records = factory.parsed(count)
    records += [factory.record(i) for i in range(count)]
    reporter.phase("peak")
    records = survivors(rng, records)
    reporter.phase("freed")
    time.sleep(IDLE)
    reporter.phase("idle")
    lines = [factory.text(i) for i in range(count)]
    reporter.phase("refill")
    print(len(records), len(lines))


if __name__ == "__main__":
    main()
