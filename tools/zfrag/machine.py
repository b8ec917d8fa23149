# SPDX-License-Identifier: BSD-2-Clause
"""What of the machine and of the command the figures depend on."""

import os
import platform
import shutil

from .trouble import Trouble


def value_in(path, label):
    try:
        with open(path) as f:
            return next(line.split(":", 1)[1].strip()
                        for line in f if line.startswith(label))
    except (OSError, StopIteration):
        return "unknown"


def huge_pages():
    try:
        with open("/sys/kernel/mm/transparent_hugepage/enabled") as f:
            return f.read().split("[")[1].split("]")[0]
    except (OSError, IndexError):
        return "unknown"


def facts():
    page_size = os.sysconf("SC_PAGE_SIZE")
    return {"processors": len(os.sched_getaffinity(0)),
            "cpu": value_in("/proc/cpuinfo", "model name"),
            "memory": os.sysconf("SC_PHYS_PAGES") * page_size,
            "kernel": platform.release(), "machine": platform.machine(),
            "page_size": page_size,
            "huge_pages": huge_pages()}


def describe(known):
    return (f"{known['processors']} processors, {known['cpu']}, "
            f"{known['memory'] / (1 << 30):.0f} GiB, Linux {known['kernel']}, "
            f"huge pages {known['huge_pages']}")


def elf_is_static(path):
    """True for an ELF program without a PT_INTERP header."""
    with open(path, "rb") as f:
        head = f.read(64)
        if head[:4] != b"\x7fELF" or len(head) < 64:
            return False
        order = "little" if head[5] == 1 else "big"
        at, size, count = ((32, 54, 56) if head[4] == 2 else (28, 42, 44))
        word = 8 if head[4] == 2 else 4
        offset = int.from_bytes(head[at:at + word], order)
        step = int.from_bytes(head[size:size + 2], order)
        number = int.from_bytes(head[count:count + 2], order)
        f.seek(offset)
        headers = f.read(step * number)
    types = [int.from_bytes(headers[i * step:i * step + 4], order)
             for i in range(number)]
    return 3 not in types


def command_notes(program):
    """Why a comparison of a user's command may be void."""
    notes = []
    path = shutil.which(program)
    if path is None:
        raise Trouble(f"{program}: not found, or not executable")
    try:
        if elf_is_static(path):
            notes.append(f"{path} is statically linked: nothing can be "
                         "preloaded, all runs use its own malloc")
        st = os.stat(path)
        if (st.st_mode & 0o4000 and st.st_uid != os.getuid()) or \
           (st.st_mode & 0o2000 and st.st_gid != os.getgid()):
            notes.append(f"{path} is set-ID: LD_PRELOAD is ignored, all runs "
                         "use its own malloc")
    except OSError:
        pass
    return notes


def environment_notes():
    old = os.environ.get("LD_PRELOAD")
    return [f"LD_PRELOAD was set and stays in force, also for glibc: {old}"] \
        if old else []
