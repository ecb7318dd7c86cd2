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


def _answer(registry: Registry, path: str, login: str) -> tuple[int, bytes, dict[str, str]]:
    """What a path is answered with: code, content, headers."""
    if registry.login and login != f"Basic {b64encode(registry.login.encode()).decode()}":
        return 401, b"", {"WWW-Authenticate": 'Basic realm="test"'}
    digest = path.rpartition("/blobs/")[2]
    if not path:
        return 200, b"{}", {"Content-Type": "application/json"}
    if path in registry.manifests:
        data = registry.manifests[path]
        return 200, data, {"Content-Type": MANIFEST, "Docker-Content-Digest": _digest(data)}
    if digest in registry.blobs:
        return 200, registry.blobs[digest], {"Content-Type": "application/octet-stream"}
    error = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
    return 404, json.dumps(error).encode(), {"Content-Type": "application/json"}


def _handler(registry: Registry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            registry.asked.append(self.path)
            login = self.headers.get("Authorization", "")
            code, data, headers = _answer(registry, self.path.removeprefix("/v2/"), login)
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_HEAD = do_GET  # noqa: N815

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
