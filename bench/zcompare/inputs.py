# SPDX-License-Identifier: BSD-2-Clause
"""What the jobs of the programs read: made once, always the same."""

import os
import random
import subprocess

SEED = 20110704


# ---- text ----

def vocabulary(rng, size):
    """Words of two to five syllables."""
    syllables = [c + v + e for c in "bcdfghlmnprstv" for v in "aeiou"
                 for e in ("", "n", "r", "s")]
    return ["".join(rng.choices(syllables, k=rng.randint(1, 4)))
            for _ in range(size)]


def write_text(path, words):
    """Lines of words, of which some are much more frequent than others."""
    rng = random.Random(SEED)
    known = vocabulary(rng, 20000)
    with open(path, "w", encoding="ascii") as f:
        for _ in range(words // 10):
            ranks = [int(len(known) ** rng.random()) - 1 for _ in range(10)]
            f.write(" ".join(known[r] for r in ranks) + "\n")


# ---- C ----

def expression(rng, depth):
    if depth == 0:
        return rng.choice(("a", "b", "c", "t[i & 15]", "s->x", "s->y",
                           str(rng.randint(1, 9999))))
    left, right = (expression(rng, depth - 1) for _ in range(2))
    op = rng.choice(("+", "-", "*", "&", "^", "|"))
    return f"({left} {op} {right})"


def statement(rng, depth):
    """One that ends: loops count to what is known."""
    kind = rng.randrange(5) if depth else 0
    value = expression(rng, rng.randint(1, 3))
    if kind == 0:
        return f"{rng.choice('abc')} = {value};"
    inner = " ".join(statement(rng, depth - 1)
                     for _ in range(rng.randint(1, 3)))
    if kind == 1:
        return f"if ({value} > {expression(rng, 1)}) {{ {inner} }}"
    if kind == 2:
        return (f"for (unsigned i = 0; i < {rng.randint(2, 40)}; i++) "
                f"{{ t[i & 15] += {value}; {inner} }}")
    if kind == 3:
        cases = " ".join(f"case {k}: {statement(rng, 0)} break;"
                         for k in range(rng.randint(2, 6)))
        return f"switch ({value} & 7) {{ {cases} default: a++; }}"
    return f"s->x = {value}; {inner} s->y ^= a;"


def function(rng, number):
    body = "\n\t".join(statement(rng, 3) for _ in range(rng.randint(3, 9)))
    call = f"b += f{rng.randrange(number)}(s, c, a);" if number else ""
    return (f"static unsigned f{number}(struct s *s, unsigned a, unsigned b)"
            "\n{\n\tunsigned c = a ^ b, i = c & 15, t[16] = { a, b };\n\t"
            f"{body}\n\t{call}\n\treturn a + b + c + t[i];\n}}\n")


def write_c(path, functions):
    rng = random.Random(SEED)
    with open(path, "w", encoding="ascii") as f:
        f.write("struct s { unsigned x, y; };\n")
        for number in range(functions):
            f.write(function(rng, number))
        calls = " + ".join(f"f{n}(s, {n}, 1)" for n in range(functions))
        f.write(f"unsigned all(struct s *s) {{ return {calls}; }}\n")


# ---- a repository ----

def history(rng, commits, files):
    """A stream for git fast-import."""
    known = vocabulary(rng, 3000)
    texts = {}
    for number in range(commits):
        yield (f"commit refs/heads/main\n"
               f"committer A U Thor <author@example.org> {10**9 + number}"
               f" +0000\ndata <<END\nchange {number}\nEND\n")
        for _ in range(rng.randint(1, 4)):
            name = f"d{rng.randrange(20)}/f{rng.randrange(files)}.txt"
            lines = texts.setdefault(name, [])
            for _ in range(rng.randint(5, 40)):
                lines.insert(rng.randint(0, len(lines)),
                             " ".join(rng.choices(known, k=8)))
            text = "\n".join(lines) + "\n"
            yield f"M 644 inline {name}\ndata {len(text)}\n{text}\n"


def write_repository(git, path, commits):
    """A bare repository, all of it in one pack that is not deltified."""
    env = dict(os.environ, GIT_CONFIG_NOSYSTEM="1", HOME=path)
    subprocess.run([git, "init", "-q", "--bare", path], check=True, env=env)
    stream = "".join(history(random.Random(SEED), commits, 100))
    subprocess.run([git, "-C", path, "fast-import", "--quiet", "--depth=0"],
                   input=stream.encode(), check=True, env=env)
