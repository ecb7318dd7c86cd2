"""What acts for the tests on a host that is reached by ssh: `python3 outpost.py SOCKET`.

Nothing but Python is needed there. Each connection brings one line of JSON that says what
to do, and gets JSON back after its length; connections then carry bytes both ways. When
the ssh that started it goes, so does everything it started.
"""

import base64
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer
from typing import Any

CLONE_NEWNET = 0x40000000

_LIBC = ctypes.CDLL(None, use_errno=True)
_programs: dict[str, "subprocess.Popen[bytes]"] = {}


class Handler(StreamRequestHandler):
    """One thing to do. Clients wait for the answer before they send more."""

    def handle(self) -> None:
        """Do it, and say what came of it."""
        asked = json.loads(self.rfile.readline())
        try:
            answer = getattr(self, f"do_{asked.pop('do')}")(**asked)
        except OSError as error:
            answer = {"errno": error.errno, "error": str(error)}
        if isinstance(answer, socket.socket):
            self._say({})
            self._carry(answer)
        else:
            self._say(answer or {})

    def do_connect(self, network: str, address: str, port: int, timeout_s: float) -> socket.socket:
        """A connection from a network; ours where none is named."""
        made = _inside(network)
        made.settimeout(timeout_s)
        try:
            made.connect((address, port))
        except TimeoutError:
            made.close()
            raise OSError(110, "timed out") from None
        except OSError:
            made.close()
            raise
        made.settimeout(None)
        return made

    def do_unix(self, path: str) -> socket.socket:
        """A connection to a socket that is a file."""
        made = socket.socket(socket.AF_UNIX)
        made.connect(path)
        return made

    def do_run(self, words: list[str], timeout_s: float, fed: str) -> dict[str, Any]:
        """A command to its end."""
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=timeout_s, check=False, input=fed
            )
        except subprocess.TimeoutExpired:
            return {"late": True}
        return {"code": done.returncode, "printed": done.stdout + done.stderr}

    def do_start(self, name: str, words: list[str], log: str) -> None:
        """A program until it is ended."""
        with Path(log).open("ab") as out:
            _programs[name] = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def do_end(self, name: str, number: int, timeout_s: float) -> dict[str, Any]:
        """End a program by a signal; say whether it did."""
        program = _programs[name]
        program.send_signal(number)
        try:
            return {"code": program.wait(timeout_s)}
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
            return {"late": True}

    def do_is_running(self, name: str) -> dict[str, Any]:
        """Whether a program runs."""
        return {"is_running": name in _programs and _programs[name].poll() is None}

    def do_signal_all(self, number: int) -> None:
        """A signal for every program, and all that those started."""
        for program in _programs.values():
            with suppress(ProcessLookupError):
                os.killpg(program.pid, number)

    def do_write(self, path: str, data: str) -> None:
        """Write a file."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(base64.b64decode(data))

    def do_read(self, path: str) -> dict[str, Any]:
        """Read a file."""
        return {"data": base64.b64encode(Path(path).read_bytes()).decode()}

    def _say(self, answer: dict[str, Any]) -> None:
        told = json.dumps(answer).encode()
        with suppress(OSError):
            self.wfile.write(b"%08x" % len(told) + told)

    def _carry(self, other: socket.socket) -> None:
        back = threading.Thread(target=_copy, args=(other, self.connection), daemon=True)
        back.start()
        _copy(self.connection, other)
        back.join()
        other.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _inside(network: str) -> socket.socket:
    if not network:
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    other = os.open(network, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(other)
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    finally:
        _enter(own)
        os.close(other)
        os.close(own)


def _enter(descriptor: int) -> None:
    if _LIBC.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def main(place: str) -> None:
    """Serve until our input ends."""
    Path(place).unlink(missing_ok=True)
    server = ThreadingUnixStreamServer(place, Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write("up\n")
    sys.stdout.flush()
    sys.stdin.read()
    for program in _programs.values():
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
