"""Removes what a kubelet left in Docker: its containers and its network."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path

from kubelet.runtime.docker import names
from kubelet.runtime.docker.engine import Engine, EngineError, connect
from kubelet.runtime.docker.runtime import DockerSettings


async def remove_all(host: str, node_name: str, state_dir: Path) -> None:
    """Remove all of one node; nothing where no Docker answers."""
    kubelet = DockerSettings(host=host, node_name=node_name, state_dir=state_dir).kubelet
    with suppress(EngineError):
        async with connect(host) as engine:
            filters = json.dumps({"label": [f"{names.KUBELET}={kubelet}"]})
            query = {"all": "1", "filters": filters}
            found = await engine.json("GET", "/containers/json", query=query)
            async with asyncio.TaskGroup() as group:
                for one in found:
                    group.create_task(_remove(engine, f"/containers/{one['Id']}?force=1&v=1"))
            await _remove(engine, f"/networks/knarr-{kubelet}")


async def _remove(engine: Engine, path: str) -> None:
    with suppress(EngineError):
        await engine.raw("DELETE", path)
