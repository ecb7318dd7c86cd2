"""An image registry on loopback, as Docker's pull asks for one: manifests and blobs, read only.

Reads the archives of `tests.images`. With a password it asks for basic auth.
A name without a registry is found under `library/`, so that it can stand in
for Docker's own as a mirror.
"""

import json
import tarfile
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclass
class Registry:
    """What it has, and who may ask."""

    login: str = ""
    """USER:PASSWORD, empty for everybody."""
    port: int = 0
    manifests: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """The paths asked for, in order."""

    @property
    def host(self) -> str:
        """As images name it."""
        return f"127.0.0.1:{self.port}"

    def add(self, archive: Path) -> None:
        """Offer the images of an archive under each of their names."""
        with tarfile.open(archive) as opened:
            for entry in json.loads(_read(opened, "manifest.json")):
                config = _read(opened, entry["Config"])
                layers = [_read(opened, name) for name in entry["Layers"]]
                manifest = {
                    "schemaVersion": 2,
                    "mediaType": MANIFEST,
                    "config": self._blob(config, CONFIG),
                    "layers": [self._blob(layer, LAYER) for layer in layers],
                }
                data = json.dumps(manifest).encode()
                for tag in entry["RepoTags"]:
                    name, _, version = tag.rpartition(":")
                    whole = name if "/" in name else f"library/{name}"
                    self.manifests[f"{whole}/manifests/{version}"] = data
                    self.manifests[f"{whole}/manifests/{_digest(data)}"] = data

    def _blob(self, data: bytes, kind: str) -> dict[str, object]:
        self.blobs[_digest(data)] = data
        return {"mediaType": kind, "size": len(data), "digest": _digest(data)}


def _digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def _read(opened: tarfile.TarFile, name: str) -> bytes:
    file = opened.extractfile(name)
    assert file is not None, name
    return file.read()


def _handler(registry: Registry) -> type[BaseHTTPRequestHandler]:
    wanted = f"Basic {b64encode(registry.login.encode()).decode()}" if registry.login else ""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # noqa: N802
            registry.asked.append(self.path)
            if wanted and self.headers.get("Authorization") != wanted:
                self._answer(401, b"", "text/plain", {"WWW-Authenticate": 'Basic realm="test"'})
                return
            path = self.path.removeprefix("/v2/")
            if not path:
                self._answer(200, b"{}", "application/json")
            elif path in registry.manifests:
                data = registry.manifests[path]
                self._answer(200, data, MANIFEST, {"Docker-Content-Digest": _digest(data)})
            elif (digest := path.rpartition("/blobs/")[2]) in registry.blobs:
                self._answer(200, registry.blobs[digest], "application/octet-stream")
            else:
                error = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
                self._answer(404, json.dumps(error).encode(), "application/json")

        do_HEAD = do_GET  # noqa: N815

        def _answer(
            self, code: int, data: bytes, kind: str, more: dict[str, str] | None = None
        ) -> None:
            self.send_response(code)
            for name, value in {"Content-Type": kind, **(more or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serve_registry(archives: Sequence[Path], *, login: str = "") -> Iterator[Registry]:
    """The registry while the block runs."""
    registry = Registry(login=login)
    for archive in archives:
        registry.add(archive)
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(registry)) as server:
        server.daemon_threads = True
        registry.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()
