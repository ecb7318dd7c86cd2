"""Keeps the promise of `Runtime` with a Docker engine."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence, Set
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from knarr.api.core.resources import ResourceRequirements
from knarr.daemon.clock import Clock
from kubelet.runtime.docker import names, pod_cgroup
from kubelet.runtime.docker.create_options import (
    ContainerPlace,
    Machine,
    Options,
    SandboxPlace,
    container_options,
    sandbox_options,
    update_options,
)
from kubelet.runtime.docker.engine import Engine, EngineError, Query, connect
from kubelet.runtime.docker.hairpin import let_reach_itself
from kubelet.runtime.docker.images import DockerImages, check_user
from kubelet.runtime.docker.names import Identity, docker_name
from kubelet.runtime.docker.namespaces import machine, open_in_pod
from kubelet.runtime.docker.network import NotThereError, PodNetwork
from kubelet.runtime.docker.pod_files import file_mounts, with_profile, write_files
from kubelet.runtime.docker.states import (
    is_sandbox,
    observed,
    pod_of,
    sandbox,
    start_failure,
)
from kubelet.runtime.docker.streams import (
    read_logs,
    start_attach,
    start_exec,
)
from kubelet.runtime.docker.unpack import remove_others, unpack
from kubelet.runtime.docker.usage import usage_of
from kubelet.runtime.docker.view import Json, View
from kubelet.runtime.runtime import (
    Connection,
    ContainerConfig,
    Credentials,
    Image,
    ImageNotPresentError,
    LogOptions,
    Observed,
    Runtime,
    RuntimeFailureError,
    Sandbox,
    SandboxConfig,
    Session,
    Usage,
)
from kubelet.runtime.tcp import TcpConnection

PREFIX = "docker://"

KILLED_WITHIN_S = 30.0
"""A container that does not end by then though it was killed: its process hangs in the kernel."""

STOP_SIGNAL = "SIGTERM"

STARTS_AT_ONCE = 4
"""More only hinder one another: each keeps a processor busy in dockerd, runc and the kernel."""


class DockerSettings(Struct, frozen=True, kw_only=True):
    """How one node uses Docker."""

    host: str
    node_name: str
    state_dir: Path
    """hosts and resolv.conf of pods lie here; it also tells nodes of one name apart."""
    pod_cidr: str = ""
    """The subnet of the node's network; without one only host networks can be had."""
    sandbox_image: str = ""
    pids_max: int = 0
    """Most processes a container may have at a time; 0 for no limit."""

    @property
    def kubelet(self) -> str:
        """What marks this node's containers."""
        where = sha256(str(self.state_dir.resolve()).encode()).hexdigest()[:8]
        return f"{self.node_name}.{where}"


@asynccontextmanager
async def docker_runtime(settings: DockerSettings, clock: Clock) -> AsyncIterator[Runtime]:
    """The runtime while the block runs; containers go on. Raise EngineError if none answers."""
    async with connect(settings.host) as engine, asyncio.TaskGroup() as group:
        view = View(engine, settings.kubelet)
        await engine.look_round()
        await view.load()
        runtime = DockerRuntime(settings, engine, view, clock)
        await runtime.remove_unstarted()
        following = group.create_task(view.follow(), name="docker-events")
        try:
            yield runtime
        finally:
            following.cancel()


class DockerRuntime(Runtime):
    """Pods as containers: a sandbox holds the network, the others join it."""

    name = "docker"
    is_real = True

    def __init__(self, settings: DockerSettings, engine: Engine, view: View, clock: Clock) -> None:
        self._settings = settings
        self._engine = engine
        self._view = view
        self._clock = clock
        self._starting = asyncio.Semaphore(STARTS_AT_ONCE)
        self._identity = Identity(settings.kubelet)
        self._machine: Machine = machine()
        self._images = DockerImages(engine, settings.sandbox_image)
        self._network = PodNetwork(engine, settings.kubelet, settings.pod_cidr)

    def on_restart(self, call: Callable[[], None]) -> None:
        """Have something called each time the engine may have started again."""
        self._view.on_load.append(call)

    def use_pod_cidr(self, cidr: str) -> None:
        """The node got its addresses."""
        self._network.cidr = cidr

    async def version(self) -> str:
        """The version as nodes report it."""
        return f"docker://{self._engine.version}"

    async def pods(self) -> Sequence[Observed]:
        """Everything on this host that belongs to this kubelet."""
        return [self._observed(uid) for uid in self._view.pods()]

    async def observe(self, uid: str) -> Observed | None:
        """All there is of one pod."""
        return self._observed(uid) if self._view.of_pod(uid) else None

    async def changes(self) -> AsyncIterator[str]:
        """Yield a pod's uid whenever Docker tells of one of its containers."""
        while True:
            yield await self._view.changes.get()

    async def remove_unstarted(self) -> None:
        """Remove what a kubelet made and was ended before it could start it."""
        for uid in self._view.pods():
            for told in self._view.of_pod(uid):
                state = told["State"]
                if state["Status"] == "created" and not state.get("Error"):
                    await self._remove(told["Id"])

    async def start_sandbox(self, config: SandboxConfig) -> Sandbox:
        """Make and start a sandbox, in place of any older one."""
        for told in self._sandboxes(config.pod.uid):
            await self._remove(told["Id"])
        write_files(self._folder(config.pod.uid), config)
        async with self._starting:
            try:
                return await self._start_sandbox(config)
            except NotThereError:
                # Somebody removed the network or the sandboxes' image since we looked.
                self._forget_surroundings()
                return await self._start_sandbox(config)

    def _forget_surroundings(self) -> None:
        self._network.forget()
        self._images.forget()

    async def _start_sandbox(self, config: SandboxConfig) -> Sandbox:
        try:
            network = "" if config.spec.host_network else await self._network.ensure()
            image = await self._images.ensure_sandbox_image()
            parent = ""
            if config.spec.resources is not None:
                parent = pod_cgroup.name_of(config.pod.uid, self._engine.cgroup_driver)
            place = SandboxPlace(
                image=image, network=network, cgroup_parent=parent, machine=self._machine
            )
            options = sandbox_options(config, place, self._identity)
            name = docker_name(config.pod, names.SANDBOX, config.attempt)
            docker_id = await self._create(name, options)
            try:
                made = await self._start(docker_id)
            except EngineError:
                await self._remove(docker_id)
                raise
        except EngineError as error:
            failure = NotThereError if error.status == 404 else RuntimeFailureError
            raise failure("FailedCreatePodSandBox", error.message) from None
        if made is None:
            raise RuntimeFailureError("FailedCreatePodSandBox", "the sandbox is gone again")
        if network:
            let_reach_itself(made["State"]["Pid"])
        if config.spec.resources is not None:
            _limit_pod(made, config.spec.resources)
        return sandbox(made)

    async def stop_sandbox(self, uid: str) -> None:
        """End the sandbox and whatever is left of its containers."""
        for told in self._view.of_pod(uid):
            if told["State"]["Running"]:
                await self._stop(told["Id"], grace_s=0)

    async def remove_pod(self, uid: str) -> None:
        """Remove all containers and files of a pod."""
        async with asyncio.TaskGroup() as group:
            for told in self._view.of_pod(uid):
                group.create_task(self._remove(told["Id"]))
        pod_cgroup.remove(uid)
        shutil.rmtree(self._folder(uid), ignore_errors=True)

    async def start_container(self, config: ContainerConfig) -> str:
        """Make and start a container in the pod's sandbox."""
        async with self._starting:
            return await self._start_container(config)

    async def _start_container(self, config: ContainerConfig) -> str:
        try:
            options = await self._options(config)
            name = docker_name(config.pod, config.name, config.attempt)
            docker_id = await self._create(name, options)
        except EngineError as error:
            raise RuntimeFailureError("CreateContainerError", error.message) from None
        try:
            await self._start(docker_id)
        except EngineError as error:
            # It stays behind with its error, so that the failure counts as a start.
            with suppress(EngineError):
                await self._view.refresh(docker_id)
            raise RuntimeFailureError("RunContainerError", start_failure(error.message)) from None
        return PREFIX + docker_id

    async def _start(self, docker_id: str) -> Json | None:
        """Start a container and look at it. Raise EngineError."""
        self._view.starting.add(docker_id)
        try:
            await self._engine.raw("POST", f"/containers/{docker_id}/start")
            return await self._view.refresh(docker_id)
        finally:
            self._view.starting.discard(docker_id)

    async def stop_container(self, container_id: str, *, grace_s: float) -> None:
        """Signal it, kill it after the grace; a second call may be less patient."""
        await self._stop(_docker_id(container_id), grace_s=grace_s)

    async def remove_container(self, container_id: str) -> None:
        """Forget an exited container."""
        await self._remove(_docker_id(container_id))

    async def update_resources(self, container_id: str, resources: ResourceRequirements) -> None:
        """Change its cgroups."""
        docker_id = _docker_id(container_id)
        await self._ask("POST", f"/containers/{docker_id}/update", body=update_options(resources))
        await self._view.refresh(docker_id)

    async def update_pod_resources(self, uid: str, resources: ResourceRequirements) -> None:
        """Change the cgroup around the pod."""
        for told in self._sandboxes(uid):
            if told["State"]["Running"]:
                _limit_pod(told, resources)

    async def exec(
        self, container_id: str, command: Sequence[str], *, stdin: bool = False, tty: bool = False
    ) -> Session:
        """Run a command in a running container."""
        try:
            return await start_exec(
                self._engine, _docker_id(container_id), list(command), stdin=stdin, tty=tty
            )
        except EngineError as error:
            raise RuntimeFailureError("Error", error.message) from None

    async def attach(self, container_id: str) -> Session:
        """The streams of a running container."""
        docker_id = _docker_id(container_id)
        try:
            return await start_attach(self._engine, docker_id, tty=self._has_tty(docker_id))
        except EngineError as error:
            raise RuntimeFailureError("Error", error.message) from None

    async def connect(self, uid: str, port: int) -> Connection:
        """A connection to a port inside the pod."""
        for told in self._sandboxes(uid):
            if told["State"]["Running"]:
                ip = sandbox(told).ip
                return TcpConnection(*await open_in_pod(told["State"]["Pid"], ip, port))
        raise ConnectionRefusedError(f"pod {uid} has no sandbox that runs")

    async def logs(self, container_id: str, options: LogOptions) -> AsyncIterator[bytes]:
        """Yield a container's output."""
        docker_id = _docker_id(container_id)
        framed = not self._has_tty(docker_id)
        async for piece in read_logs(self._engine, docker_id, options, framed=framed):
            yield piece

    async def usage(self, container_id: str) -> Usage | None:
        """What its cgroup says."""
        told = self._view.of_id(_docker_id(container_id))
        if told is None or not told["State"]["Running"]:
            return None
        return usage_of(told["State"]["Pid"], self._clock.now())

    def disk_paths(self, container_id: str) -> Sequence[Path]:
        """The layer it writes to, and its log, where Docker runs on this host."""
        told = self._view.of_id(_docker_id(container_id))
        if told is None:
            return ()
        layer = (told.get("GraphDriver", {}).get("Data") or {}).get("UpperDir", "")
        return [Path(one) for one in (layer, told.get("LogPath", "")) if one]

    def image_folder(self) -> Path | None:
        """Docker's own folder, where it is on this host."""
        folder = Path(self._engine.folder) if self._engine.folder else None
        return folder if folder is not None and folder.is_dir() else None

    async def image(self, name: str) -> Image | None:
        """The image of that name on this host, or None."""
        return await self._images.get(name)

    async def images(self) -> Sequence[Image]:
        """All images on this host."""
        return await self._images.list()

    async def pull(self, name: str, credentials: Sequence[Credentials]) -> Image:
        """Get an image."""
        return await self._images.pull(name, credentials)

    async def unpack(self, name: str) -> Path:
        """The files of an image that is on this host."""
        image = await self._images.get(name)
        if image is None:
            raise ImageNotPresentError(name)
        try:
            return await unpack(self._engine, image.id, self._image_files)
        except EngineError as error:
            raise RuntimeFailureError("FailedMount", error.message) from None

    async def remove_image(self, image_id: str) -> None:
        """Remove an image that nothing uses."""
        await self._ask("DELETE", f"/images/{image_id}")

    async def remove_unpacked(self, in_use: Set[str]) -> None:
        """Remove the files of images that no container sees either."""
        mounted = {
            Path(mount["Source"]).relative_to(self._image_files).parts[0]
            for uid in self._view.pods()
            for told in self._view.of_pod(uid)
            for mount in told.get("Mounts") or ()
            if self._image_files in Path(mount["Source"]).parents
        }
        await asyncio.to_thread(remove_others, self._image_files, in_use | mounted)

    async def close(self) -> None:
        """Nothing to let go; the context that made this ends the connections."""

    def _observed(self, uid: str) -> Observed:
        told = self._view.of_pod(uid)
        return observed(pod_of(told[0]), told)

    def _sandboxes(self, uid: str) -> list[Json]:
        return [told for told in self._view.of_pod(uid) if is_sandbox(told)]

    def _has_tty(self, docker_id: str) -> bool:
        told = self._view.of_id(docker_id)
        return bool(told is not None and told["Config"]["Tty"])

    @property
    def _image_files(self) -> Path:
        return self._settings.state_dir / "image-files"

    def _folder(self, uid: str) -> Path:
        return self._settings.state_dir / "pods" / uid

    async def _options(self, config: ContainerConfig) -> Options:
        """The body of the create call. Raise RuntimeFailureError where rules forbid it."""
        sandboxes = [one for one in self._sandboxes(config.pod.uid) if one["State"]["Running"]]
        if not sandboxes:
            raise RuntimeFailureError("CreateContainerError", "the pod's sandbox does not run")
        image_user = config.image_user
        if image_user is None:
            image_user = await self._images.user_of(config.image)
        check_user(config, image_user)
        told = sandboxes[0]
        place = ContainerPlace(
            sandbox_id=told["Id"],
            shares_processes=told["Config"]["Labels"].get(names.SHARED_PROCESSES) == "true",
            host_pid=told["HostConfig"]["PidMode"] == "host",
            host_ipc=told["HostConfig"]["IpcMode"] == "host",
            target_id=self._target(config),
            image_user=image_user,
            cgroup_parent=told["HostConfig"]["CgroupParent"],
            machine=with_profile(self._machine, self._settings.state_dir, config),
        )
        options = container_options(config, place, self._identity)
        options["HostConfig"]["Mounts"] += file_mounts(self._folder(config.pod.uid), config)
        if self._settings.pids_max > 0:
            options["HostConfig"]["PidsLimit"] = self._settings.pids_max
        return options

    def _target(self, config: ContainerConfig) -> str:
        """The container whose processes an ephemeral one is to see."""
        for one in self._observed(config.pod.uid).containers:
            if config.target and one.name == config.target and one.phase == "running":
                return _docker_id(one.id)
        return ""

    async def _create(self, name: str, options: Options) -> str:
        """Make a container, in place of one of that name which was never started."""
        try:
            made = await self._engine.json(
                "POST", "/containers/create", query={"name": name}, body=options
            )
        except EngineError as error:
            if error.status != 409:
                raise
            old = await self._engine.json("GET", f"/containers/{name}/json")
            await self._remove(old["Id"])
            made = await self._engine.json(
                "POST", "/containers/create", query={"name": name}, body=options
            )
        return str(made["Id"])

    async def _stop(self, docker_id: str, *, grace_s: float) -> None:
        told = self._view.of_id(docker_id)
        if told is None or not told["State"]["Running"]:
            return
        if grace_s > 0:
            await self._signal(docker_id, told["Config"].get("StopSignal") or STOP_SIGNAL)
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await self._view.ended(docker_id)
                    return
        await self._signal(docker_id, "SIGKILL")
        try:
            async with asyncio.timeout(KILLED_WITHIN_S):
                await self._view.ended(docker_id)
        except TimeoutError:
            message = f"it does not end within {KILLED_WITHIN_S:.0f} s of being killed"
            raise RuntimeFailureError("KillContainerError", message) from None

    async def _signal(self, docker_id: str, name: str) -> None:
        try:
            await self._engine.raw("POST", f"/containers/{docker_id}/kill", query={"signal": name})
        except EngineError as error:
            if error.status not in (404, 409):
                raise RuntimeFailureError("KillContainerError", error.message) from None
            with suppress(EngineError):
                await self._view.refresh(docker_id)  # It was over already.

    async def _remove(self, docker_id: str) -> None:
        query = {"force": "1", "v": "1"}
        try:
            await self._engine.raw("DELETE", f"/containers/{docker_id}", query=query)
        except EngineError as error:
            # 409: somebody else removes it at this moment.
            if error.status not in (404, 409):
                raise RuntimeFailureError("Error", error.message) from None
        with suppress(EngineError):
            await self._view.refresh(docker_id)

    async def _ask(
        self, method: str, path: str, *, query: Query | None = None, body: Options | None = None
    ) -> None:
        try:
            await self._engine.raw(method, path, query=query, body=body)
        except EngineError as error:
            raise RuntimeFailureError("Error", error.message) from None


def _limit_pod(told: Json, resources: ResourceRequirements) -> None:
    try:
        pod_cgroup.limit(told["State"]["Pid"], resources)
    except (OSError, KeyError) as error:
        raise RuntimeFailureError("Error", f"the pod's cgroup: {error}") from None


def _docker_id(container_id: str) -> str:
    return container_id.removeprefix(PREFIX)
