"""API servers as processes of their own, that tests end and start again."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from tests.etcd import free_ports

TOKEN = "secret"
"""The administrator's, on every server."""

START_S = 90.0
"""A start takes a second, unless much else wants the processor."""


class Server:
    """An API server that is killed and started again, always on the same port."""

    def __init__(self, folder: Path, store: str, *flags: str) -> None:
        (self.port,) = free_ports(1)
        self.address = f"127.0.0.1:{self.port}"
        tokens = folder / "tokens"
        tokens.write_text(f'{TOKEN},root,1,"system:masters"\n')
        self._log = folder / f"{self.port}.log"
        self._command = (
            sys.executable, "-m", "apiserver", f"--store={store}", "--secure-port=0",
            f"--grpc-port={self.port}", f"--token-auth-file={tokens}", *flags,
        )  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._log.write_bytes(b"")
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stderr=log)  # noqa: ASYNC220
        deadline = time.monotonic() + START_S
        while b"serving gRPC" not in self._log.read_bytes():
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            await asyncio.sleep(0.02)

    async def restart(self) -> None:
        """Ask it to end, as a supervisor does, and start it again."""
        assert self.process is not None
        self.process.terminate()
        assert await asyncio.to_thread(self.process.wait, START_S) == 0
        await self.start()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
