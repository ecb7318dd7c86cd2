"""Starts and stops the containers of one pod, with their images, hooks and events."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from knarr.api import quantities
from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container import EphemeralContainer
from knarr.api.core.pod import Pod
from knarr.api.core.references import ObjectReference
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.service import Service
from knarr.api.pods import is_ready
from knarr.api.selectors import matching
from knarr.api.structs import ApiStruct
from knarr.client.events import reference_to
from kubelet.images import credentials_in
from kubelet.probes.handlers import Target
from kubelet.runtime.runtime import (
    Container,
    Credentials,
    LogOptions,
    Mount,
    Observed,
    RuntimeFailureError,
)
from kubelet.sync.actions import Actions, Start, Stop
from kubelet.sync.backoff import RestartBackoff
from kubelet.sync.config import container_config
from kubelet.sync.decide import pod_grace_s
from kubelet.sync.downward import PodFacts
from kubelet.sync.env import MissingReferenceError, Sources, environment, service_variables
from kubelet.sync.hooks import run_hook
from kubelet.sync.host import Host
from kubelet.sync.interrupt import unless
from kubelet.volumes.payload import VolumeSources, is_payload
from kubelet.volumes.references import References
from kubelet.volumes.volumes import SubPathError, VolumeNotReadyError, is_read_only, mounts_of
from kubelet.volumes.watched import NotSeenError

MESSAGE_BYTES_MAX = 4096
"""The longest termination message."""

MESSAGE_LOG_LINES, MESSAGE_LOG_BYTES = 80, 2048
"""How much of the log stands in for a termination message."""

LEAVE_SERVICES_S = 0.5
"""What a ready pod of a Service runs on after its deletion.

So long it takes until nobody is sent to it any more; a server that closes its
port at once would turn away whoever comes in between.
"""

GRACE_AFTER_HOOK_MIN_S = 2.0
"""What a container gets at least when its preStop hook used up the grace."""


class Containers:
    """Carries out what was decided for the containers of one pod."""

    def __init__(
        self,
        host: Host,
        backoff: RestartBackoff,
        waiting: dict[str, tuple[str, str]],
        leaving: asyncio.Event,
        started: Callable[[str, ResourceRequirements], None],
    ) -> None:
        self._host = host
        self._started = started
        self._leaving = leaving
        self._backoff = backoff
        self._waiting = waiting
        self._messages: dict[str, str] = {}
        self._told_backing_off: set[tuple[str, float]] = set()

    def watch(self, pod: Pod, observed: Observed) -> None:
        """Probe what runs, forget what does not."""
        ip = observed.sandbox.ip if observed.sandbox is not None else ""
        if pod.spec.host_network and self._host.ips:
            ip = self._host.ips[0]
        specs = {spec.name: spec for spec in (*pod.spec.init_containers, *pod.spec.containers)}
        for one in observed.containers:
            spec = specs.get(one.name)
            if one.phase == "running" and spec is not None:
                is_new = ip and not self._host.prober.is_watched(one.id)
                opens = self._opens(pod, spec) if is_new else ()
                self._host.prober.watch(pod.metadata.uid, Target(one.id, spec, ip), spec, opens)
            elif one.phase == "exited":
                self._host.prober.forget(one.id)

    def forget(self, observed: Observed) -> None:
        """Nothing of the pod runs any more."""
        for one in observed.containers:
            self._host.prober.forget(one.id)

    async def with_messages(self, pod: Pod, observed: Observed) -> Observed:
        """Add what containers left in their termination message files."""
        told = []
        for one in observed.containers:
            if one.phase == "exited" and not one.message:
                if one.id not in self._messages:
                    self._messages[one.id] = await self._message(pod, one)
                told.append(replace(one, message=self._messages[one.id]))
            else:
                told.append(one)
        return replace(observed, containers=tuple(told))

    async def prepare_volumes(self, pod: Pod) -> tuple[Mapping[str, Path], References]:
        """Make or refresh the pod's volumes. Raise VolumeNotReadyError."""
        if not self._host.runtime.is_real:
            return {}, References({}, {}, {})
        try:
            references = await self._host.references.of(pod)
        except NotSeenError as error:
            raise VolumeNotReadyError(str(error)) from None
        sources = VolumeSources(references.config_maps, references.secrets, references.tokens)
        places = await self._host.volumes.prepare(self._facts(pod, None), sources)
        return {**places, **await self._image_files(pod)}, references

    async def _image_files(self, pod: Pod) -> Mapping[str, Path]:
        """Where the volumes lie that show images. Raise VolumeNotReadyError."""
        places = {}
        for volume in pod.spec.volumes:
            if volume.image is None:
                continue
            name = volume.image.reference
            wanted = ContainerSpec(
                name=volume.name, image=name, image_pull_policy=volume.image.pull_policy
            )
            try:
                await self._host.images.ensure(
                    wanted,
                    await self._credentials(pod),
                    lambda kind, reason, message: self._host.events.event(
                        pod, reason, message, "Warning" if kind == "Warning" else "Normal"
                    ),
                    pod.metadata.uid,
                )
                places[volume.name] = await self._host.runtime.unpack(name)
            except RuntimeFailureError as error:
                raise VolumeNotReadyError(error.message) from None
        return places

    async def refresh_volumes(self, pod: Pod) -> None:
        """Show in a running pod's volumes what changed; what is gone meanwhile stays as it was."""
        if not any(is_payload(one) for one in pod.spec.volumes):
            return
        try:
            await self.prepare_volumes(pod)
        except VolumeNotReadyError as error:
            self._host.events.event(pod, "FailedMount", str(error), "Warning")

    async def start(self, pod: Pod, observed: Observed, starts: Sequence[Start]) -> bool:
        """Start containers one after the other; answer whether all went well."""
        try:
            places, references = await self.prepare_volumes(pod)
        except VolumeNotReadyError as error:
            self._host.events.event(pod, "FailedMount", str(error), "Warning")
            return False
        well = True
        for start in starts:
            try:
                await self._start(pod, observed, start, places, references)
                self._waiting.pop(start.container.name, None)
            except RuntimeFailureError as error:
                self._waiting[start.container.name] = (error.reason, error.message)
                well = False
        return well

    async def stop(self, pod: Pod, observed: Observed, stops: Sequence[Stop]) -> None:
        """Stop containers side by side, each after its preStop hook."""
        async with asyncio.TaskGroup() as group:
            for stop in stops:
                group.create_task(self._stop(pod, observed, stop))

    async def stop_now(self, stops: Sequence[Stop], grace_s: float) -> None:
        """Stop containers within less time than they were promised, without hooks."""
        async with asyncio.TaskGroup() as group:
            for stop in stops:
                group.create_task(
                    self._host.runtime.stop_container(stop.container_id, grace_s=grace_s)
                )

    def tell_backing_off(self, pod: Pod, actions: Actions) -> None:
        """Say once for each delay that a container waits."""
        for name, delay_s in actions.backing_off:
            if (name, delay_s) not in self._told_backing_off:
                self._told_backing_off.add((name, delay_s))
                meta = pod.metadata
                message = (
                    f"Back-off restarting failed container {name} in pod "
                    f"{meta.name}_{meta.namespace}({meta.uid})"
                )
                self._tell(pod, name, "Warning", "BackOff", message)

    async def _start(
        self,
        pod: Pod,
        observed: Observed,
        start: Start,
        places: Mapping[str, Path],
        references: References,
    ) -> None:
        spec = start.container
        ensuring = self._host.images.ensure(
            spec,
            await self._credentials(pod),
            lambda kind, reason, message: self._tell(pod, spec.name, kind, reason, message),
            pod.metadata.uid,
        )
        image = await unless(self._leaving, ensuring)
        facts = self._facts(pod, observed)
        variables: Mapping[str, str] = {}
        mounts: tuple[Mount, ...] = ()
        if self._host.runtime.is_real:
            variables = self._environment(pod, spec, facts, references)
            mounts = self._mounts(pod, start, places, variables)
        node = self._host.node()
        memory = node.status.capacity.get("memory", "0") if node is not None else "0"
        config = container_config(
            pod,
            start,
            environment=variables,
            mounts=mounts,
            node_memory_bytes=quantities.value(memory),
            image_user=image.user,
        )
        if start.attempt > 0 and not start.is_change:
            self._backoff.restarted(spec.name, self._host.clock.now())
        try:
            container_id = await self._host.runtime.start_container(config)
        except RuntimeFailureError as error:
            if error.reason == "RunContainerError":
                self._tell(pod, spec.name, "Normal", "Created", "Container created")
            self._tell(pod, spec.name, "Warning", "Failed", f"Error: {error.message}")
            raise
        self._started(container_id, spec.resources)
        self._tell(pod, spec.name, "Normal", "Created", "Container created")
        self._tell(pod, spec.name, "Normal", "Started", "Container started")
        await self._after_start(pod, spec, container_id, facts)

    async def _after_start(
        self,
        pod: Pod,
        spec: ContainerSpec | EphemeralContainer,
        container_id: str,
        facts: PodFacts,
    ) -> None:
        if spec.lifecycle is None or spec.lifecycle.post_start is None:
            return
        target = Target(container_id, spec, facts.pod_ips[0] if facts.pod_ips else "")
        running = run_hook(self._host.runtime, target, spec.lifecycle.post_start)
        answer = await unless(self._leaving, running)
        if answer.result != "success":
            # What the hook printed is for nobody: it may hold secrets.
            self._tell(pod, spec.name, "Warning", "FailedPostStartHook", "PostStartHook failed")
            self._tell(pod, spec.name, "Normal", "Killing", "FailedPostStartHook")
            stopping = self._host.runtime.stop_container(container_id, grace_s=pod_grace_s(pod))
            await unless(self._leaving, stopping)

    async def _stop(self, pod: Pod, observed: Observed, stop: Stop) -> None:
        self._tell(pod, stop.name, "Normal", "Killing", stop.message)
        grace_s = stop.grace_s
        spec = _spec_of(pod, stop.name)
        leaving_until = asyncio.get_running_loop().time() + self._leave_s(pod, grace_s)
        if spec is not None and spec.lifecycle and spec.lifecycle.pre_stop and grace_s > 0:
            began = self._host.clock.now()
            ip = observed.sandbox.ip if observed.sandbox is not None else ""
            target = Target(stop.container_id, spec, ip)
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    answer = await run_hook(self._host.runtime, target, spec.lifecycle.pre_stop)
                    if answer.result != "success":
                        told = "PreStopHook failed"
                        self._tell(pod, stop.name, "Warning", "FailedPreStopHook", told)
            used_s = (self._host.clock.now() - began).total_seconds()
            grace_s = max(GRACE_AFTER_HOOK_MIN_S, grace_s - used_s)
        await asyncio.sleep(leaving_until - asyncio.get_running_loop().time())
        await self._host.runtime.stop_container(stop.container_id, grace_s=grace_s)

    def _leave_s(self, pod: Pod, grace_s: float) -> float:
        """What a pod still serves while Services forget it; nothing for one that nobody asks."""
        if pod.metadata.deletion_timestamp is None or not is_ready(pod) or grace_s <= 1.0:
            return 0.0
        return LEAVE_SERVICES_S if self._services_of(pod) else 0.0

    def _services_of(self, pod: Pod) -> list[Service]:
        """The Services that lead to the pod."""
        services = self._host.services
        if not services.is_listed:
            return []
        return [
            one
            for one in services.in_namespace(pod.metadata.namespace)
            if one.spec.selector and matching(one.spec.selector).matches(pod.metadata.labels)
        ]

    def _opens(self, pod: Pod, spec: ContainerSpec) -> Sequence[int]:
        """The ports at which Services send clients to the container: declared, or theirs."""
        if any(one.name == spec.name for one in pod.spec.init_containers):
            return ()
        services = self._services_of(pod)
        declared = [one.container_port for one in spec.ports if one.protocol in ("", "TCP")]
        if not services or declared or len(pod.spec.containers) > 1:
            return declared if services else ()
        ports = [port for one in services for port in one.spec.ports]
        targets = (one.target_port or one.port for one in ports if one.protocol in ("", "TCP"))
        return tuple(dict.fromkeys(one for one in targets if isinstance(one, int)))

    async def _credentials(self, pod: Pod) -> list[Credentials]:
        found: list[Credentials] = []
        for reference in pod.spec.image_pull_secrets:
            secret = await self._host.references.secret(pod.metadata.namespace, reference.name)
            if secret is not None:
                found.extend(credentials_in(secret))
        return found

    def _environment(
        self,
        pod: Pod,
        spec: ContainerSpec | EphemeralContainer,
        facts: PodFacts,
        references: References,
    ) -> dict[str, str]:
        services = self._service_variables(pod)
        sources = Sources(references.config_maps, references.secrets, services)
        try:
            variables = environment(spec, facts, sources)
        except MissingReferenceError as error:
            self._tell(pod, spec.name, "Warning", "Failed", f"Error: {error}")
            raise RuntimeFailureError("CreateContainerConfigError", str(error)) from error
        return {"HOSTNAME": pod.spec.hostname or pod.metadata.name, **variables}

    def _mounts(
        self, pod: Pod, start: Start, places: Mapping[str, Path], variables: Mapping[str, str]
    ) -> tuple[Mount, ...]:
        spec = start.container
        fixed = {volume.name for volume in pod.spec.volumes if is_read_only(volume)}
        try:
            mounts = mounts_of(spec, places, variables, fixed)
        except SubPathError as error:
            self._tell(pod, spec.name, "Warning", "Failed", f"Error: {error}")
            raise RuntimeFailureError("CreateContainerConfigError", str(error)) from error
        return (*mounts, self._message_mount(pod, start))

    def _service_variables(self, pod: Pod) -> dict[str, str]:
        informer = self._host.services
        if not informer.is_listed:
            return {}
        namespace = pod.metadata.namespace
        kubernetes = [
            one
            for one in informer.in_namespace("default")
            if one.metadata.name == "kubernetes" and namespace != "default"
        ]
        mine = (
            informer.in_namespace(namespace)
            if pod.spec.enable_service_links is not False
            else [
                one for one in informer.in_namespace(namespace) if one.metadata.name == "kubernetes"
            ]
        )
        return service_variables((*kubernetes, *mine))

    def _facts(self, pod: Pod, observed: Observed | None) -> PodFacts:
        sandbox = observed.sandbox if observed is not None else None
        ips = (sandbox.ip,) if sandbox is not None and sandbox.ip else ()
        node = self._host.node()
        allocatable = node.status.allocatable if node is not None else {}
        return PodFacts(
            pod=pod,
            pod_ips=ips or tuple(one.ip for one in pod.status.pod_ips),
            host_ips=tuple(self._host.ips),
            node_cpu=allocatable.get("cpu", "0"),
            node_memory=allocatable.get("memory", "0"),
        )

    def _message_path(self, pod: Pod, name: str, attempt: int) -> Path:
        return Path(self._host.state_dir) / "messages" / pod.metadata.uid / f"{name}-{attempt}"

    def _message_mount(self, pod: Pod, start: Start) -> Mount:
        path = self._message_path(pod, start.container.name, start.attempt)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        path.chmod(0o666)
        return Mount(
            host_path=str(path),
            container_path=start.container.termination_message_path or "/dev/termination-log",
            optional=True,
        )

    def _message_file(self, pod: Pod, name: str, attempt: int) -> str:
        try:
            data = self._message_path(pod, name, attempt).read_bytes()
        except OSError:
            return ""
        return data[:MESSAGE_BYTES_MAX].decode(errors="replace")

    async def _message(self, pod: Pod, one: Container) -> str:
        """What it left in its file, or the end of its log where the spec asks for that."""
        message = self._message_file(pod, one.name, one.attempt)
        spec = _spec_of(pod, one.name)
        falls_back = spec is not None and spec.termination_message_policy == "FallbackToLogsOnError"
        if message or one.exit_code == 0 or not falls_back:
            return message
        options = LogOptions(tail_lines=MESSAGE_LOG_LINES)
        pieces = [piece async for piece in self._host.runtime.logs(one.id, options)]
        return b"".join(pieces)[-MESSAGE_LOG_BYTES:].decode(errors="replace")

    def _tell(self, pod: Pod, container: str, kind: str, reason: str, message: str) -> None:
        if kind != "Warning" and not self._host.runtime.is_real:
            return  # Nothing was pulled, made or started; events of it would be half of all writes.
        event_type: Literal["Normal", "Warning"] = "Warning" if kind == "Warning" else "Normal"
        self._host.events.event(_part(pod, container), reason, message, event_type)


def _spec_of(pod: Pod, name: str) -> ContainerSpec | None:
    for spec in (*pod.spec.init_containers, *pod.spec.containers):
        if spec.name == name:
            return spec
    return None


def _part(pod: Pod, container: str) -> ObjectReference:
    """How events name a container of a pod."""
    field = "containers"
    if any(spec.name == container for spec in pod.spec.init_containers):
        field = "initContainers"
    elif any(spec.name == container for spec in pod.spec.ephemeral_containers):
        field = "ephemeralContainers"
    whole: ApiStruct = pod
    reference = reference_to(whole)
    return ObjectReference(
        kind=reference.kind,
        api_version=reference.api_version,
        namespace=reference.namespace,
        name=reference.name,
        uid=reference.uid,
        resource_version=reference.resource_version,
        field_path=f"spec.{field}{{{container}}}",
    )
