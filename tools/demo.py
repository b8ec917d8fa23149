# SPDX-License-Identifier: BSD-2-Clause
"""The program of tools/demo.sh: an ordinary one with much to allocate.

Parses every module of Python's standard library into a syntax tree, keeps
the trees, and turns them into text again: some seconds, some hundred MiB,
millions of small objects that live together and die together.
"""

import ast
import glob
import os

trees = []
characters = 0
for name in sorted(glob.glob(os.path.dirname(os.__file__) + "/*.py")):
    with open(name, encoding="utf-8", errors="replace") as source:
        trees.append(ast.parse(source.read(), name))
    characters += len(ast.unparse(trees[-1]))
nodes = sum(1 for tree in trees for _ in ast.walk(tree))
print(f"{len(trees)} modules, {nodes:,} nodes, {characters:,} characters")
