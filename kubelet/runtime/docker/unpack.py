"""Lays out the files of an image on the host, for volumes that show them."""

import asyncio
import shutil
import tarfile
import tempfile
from collections.abc import Set
from pathlib import Path
from typing import IO

from kubelet.runtime.docker.engine import Engine

NOTHING = "/nothing"
"""The command of a container that is never started."""

HALF = "half-"
"""How the names of folders begin that are not whole yet."""


async def unpack(engine: Engine, image_id: str, folder: Path) -> Path:
    """The image's files in a folder, made at the first call. Raise EngineError."""
    place = folder / _name(image_id)
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


def remove_others(folder: Path, image_ids: Set[str]) -> None:
    """Remove the files of all images but these."""
    kept = {_name(one) for one in image_ids}
    for place in folder.iterdir() if folder.is_dir() else ():
        if place.name not in kept and not place.name.startswith(HALF):
            shutil.rmtree(place, ignore_errors=True)


def _name(image_id: str) -> str:
    return image_id.rpartition(":")[2]


def _lay_out(whole: IO[bytes], place: Path) -> None:
    """All of it appears at once; where another pod was faster, its files stay."""
    place.parent.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(dir=place.parent, prefix=HALF))
    with tarfile.open(fileobj=whole, mode="r|") as archive:
        archive.extractall(half, filter="tar")
    half.chmod(0o755)
    try:
        half.rename(place)
    except OSError:
        shutil.rmtree(half, ignore_errors=True)
