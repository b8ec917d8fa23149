# SPDX-License-Identifier: BSD-2-Clause
"""A job for python3: parse and compile a part of its library, JSON, text.

Prints one line that depends on all results.
"""

import ast
import collections
import glob
import hashlib
import json
import os
import re
import sys

ROUNDS = 3
MODULES = 40
RECORDS = 6000


def sources():
    """Of modules that every installation has."""
    directory = os.path.dirname(os.__file__)
    for path in sorted(glob.glob(os.path.join(directory, "[a-h]*.py")))[
            :MODULES]:
        with open(path, encoding="utf-8") as f:
            yield f.read()


def compiled(text):
    """Its syntax tree as text, and the code's size."""
    tree = ast.parse(text)
    code = compile(tree, "source", "exec")
    return len(ast.dump(tree)), len(code.co_code)


def records():
    return [{"id": i, "name": f"user {i * 7919 % 10007}", "tags":
             [f"t{i % k}" for k in range(2, 9)],
             "score": i / 7, "more": {"a": None, "b": [i, i + 1, i * i]}}
            for i in range(RECORDS)]


def words(text):
    counts = collections.Counter(re.findall(r"[A-Za-z_]\w+", text))
    lines = sorted(text.splitlines(), key=lambda s: (len(s), s))
    return counts.most_common(5), "".join(lines)[:200]


def main():
    digest = hashlib.sha256()
    texts = list(sources())
    for _ in range(ROUNDS):
        for text in texts:
            digest.update(repr((compiled(text), words(text))).encode())
        data = records()
        text = json.dumps(data, sort_keys=True)
        if json.loads(text) != data:
            sys.exit("JSON does not come back as it was")
        digest.update(text.encode())
    print(len(texts), digest.hexdigest())


if __name__ == "__main__":
    main()
