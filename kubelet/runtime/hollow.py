"""Nothing runs: pods look as if they did, for tests of scale and for teaching.

Containers of pods that restart always run for ever; those of other pods end
well after a moment. No events tell of containers, for nothing happens to them.
Two annotations of the pod ask for something else:

    hollow.knarr.dev/run-seconds: "30"    each container ends after so long
    hollow.knarr.dev/exit-code: "1"       and with this code

Two more say what each container pretends to use, 10m and 16Mi otherwise:

    hollow.knarr.dev/cpu: "250m"
    hollow.knarr.dev/memory: "64Mi"
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence, Set
from pathlib import Path

from msgspec.structs import replace

from knarr.api import quantities
from knarr.api.core.resources import ResourceRequirements
from knarr.daemon.clock import Clock
from kubelet.runtime.runtime import (
    Connection,
    Container,
    ContainerConfig,
    Credentials,
    Image,
    LogOptions,
    Observed,
    Runtime,
    RuntimeFailureError,
    Sandbox,
    SandboxConfig,
    Session,
    Usage,
)

RUN_SECONDS = "hollow.knarr.dev/run-seconds"
EXIT_CODE = "hollow.knarr.dev/exit-code"
CPU = "hollow.knarr.dev/cpu"
MEMORY = "hollow.knarr.dev/memory"

_SLEEP = re.compile(r"\bsleep (\d+(?:\.\d+)?)\b")
_EXIT = re.compile(r"(?:^|[;&\n]\s*)exit (\d+)\s*;?\s*$")

RUN_DEFAULT_S = 0.5
"""How long a container runs that is to come to an end."""


class HollowRuntime(Runtime):
    """Remembers what was asked for and pretends that it happened."""

    name = "hollow"
    is_real = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pods: dict[str, Observed] = {}
        self._configs: dict[str, SandboxConfig] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._changes: asyncio.Queue[str] = asyncio.Queue()

    def use_pod_cidr(self, cidr: str) -> None:
        """Nothing to make: there is no network."""

    async def version(self) -> str:
        """The version as nodes report it."""
        return "hollow://0.1.0"

    async def pods(self) -> Sequence[Observed]:
        """Everything that is pretended."""
        return list(self._pods.values())

    async def observe(self, uid: str) -> Observed | None:
        """All there is of one pod."""
        return self._pods.get(uid)

    async def changes(self) -> AsyncIterator[str]:
        """Yield a pod's uid whenever a container of it came to its end."""
        while True:
            yield await self._changes.get()

    async def start_sandbox(self, config: SandboxConfig) -> Sandbox:
        """Note the pod."""
        sandbox = Sandbox(
            id=f"hollow://{config.pod.uid}-{config.attempt}",
            attempt=config.attempt,
            ready=True,
            ip=config.ip,
            created_at=self._clock.now(),
        )
        self._configs[config.pod.uid] = config
        self._pods[config.pod.uid] = Observed(config.pod, sandbox)
        return sandbox

    async def stop_sandbox(self, uid: str) -> None:
        """Mark the sandbox as over."""
        pod = self._pods.get(uid)
        if pod is None or pod.sandbox is None:
            return
        for one in pod.containers:
            await self.stop_container(one.id, grace_s=0)
        pod = self._pods[uid]
        if pod.sandbox is not None:
            self._pods[uid] = replace(pod, sandbox=replace(pod.sandbox, ready=False))

    async def remove_pod(self, uid: str) -> None:
        """Forget the pod."""
        await self.stop_sandbox(uid)
        self._pods.pop(uid, None)
        self._configs.pop(uid, None)

    async def start_container(self, config: ContainerConfig) -> str:
        """Note the container; it ends by itself if it is one that does."""
        uid = config.pod.uid
        container_id = f"hollow://{uid}/{config.name}-{config.attempt}"
        now = self._clock.now()
        container = Container(
            id=container_id,
            name=config.name,
            attempt=config.attempt,
            phase="running",
            image=config.image,
            image_id=f"hollow://{config.image}",
            spec_hash=config.spec_hash,
            created_at=now,
            started_at=now,
        )
        pod = self._pods[uid]
        self._pods[uid] = replace(pod, containers=(*pod.containers, container))
        run_s = self._run_s(config)
        if run_s is not None:
            loop = asyncio.get_running_loop()
            asked = self._configs[uid].annotations.get(EXIT_CODE)
            code = int(asked) if asked is not None else exit_code_of(config)
            self._timers[container_id] = loop.call_later(run_s, self._end, container_id, code)
        return container_id

    async def stop_container(self, container_id: str, *, grace_s: float) -> None:
        """End it at once."""
        self._end(container_id, 0 if grace_s else 137)

    async def remove_container(self, container_id: str) -> None:
        """Forget it."""
        uid = _uid(container_id)
        pod = self._pods[uid]
        left = tuple(one for one in pod.containers if one.id != container_id)
        self._pods[uid] = replace(pod, containers=left)

    async def update_resources(self, container_id: str, resources: ResourceRequirements) -> None:
        """Nothing has limits here."""

    async def update_pod_resources(self, uid: str, resources: ResourceRequirements) -> None:
        """There is nothing around a pod."""

    async def exec(
        self, container_id: str, command: Sequence[str], *, stdin: bool = False, tty: bool = False
    ) -> Session:
        """Refuse: nothing runs."""
        raise RuntimeFailureError("Error", "nothing runs on a hollow node, so nothing can be run")

    async def attach(self, container_id: str) -> Session:
        """Refuse: nothing runs."""
        raise RuntimeFailureError("Error", "nothing runs on a hollow node")

    async def connect(self, uid: str, port: int) -> Connection:
        """Refuse: nobody listens."""
        raise ConnectionRefusedError("nothing listens on a hollow node")

    async def logs(self, container_id: str, options: LogOptions) -> AsyncIterator[bytes]:
        """One line that says why there are no others."""
        yield b"nothing runs on a hollow node\n"

    async def usage(self, container_id: str) -> Usage | None:
        """A steady little, or what the pod's annotations say."""
        config = self._configs.get(_uid(container_id))
        if config is None:
            return None
        now = self._clock.now()
        asked = config.annotations
        cores = quantities.milli(_amount(asked.get(CPU, ""), "10m"))
        nanoseconds = int(now.timestamp() * 1e6) * cores
        return Usage(now, nanoseconds, quantities.value(_amount(asked.get(MEMORY, ""), "16Mi")))

    def disk_paths(self, container_id: str) -> Sequence[Path]:
        """Nothing is written."""
        return ()

    def image_folder(self) -> Path | None:
        """There are none."""
        return None

    async def image(self, name: str) -> Image | None:
        """Every image is there."""
        return Image(id=f"hollow://{name}", names=(name,), size_bytes=0)

    async def images(self) -> Sequence[Image]:
        """None."""
        return ()

    async def pull(self, name: str, credentials: Sequence[Credentials]) -> Image:
        """Nothing to get."""
        return Image(id=f"hollow://{name}", names=(name,), size_bytes=0)

    async def unpack(self, name: str) -> Path:
        """Refuse: there are no images."""
        raise RuntimeFailureError("FailedMount", "only Docker has images to show")

    async def remove_image(self, image_id: str) -> None:
        """Nothing to remove."""

    async def remove_unpacked(self, in_use: Set[str]) -> None:
        """There is nothing of that."""

    async def close(self) -> None:
        """End the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _run_s(self, config: ContainerConfig) -> float | None:
        sandbox = self._configs[config.pod.uid]
        asked = sandbox.annotations.get(RUN_SECONDS)
        if asked is not None:
            return float(asked)
        if config.kind == "init":
            specs = {one.name: one for one in sandbox.spec.init_containers}
            spec = specs.get(config.name)
            return None if spec is not None and spec.restart_policy == "Always" else 0.0
        if sandbox.spec.restart_policy in ("Always", ""):
            return None
        return max(RUN_DEFAULT_S, slept_s(config))

    def _end(self, container_id: str, code: int) -> None:
        timer = self._timers.pop(container_id, None)
        if timer is not None:
            timer.cancel()
        uid = _uid(container_id)
        pod = self._pods.get(uid)
        if pod is None:
            return
        ended = tuple(
            replace(
                one,
                phase="exited",
                exit_code=code,
                reason="Completed" if code == 0 else "Error",
                finished_at=self._clock.now(),
            )
            if one.id == container_id and one.phase != "exited"
            else one
            for one in pod.containers
        )
        self._pods[uid] = replace(pod, containers=ended)
        self._changes.put_nowait(uid)


def slept_s(config: ContainerConfig) -> float:
    """For how long the commands of a container's shell sleep."""
    return sum(float(each) for each in _SLEEP.findall(_script(config)))


def exit_code_of(config: ContainerConfig) -> int:
    """What the commands of a container's shell exit with."""
    found = _EXIT.search(_script(config))
    return int(found[1]) % 256 if found is not None else 0


def _script(config: ContainerConfig) -> str:
    words = (*config.command, *config.args)
    if len(words) >= 3 and words[0].endswith("sh") and words[1] == "-c":
        return words[2]
    return " ".join(words)


def _uid(container_id: str) -> str:
    return container_id.removeprefix("hollow://").partition("/")[0]


def _amount(asked: str, otherwise: str) -> str:
    try:
        quantities.parse(asked)
    except quantities.QuantityError:
        return otherwise
    return asked
