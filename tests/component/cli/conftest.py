"""One API server for the module, in a thread with a loop of its own, and the command against it."""

import asyncio
import contextlib
import io
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from apiserver.server import Options, Server, serve
from knarr.cli.main import main
from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.clock import SystemClock


@dataclass(frozen=True)
class Result:
    """What a command answered."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


class _Running:
    """A server in a thread."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self.server: Server | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Server:
        self._thread.start()
        assert self._ready.wait(20), "the server starts"
        assert self.server is not None
        return self.server

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        assert not self._thread.is_alive(), "the server ends"

    def _run(self) -> None:
        async def until_stopped() -> None:
            async with serve(self._options) as server:
                self.server = server
                self._ready.set()
                await self._stop.wait()

        self._loop.run_until_complete(until_stopped())
        self._loop.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def kubeconfig(folder: Path) -> Iterator[Path]:
    tokens = folder / "tokens.csv"
    tokens.write_text('secret,admin,admin,"system:masters"\nother,bob,bob\n')
    authority = Authority.at(folder / "pki", SystemClock())
    made = authority.ensure(folder / "server", Wanted("knarr-apiserver", hosts=("127.0.0.1",)))
    options = Options(
        secure_port=0,
        grpc_port=0,
        token_auth_file=str(tokens),
        tls_cert_file=str(made.certificate),
        tls_private_key_file=str(made.key),
    )
    with _Running(options) as server:
        extension = {
            "name": "knarr.dev/grpc",
            "extension": {"address": f"127.0.0.1:{server.grpc_port}"},
        }
        path = folder / "config"
        cluster = {
            "server": f"https://127.0.0.1:{server.address[1]}",
            "certificate-authority": str(authority.path),
            "extensions": [extension],
        }
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "knarr", "cluster": cluster}],
            "users": [
                {"name": "admin", "user": {"token": "secret"}},
                {"name": "bob", "user": {"token": "other"}},
            ],
            "contexts": [
                {"name": "knarr", "context": {"cluster": "knarr", "user": "admin"}},
                {"name": "bob", "context": {"cluster": "knarr", "user": "bob"}},
            ],
            "current-context": "knarr",
        }
        path.write_text(yaml.safe_dump(document))
        yield path


@pytest.fixture
def knarr(kubeconfig: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line; `stdin` is what it reads."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    monkeypatch.setattr(sys, "argv", ["knarr"])
    monkeypatch.chdir(folder)

    def run(line: str, stdin: str = "") -> Result:
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(shlex.split(line))
        return Result(code, out.getvalue(), err.getvalue())

    return run
