# SPDX-License-Identifier: BSD-2-Clause
"""Which allocators are installed, and how a program is made to use one."""

import dataclasses
import functools
import glob
import hashlib
import os
import platform
import shutil
import subprocess
import sysconfig

from .trouble import Trouble

SHIM = "libzobj-malloc.so"


@dataclasses.dataclass(frozen=True)
class Known:
    """An allocator that may be installed."""
    name: str
    patterns: tuple         # sonames or globs; the first found is used
    package: str            # Debian's
    settings: str = ""      # for MALLOC_CONF


KNOWN = (
    Known("jemalloc", ("libjemalloc.so.2",), "libjemalloc2"),
    Known("jemalloc-bg", ("libjemalloc.so.2",), "libjemalloc2",
          "background_thread:true"),
    Known("mimalloc", ("libmimalloc.so.3*", "libmimalloc.so.2*"),
          "libmimalloc2.0"),
    Known("tcmalloc", ("libtcmalloc_minimal.so.4", "libtcmalloc.so.4"),
          "libtcmalloc-minimal4"),
)


@dataclasses.dataclass
class Allocator:
    name: str
    path: str = ""          # empty: nothing is preloaded
    version: str = ""
    settings: str = ""      # for MALLOC_CONF

    def variables(self):
        """NAME=VALUE that make a program use it."""
        found = []
        if self.path:
            old = os.environ.get("LD_PRELOAD")
            found = ["LD_PRELOAD=" + self.path + (":" + old if old else ""),
                     "ZFRAG_PRELOAD=" + self.path]
        if self.settings:
            old = os.environ.get("MALLOC_CONF")
            found.append("MALLOC_CONF=" + (old + "," if old else "")
                         + self.settings)
        return found

    def about(self, path=True):
        """A line for people."""
        return " ".join(filter(None, (self.version, self.settings,
                                      path and self.path)))


# ---- finding them ----

def library_dirs():
    """Where the dynamic linker looks, most specific first."""
    dirs = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    ldconfig = shutil.which("ldconfig") or shutil.which(
        "ldconfig", path="/sbin:/usr/sbin")
    if ldconfig:
        dirs += [os.path.dirname(line.split(" => ")[1])
                 for line in output_of(ldconfig, "-p").splitlines()
                 if " => " in line]
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    for top in ("/usr/local/lib", "/usr/lib", "/lib"):
        dirs += [os.path.join(top, multiarch), top + "64", top]
    return list(dict.fromkeys(d.rstrip("/") for d in dirs if d))


def find_library(patterns, dirs):
    for pattern in patterns:
        for d in dirs:
            for path in sorted(glob.glob(os.path.join(d, pattern))):
                if why_not_loadable(path) is None:
                    return path
    return ""


@functools.cache
def why_not_loadable(path):
    """None if the dynamic linker really preloads PATH, else what it says."""
    if any(c in path for c in " :"):
        return "LD_PRELOAD cannot hold a path with a space or a colon"
    done = subprocess.run(["cat", "/proc/self/maps"],
                          env=dict(os.environ, LD_PRELOAD=path),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode == 0 and os.path.realpath(path) in done.stdout:
        return None
    said = done.stderr.strip().splitlines()
    return said[-1] if said else f"cat(1) under it: {done.returncode}"


def find_shim(given, places):
    """libzobj's library: as told, else the first of PLACES that is there."""
    told = given or os.environ.get("ZOBJ_MALLOC_LIB")
    for place in [told] if told else places:
        if os.path.isfile(place):
            return os.path.realpath(place)
    if told:
        raise Trouble(f"{told}: no such file; name the file {SHIM}")
    return ""


class Finder:
    def __init__(self, ours, shim):
        self.ours, self.shim = ours, shim
        self.dirs = library_dirs()

    def find(self, name):
        """The allocator NAME, or a string that says why not."""
        known = next((k for k in KNOWN if k.name == name), None)
        if name == "glibc":
            return Allocator("glibc", version=libc_version())
        if known:
            path = find_library(known.patterns, self.dirs)
            why = f"not installed (package {known.package})"
            settings = known.settings
        elif name == "zobj":
            path = find_shim(self.shim, self.ours.shims)
            why = (f"no {SHIM} in {', '.join(self.ours.shims)}; say where "
                   "it is with --lib or ZOBJ_MALLOC_LIB")
            settings = ""
        elif "=" in name:
            name, given = name.split("=", 1)
            path = os.path.realpath(given) if os.path.isfile(given) else ""
            why, settings = f"{given}: no such file", ""
        else:
            return ("unknown; known are glibc, zobj, "
                    + ", ".join(k.name for k in KNOWN)
                    + ", or NAME=/path/of/library.so")
        if not path:
            return why
        version = version_of(path)
        if name == "zobj":
            version = f"libzobj {self.ours.version} {version}"
        return why_not_loadable(path) or Allocator(
            name, path, version, settings)


def find_allocators(wanted, ours, shim=None):
    """Two things: the allocators found, and {name: why not} of the others.

    OURS says where libzobj may be; SHIM, if given, is where it is.
    """
    names = wanted or ["glibc", *(k.name for k in KNOWN), "zobj"]
    if len({n.split("=")[0] for n in names}) < len(names):
        raise Trouble("--allocators: a name occurs twice")
    finder = Finder(ours, shim)
    answers = {n.split("=")[0]: finder.find(n) for n in names}
    found = [a for a in answers.values() if isinstance(a, Allocator)]
    missing = {n: a for n, a in answers.items() if isinstance(a, str)}
    if wanted and missing:
        raise Trouble("; ".join(f"{n}: {why}" for n, why in missing.items()))
    return found, missing


# ---- versions ----

def output_of(*argv):
    """Standard output, or nothing."""
    if shutil.which(argv[0]) is None:
        return ""
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return done.stdout.strip() if done.returncode == 0 else ""


def libc_version():
    package = output_of("dpkg-query", "-W", "-f", "${Version}", "libc6")
    return package or platform.libc_ver()[1] or "version unknown"


def file_hash(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            h.update(block)
    return h.hexdigest()


@functools.cache
def version_of(path):
    """As exact as possible: package version, else a hash of the file."""
    path = os.path.realpath(path)
    owner = output_of("dpkg-query", "-S", path).splitlines()
    if owner:
        package = owner[0].rsplit(": ", 1)[0]
        version = output_of("dpkg-query", "-W", "-f", "${Version}", package)
    else:
        version = output_of("rpm", "-qf", "--qf", "%{VERSION}-%{RELEASE}",
                            path)
    return version or "sha256 " + file_hash(path)[:12]
