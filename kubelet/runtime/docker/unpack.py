"""Lays out the files of an image on the host, for volumes that show them."""

import asyncio
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import IO

from kubelet.runtime.docker.engine import Engine

NOTHING = "/nothing"
"""The command of a container that is never started."""


async def unpack(engine: Engine, image_id: str, folder: Path) -> Path:
    """The image's files in a folder, made at the first call. Raise EngineError."""
    place = folder / image_id.rpartition(":")[2]
    if place.exists():
        return place
    body = {"Image": image_id, "Cmd": [NOTHING], "Entrypoint": []}
    made = await engine.json("POST", "/containers/create", body=body)
    try:
        with tempfile.TemporaryFile() as whole:
            async for chunk in engine.chunks(f"/containers/{made['Id']}/export", {}):
                whole.write(chunk)
            whole.seek(0)
            await asyncio.to_thread(_lay_out, whole, place)
    finally:
        await engine.raw("DELETE", f"/containers/{made['Id']}", query={"force": "1"})
    return place


def _lay_out(whole: IO[bytes], place: Path) -> None:
    """All of it appears at once; where another pod was faster, its files stay."""
    place.parent.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(dir=place.parent))
    with tarfile.open(fileobj=whole, mode="r|") as archive:
        archive.extractall(half, filter="tar")
    half.chmod(0o755)
    try:
        half.rename(place)
    except OSError:
        shutil.rmtree(half, ignore_errors=True)
