# SPDX-License-Identifier: BSD-2-Clause
"""Which allocators are compared, and how a program is made to use one."""

import dataclasses
import os

from zfrag import allocators as zfrag
from zfrag.trouble import Trouble

# Of Debian's packages that have an allocator to preload: (name, sonames or
# globs of which the first found is used, package).
PEERS = (
    ("jemalloc", ("libjemalloc.so.2",), "libjemalloc2"),
    ("mimalloc", ("libmimalloc.so.3*", "libmimalloc.so.2*"),
     "libmimalloc2.0"),
    ("tcmalloc", ("libtcmalloc.so.4",), "libgoogle-perftools4"),
    ("tcmin", ("libtcmalloc_minimal.so.4",), "libtcmalloc-minimal4"),
    ("tbb", ("libtbbmalloc_proxy.so.2",), "libtbbmalloc2"),
)
OURS = ("zobj", "zone")     # the shim; the zone API without any shim
NAMES = ("glibc", *(name for name, _, _ in PEERS), *OURS)

# What tunes an allocator would make the comparison one of settings.
TUNING = ("LD_PRELOAD", "ZOBJ_", "MALLOC_", "MIMALLOC_", "TCMALLOC_", "TBB_",
          "GLIBC_TUNABLES")


@dataclasses.dataclass
class Allocator:
    name: str
    path: str = ""          # empty: nothing is preloaded
    version: str = ""
    source: str = "malloc"  # the first part of the names of zbench's rows

    def runs(self, sources):
        """Can it run what can use these sources?"""
        return self.source in sources


def clean_environment():
    """Ours, without what would change an allocator."""
    return {k: v for k, v in os.environ.items() if not k.startswith(TUNING)}


def loadable(name, path, version=None):
    why = zfrag.why_not_loadable(path)
    if why:
        raise Trouble(f"{name}: {path} cannot be preloaded: {why}")
    return Allocator(name, path, version or zfrag.version_of(path))


def find_shim(path):
    if not os.path.isfile(path):
        raise Trouble(f"zobj: {path}: no such file; say where it is "
                      "with --shim")
    return loadable("zobj", os.path.realpath(path))


def find(name, shim):
    """The allocator NAME, or a string that says why not."""
    if name == "glibc":
        return Allocator("glibc", version=zfrag.libc_version())
    if name == "zone":
        return Allocator("zone", version="libzobj.so of the same build",
                         source="zone")
    if name == "zobj":
        return find_shim(shim)
    if "=" in name:
        name, path = name.split("=", 1)
        return loadable(name, os.path.realpath(path))
    known = next((p for p in PEERS if p[0] == name), None)
    if not known:
        return ("unknown; known are " + ", ".join(NAMES)
                + ", or NAME=/path/of/library.so")
    path = zfrag.find_library(known[1], zfrag.library_dirs())
    return Allocator(name, path, zfrag.version_of(path)) if path else \
        f"not installed (package {known[2]})"


def find_allocators(wanted, shim):
    """Those found, and {name: why not} of the others.

    WANTED: names; empty: all.  They must all be there.
    """
    if len({n.split("=")[0] for n in wanted}) < len(wanted):
        raise Trouble("--allocators: a name occurs twice")
    answers = {n.split("=")[0]: find(n, shim) for n in wanted or NAMES}
    missing = {n: a for n, a in answers.items() if isinstance(a, str)}
    if wanted and missing:
        raise Trouble("; ".join(f"{n}: {why}" for n, why in missing.items()))
    return [a for a in answers.values() if isinstance(a, Allocator)], missing
