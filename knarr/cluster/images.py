"""`knarr image load`: images into the Docker engine that the cluster's nodes use."""

from collections.abc import Sequence
from pathlib import Path

from knarr.cluster.whole import running_cluster
from knarr.daemon.run import run_once
from knarr.daemon.settings import Flags, SettingsError
from kubelet.runtime.choose import docker_host
from kubelet.runtime.docker.engine import Engine, EngineError, connect

LOCAL = "unix:///var/run/docker.sock"
"""Where images of this machine are, when the cluster uses another engine."""


def image(arguments: Sequence[str]) -> str:
    """Do what the first word says; answer what to say. Raise SettingsError."""
    if not arguments or arguments[0] not in ("load", "--help", "-h"):
        raise SettingsError("say what to do: knarr image load (NAME | FILE.tar)…")
    flags = Flags(
        "knarr image load",
        "Load images into the Docker engine of the cluster's nodes, from a file that `docker save` "
        "made or from the Docker engine of this machine.",
    )
    flags.add_argument("images", nargs="+", help="a file, or the name of an image")
    rest = list(arguments[1:] if arguments[0] == "load" else arguments)
    name, _, running = running_cluster(flags, rest)
    if running.runtime != "docker":
        raise SettingsError(
            f"cluster {name} has the {running.runtime} runtime, which needs no images: there is "
            "nothing to load"
        )
    wanted = [str(one) for one in flags.read(rest).images]
    contents = {one: Path(one).read_bytes() for one in wanted if Path(one).is_file()}
    return load(docker_host(), wanted, contents)


def load(host: str, wanted: Sequence[str], contents: dict[str, bytes]) -> str:
    """Load images into an engine; `contents` has those that are files. Raise SettingsError."""
    lines: list[str] = []

    async def all_of_them() -> int:
        async with connect(host) as engine:
            for one in wanted:
                data = contents.get(one) or await _content(engine, host, one)
                if data is None:
                    lines.append(f"{one} is there already: the nodes use this machine's images")
                else:
                    await _put(engine, one, data)
                    lines.append(f"{one} loaded")
        return 0

    try:
        run_once(all_of_them)
    except EngineError as error:
        raise SettingsError(error.message) from None
    return "\n".join(lines)


async def _put(engine: Engine, name: str, data: bytes) -> None:
    told = await engine.raw("POST", "/images/load", data=data)
    if b'"errorDetail"' in told:
        raise SettingsError(f"{name}: {told.decode(errors='replace').strip()}")


async def _content(engine: Engine, host: str, name: str) -> bytes | None:
    """An image of this machine as a file has it; None where the engine has it already."""
    if await _has(engine, name):
        return None
    if host != LOCAL:
        async with connect(LOCAL) as local:
            if await _has(local, name):
                return await local.raw("GET", f"/images/{name}/get")
    raise SettingsError(f"{name} is neither a file nor an image of this machine")


async def _has(engine: Engine, name: str) -> bool:
    try:
        await engine.raw("GET", f"/images/{name}/json")
    except EngineError as error:
        if error.status == 404:
            return False
        raise
    return True
