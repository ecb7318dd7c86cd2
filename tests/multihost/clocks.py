"""Programs whose clock is wrong, and is set while they run.

Debian's libfaketime stands between a program and the wall clock; clocks that only count
are left alone, as on a host whose time was set wrong.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

from tests.multihost.host import Host

FIND = "ls /usr/lib/*/faketime/libfaketimeMT.so.1"


class Skew:
    """The clock of one program."""

    def __init__(self, host: Host, program: str) -> None:
        self._host = host
        self._program = program
        self._right = host.words_of(program)
        self._file = host.folder / f"clock-{program}"

    @staticmethod
    def why_not(host: Host) -> str:
        """Why clocks of a host cannot be wrong; empty where they can."""
        found = host.run("sh", "-c", FIND, check=False).strip()
        return "" if found.startswith("/") and "\n" not in found else f"no faketime: {found}"

    def __enter__(self) -> "Skew":
        self.set(0)
        library = self._host.run("sh", "-c", FIND).strip()
        settings = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        words = _after_prefix(self._right, [f"{n}={v}" for n, v in settings.items()])
        self._host.crash(self._program, again=False)
        self._host.start(self._program, *words)
        return self

    def set(self, seconds: int) -> None:
        """Have it so many seconds ahead of what is right; a second later it is."""
        self._host.write(Path(f"{self._file}.new"), f"{seconds:+d}\n".encode())
        self._host.run("mv", f"{self._file}.new", str(self._file))

    def __exit__(self, *_: object) -> None:
        self._host.crash(self._program, again=False)
        self._host.start(self._program, *self._right)


def _after_prefix(words: Sequence[str], settings: Sequence[str]) -> list[str]:
    assert words[0] == "env", f"{shlex.join(words)} sets nothing"
    return ["env", *settings, *words[1:]]
