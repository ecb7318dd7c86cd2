"""Further users and groups for a user namespace: those that /etc/subuid and /etc/subgid give us.

Without them there is one user inside, who is us. newuidmap and newgidmap, which
have the privilege, write the others down for a process of ours.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

TOOLS = ("newuidmap", "newgidmap")
"""Debian's package uidmap has them."""

FILES = ("/etc/subuid", "/etc/subgid")

MAP_S = 10.0


def map_many(pid: int) -> bool:
    """Give a process that has just entered a user namespace all we may; whether it has them."""
    ids = (os.getuid(), os.getgid())
    wanted = [ranges_of(Path(file).read_text()) for file in FILES if Path(file).exists()]
    if len(wanted) < len(FILES) or not all(wanted) or not all(map(shutil.which, TOOLS)):
        return False
    for tool, own, ranges in zip(TOOLS, ids, wanted, strict=True):
        words = [tool, str(pid), "0", str(own), "1"]
        inside = 1
        for first, count in ranges:
            words += [str(inside), str(first), str(count)]
            inside += count
        try:
            done = subprocess.run(words, capture_output=True, check=False, timeout=MAP_S)
        except (OSError, subprocess.TimeoutExpired):
            return False
        if done.returncode:
            return False
    return True


def ranges_of(text: str, names: Sequence[str] = ()) -> list[tuple[int, int]]:
    """Our ranges in one of the files: first number and count."""
    found = []
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        first, _, count = rest.partition(":")
        if name in (names or _names()) and first.isdigit() and count.isdigit() and int(count):
            found.append((int(first), int(count)))
    return found


def _names() -> Sequence[str]:
    """What we are called there."""
    user = os.getuid()
    try:
        return (str(user), pwd.getpwuid(user).pw_name)
    except KeyError:
        return (str(user),)


def foreign_namespaces(pids: Iterable[int]) -> list[int]:
    """Descriptors of the user namespaces of processes, each once, ours left out."""
    seen = {os.stat("/proc/self/ns/user").st_ino}  # noqa: PTH116  # Not the link's own number.
    found = []
    for pid in pids:
        with suppress(OSError):
            descriptor = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
            number = os.fstat(descriptor).st_ino
            if number in seen:
                os.close(descriptor)
            else:
                seen.add(number)
                found.append(descriptor)
    return found
