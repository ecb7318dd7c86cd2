"""Give a container a terminal: run as `python -I -S terminal.py CONTAINER.json`.

Stands between the container, which has the terminal, and the files and the pipe
by which all others know it: what the terminal shows goes to standard output,
what comes at standard input is typed. At SIGWINCH it reads the terminal's size
from the file beside CONTAINER.json. Imports nothing of ours, to start fast.
"""

import contextlib
import fcntl
import os
import pty
import select
import signal
import stat
import struct
import sys
import termios
from pathlib import Path

ENTER = Path(__file__).with_name("enter.py")

RELAY, SIZE = "terminal", "terminal.size"
"""Files: the pid of who stands between, and rows and columns."""

END_OF_INPUT = b"\x04"

READ_BYTES = 65536

MEANT_FOR_IT = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
"""Signals that the container is to act on, not we."""


def _resize(terminal: int, folder: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        rows, columns = map(int, (folder / SIZE).read_text().split())
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class _Relay:
    """What is typed and not taken yet, and where all comes from."""

    def __init__(self, terminal: int, child: int) -> None:
        self._terminal = terminal
        self._over = os.pidfd_open(child)
        self._typed = b""
        self._inputs = [0] if stat.S_ISFIFO(os.fstat(0).st_mode) else []
        os.set_blocking(terminal, False)

    def run(self) -> None:
        """Carry both ways until the container is over."""
        while True:
            typing = [self._terminal] if self._typed else []
            inputs = self._inputs if len(self._typed) < READ_BYTES else []
            ready, takes, _ = select.select([self._terminal, self._over, *inputs], typing, [])
            if self._terminal in ready and not self._show():
                return
            if takes:
                self._type()
            if 0 in ready:
                self._read()
            if self._over in ready:
                while self._show():
                    pass
                return

    def _show(self) -> bool:
        """Carry some of what the terminal shows; False when there is no more."""
        try:
            data = os.read(self._terminal, READ_BYTES)
        except OSError:
            return False
        if not data:
            return False
        while data:
            data = data[os.write(1, data) :]
        return True

    def _read(self) -> None:
        data = os.read(0, READ_BYTES)
        if not data:
            self._inputs = []
        self._typed += data or END_OF_INPUT

    def _type(self) -> None:
        with contextlib.suppress(OSError):
            self._typed = self._typed[os.write(self._terminal, self._typed) :]


def main() -> None:
    """Start the container on a terminal of its own and end as it does."""
    path = Path(sys.argv[1])
    for each in MEANT_FOR_IT:
        signal.signal(each, signal.SIG_IGN)
    child, terminal = pty.fork()
    if child == 0:
        for each in MEANT_FOR_IT:
            signal.signal(each, signal.SIG_DFL)
        os.execv(sys.executable, [sys.executable, "-I", "-S", str(ENTER), str(path)])
    signal.signal(signal.SIGWINCH, lambda *_: _resize(terminal, path.parent))
    (path.parent / RELAY).write_text(str(os.getpid()))
    _resize(terminal, path.parent)
    _Relay(terminal, child).run()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(128 - code if code < 0 else code)


if __name__ == "__main__":
    main()
