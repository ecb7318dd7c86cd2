"""Makes images without a registry and without a builder: archives that `docker load` takes.

The same content gives the same image id on every host.
"""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct, field

CREATED = "1970-01-01T00:00:00Z"
"""Images have no time, so that their ids depend on their content alone."""


class LocalImage(Struct, frozen=True, kw_only=True):
    """An image to be made."""

    tags: Sequence[str]
    layer: bytes
    """A tar of its files."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """Docker's words: Entrypoint, Cmd, Env, User, StopSignal, Labels, …"""
    architecture: str = "amd64"

    def described(self) -> bytes:
        """The image's configuration; its digest is the image's id."""
        made = {
            "architecture": self.architecture,
            "os": "linux",
            "created": CREATED,
            "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(self.layer).hexdigest()}"]},
            "history": [{"created": CREATED, "created_by": "knarr"}],
        }
        return json.dumps(made, sort_keys=True, separators=(",", ":")).encode()

    @property
    def id(self) -> str:
        """sha256:…, what Docker will call it."""
        return f"sha256:{sha256(self.described()).hexdigest()}"


def layer(files: Sequence[tuple[str, bytes, int]]) -> bytes:
    """A tar of files, each with name, content and mode."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content, mode in files:
            _add(archive, name, content, mode)
    return out.getvalue()


def docker_archive(images: Sequence[LocalImage]) -> bytes:
    """What `docker load` takes."""
    out = io.BytesIO()
    manifest = []
    with tarfile.open(fileobj=out, mode="w") as archive:
        known: set[str] = set()
        for image in images:
            described = image.described()
            config = f"{image.id.removeprefix('sha256:')}.json"
            content = f"{sha256(image.layer).hexdigest()}/layer.tar"
            for name, data in ((config, described), (content, image.layer)):
                if name not in known:
                    _add(archive, name, data)
                known.add(name)
            manifest.append({"Config": config, "RepoTags": list(image.tags), "Layers": [content]})
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    return out.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = mode
    archive.addfile(entry, io.BytesIO(content))
