"""Looks after one pod: reads the present, decides, reports, acts, again and again.

One task a pod, so that a pod that takes long to end holds up no other. Whatever
may concern the pod wakes it; between that it sleeps.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import structlog
from msgspec import Struct
from msgspec.structs import replace

from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import PodStatus
from knarr.api.errors import ApiError, ConflictError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.options import DeleteOptions, Preconditions
from knarr.api.pods import is_over
from knarr.api.times import parse
from kubelet.runtime.runtime import Observed, RuntimeFailureError, SandboxConfig
from kubelet.static.manifest import is_static
from kubelet.status.container_statuses import Health
from kubelet.status.pod_status import Ending, pod_status
from kubelet.sync.actions import Actions, Stop
from kubelet.sync.admission import refusal
from kubelet.sync.backoff import RestartBackoff
from kubelet.sync.config import pod_ref, spec_hash
from kubelet.sync.containers import Containers
from kubelet.sync.decide import Situation, Verdicts, decide
from kubelet.sync.host import Host
from kubelet.sync.resize import WHOLE
from kubelet.sync.resizer import Resizer, Resizing
from kubelet.volumes.volumes import VolumeNotReadyError

log = structlog.get_logger()

AGAIN_AFTER_FAILURE_S = 1.0
"""What a pod waits when the runtime or a volume failed; twice as long after each further time."""

AGAIN_AFTER_FAILURE_MAX_S = 10.0
"""As long as Kubernetes waits at least."""

REFRESH_S = 60.0
"""A pod is looked at so often even if nothing happens, for volumes that show changing objects."""

ORPHAN_GRACE_S = 2.0
"""What the containers get of a pod that is gone from the API already."""


class Wish(Struct):
    """What is wanted of a pod: the newest version of it."""

    pod: Pod
    gone: bool = False
    """The object is deleted: whatever is left here goes too."""


class PodWorker:
    """Makes one pod's containers match its spec."""

    def __init__(self, host: Host, pod: Pod) -> None:
        self._host = host
        self._wish = Wish(pod)
        self._wake = asyncio.Event()
        self._backoff = RestartBackoff(max_s=host.restart_max_s)
        self._health = Health()
        self._ending: Ending | None = None
        self._began_sandbox = False
        self._failures = 0
        self._waiting: dict[str, tuple[str, str]] = {}
        self._changed: set[str] = set()
        self._leaving = asyncio.Event()
        self.over = asyncio.Event()
        """Nothing is left of the pod."""
        self.done = asyncio.Event()
        """Its containers are over, and it was said how they ended."""
        self._resizer = Resizer(host)
        self._containers = Containers(
            host, self._backoff, self._waiting, self._leaving, self._resizer.started
        )

    def wish(self, pod: Pod, *, gone: bool = False) -> None:
        """The pod changed; what we wrote ourselves is no news."""
        is_known = pod.metadata.resource_version == self.pod.metadata.resource_version
        self._wish = Wish(pod, gone)
        if gone or pod.metadata.deletion_timestamp is not None:
            self._leaving.set()
        elif self._ending is None and self._leaving.is_set():
            # The store was put back to before the deletion: what is over starts again.
            self._leaving.clear()
            self.done.clear()
        if gone or not is_known:
            self._wake.set()

    def wake(self) -> None:
        """Something about its containers changed."""
        self._wake.set()

    def end(self, ending: Ending) -> None:
        """End the pod though nobody deleted it: it is evicted."""
        self._ending = ending
        self._leaving.set()
        self._wake.set()

    @property
    def pod(self) -> Pod:
        """The newest version known."""
        return self._wish.pod

    async def run(self) -> None:
        """Look after the pod until nothing of it is left."""
        while True:
            self._wake.clear()
            try:
                again_after_s = await self._sync()
            except ConflictError:
                again_after_s = 0.05
            except (ApiError, RuntimeFailureError) as error:
                log.warning("pod sync failed", pod=str(self._key), error=str(error))
                again_after_s = self._again_after_failure_s()
            except Exception:
                log.exception("pod sync failed", pod=str(self._key))
                again_after_s = self._again_after_failure_s()
            if again_after_s is None:
                return
            if not again_after_s:
                await asyncio.sleep(0)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(again_after_s):
                    await self._wake.wait()

    @property
    def _key(self) -> Key:
        return Key(self.pod.metadata.namespace, self.pod.metadata.name)

    async def _sync(self) -> float | None:
        """One look; answer when to look again, None when nothing of the pod is left."""
        wish = self._wish
        uid = wish.pod.metadata.uid
        observed = await self._host.runtime.observe(uid) or Observed(pod_ref(wish.pod))
        observed = await self._containers.with_messages(wish.pod, observed)
        self._containers.watch(wish.pod, observed)
        ending = self._why_end(wish)
        if ending == "deleted" and not self._host.runtime.is_real:
            return await self._vanish(wish)
        if ending is None and await self._is_refused(wish, observed):
            ending = self._why_end(wish)
        pod, resizing = wish.pod, Resizing()
        if ending is None:
            pod, resizing = await self._resizer.resize(wish.pod, observed)
        situation = self._situation(wish, pod, observed, ending, resizing)
        actions = decide(situation, self._backoff)
        if ending is not None and not actions.stop and not actions.stop_sandbox:
            return await self._finish(wish, observed)
        prober = self._host.prober
        self._health = Health(
            ready=frozenset(prober.ready),
            started=frozenset(prober.started),
            waiting=self._waiting,
            backing_off=dict(actions.backing_off),
            given=resizing.given,
            applied=self._resizer.applied,
            whole_given=resizing.given.get(WHOLE),
            whole_applied=self._resizer.whole,
            resizing=resizing.conditions,
        )
        if not self._says_more_soon(actions, ending):
            await self._report(wish, observed)
        return await self._act(pod, observed, actions)

    def _says_more_soon(self, actions: Actions, ending: str | None) -> bool:
        """Whether the next report says all of this and more: no need to write both.

        Between a new sandbox and its first containers nothing is decided, and
        neither is between the last container and the end of the sandbox. A
        hollow sandbox is there at once.
        """
        if actions.start_sandbox is not None and not self._host.runtime.is_real:
            return ending is None
        began, self._began_sandbox = self._began_sandbox, False
        return began and bool(actions.start) if ending is None else actions.stop_sandbox

    async def _is_refused(self, wish: Wish, observed: Observed) -> bool:
        """Whether the node does not take a pod that it sees for the first time."""
        begun = observed.sandbox is not None or wish.pod.status.start_time is not None
        if begun or is_static(wish.pod) or self._host.allocations.has(wish.pod.metadata.uid):
            return False
        self._ending = refusal(wish.pod, self._host.state(wish.pod))
        if self._ending is not None and self._ending.reason == "NodeAffinity":
            # The scheduler may know of labels that came a moment ago.
            await self._host.read_node()
            self._ending = refusal(wish.pod, self._host.state(wish.pod))
        if self._ending is None:
            return False
        self._host.events.event(wish.pod, self._ending.reason, self._ending.message, "Warning")
        return True

    def _why_end(self, wish: Wish) -> str | None:
        if wish.gone or wish.pod.metadata.deletion_timestamp is not None:
            return "deleted"
        if self._ending is None and is_over(wish.pod):
            return "over"
        deadline_s = wish.pod.spec.active_deadline_seconds
        start = wish.pod.status.start_time
        if self._ending is None and deadline_s is not None and start is not None:
            over = parse(start) + timedelta(seconds=deadline_s)
            if self._host.clock.now() >= over and wish.pod.status.phase in ("Pending", "Running"):
                self._ending = Ending(
                    reason="DeadlineExceeded",
                    message="Pod was active on the node longer than the specified deadline",
                )
        return self._ending.reason if self._ending is not None else None

    def _situation(
        self, wish: Wish, pod: Pod, observed: Observed, ending: str | None, resizing: Resizing
    ) -> Situation:
        prober = self._host.prober
        spec = pod.spec
        hashes = {one.name: spec_hash(one) for one in (*spec.init_containers, *spec.containers)}
        return Situation(
            pod=pod,
            observed=observed,
            verdicts=Verdicts(started=frozenset(prober.started), failed=dict(prober.failed)),
            spec_hashes=hashes,
            now=self._host.clock.now(),
            ending=ending,
            grace_s=self._grace_s(wish),
            resized=resizing.restart,
            changed=frozenset(self._changed),
        )

    def _grace_s(self, wish: Wish) -> float | None:
        """Seconds left for ending, None when the pod's own grace counts."""
        if wish.gone:
            return None if is_static(wish.pod) else ORPHAN_GRACE_S
        meta = wish.pod.metadata
        if meta.deletion_timestamp is None and self._ending is not None:
            return self._ending.grace_s
        if meta.deletion_timestamp is None or meta.deletion_grace_period_seconds is None:
            return None
        left_s = (parse(meta.deletion_timestamp) - self._host.clock.now()).total_seconds()
        return max(1.0, min(float(meta.deletion_grace_period_seconds), left_s))

    async def _report(self, wish: Wish, observed: Observed, *, over: bool = False) -> None:
        """Write the status when it differs from what the API shows."""
        if wish.gone or (is_over(wish.pod) and not observed.containers):
            return
        status = pod_status(
            wish.pod,
            observed,
            self._health,
            now=self._host.clock.now(),
            host_ips=self._host.ips,
            ending=self._ending,
            over=over,
        )
        if is_static(wish.pod):
            await self._report_static(wish, status)
            return
        if status == wish.pod.status:
            return
        try:
            written = await self._host.client.update(
                replace(wish.pod, status=status), subresource="status"
            )
        except NotFoundError:
            return
        if self._wish is wish:
            self._wish = Wish(written)

    async def _report_static(self, wish: Wish, status: PodStatus) -> None:
        """The API shows another object than the one at work; it may show none."""
        if self._wish is wish:
            self._wish = Wish(replace(wish.pod, status=status))
        shown = self._host.mirrors.of(wish.pod)
        if shown is None or shown.status == status:
            return
        with suppress(ApiError):  # The next look tells it again.
            await self._host.client.update(replace(shown, status=status), subresource="status")

    async def _act(self, pod: Pod, observed: Observed, actions: Actions) -> float | None:
        runtime = self._host.runtime
        if actions.stop:
            await self._stop(pod, observed, actions.stop)
        if actions.stop_sandbox:
            await runtime.stop_sandbox(pod.metadata.uid)
            return 0.0
        if actions.start_sandbox is not None:
            await self._start_sandbox(pod, actions.start_sandbox)
            self._began_sandbox = True
            return 0.0
        for container_id in actions.remove:
            await runtime.remove_container(container_id)
        again_after_s = self._next_look(pod, actions)
        self._containers.tell_backing_off(pod, actions)
        if actions.start:
            started = await self._containers.start(pod, observed, actions.start)
            again_after_s = self._succeeded() if started else self._again_after_failure_s()
        elif actions.stop:
            again_after_s = 0.0
        elif observed.sandbox is not None and observed.sandbox.ready:
            self._succeeded()
            await self._containers.refresh_volumes(pod)
        return again_after_s

    def _again_after_failure_s(self) -> float:
        """How long to wait after one more failure."""
        delay_s = AGAIN_AFTER_FAILURE_S * 2.0 ** min(self._failures, 10)
        self._failures += 1
        return min(delay_s, AGAIN_AFTER_FAILURE_MAX_S)

    def _succeeded(self) -> float:
        """Nothing fails; look again at once."""
        self._failures = 0
        return 0.0

    async def _stop(self, pod: Pod, observed: Observed, stops: Sequence[Stop]) -> None:
        """Stop containers; whoever deletes the pod meanwhile may shorten their time."""
        self._changed = {stop.container_id for stop in stops if stop.is_change}
        async with asyncio.TaskGroup() as group:
            stopping = group.create_task(self._containers.stop(pod, observed, stops))
            hurrying = group.create_task(self._hurry(stops, stopping))
            # A hurry that has begun ends by itself; it cancelled the patient stop.
            stopping.add_done_callback(lambda done: done.cancelled() or hurrying.cancel())
        self._wake.set()

    async def _hurry(self, stops: Sequence[Stop], stopping: "asyncio.Task[None]") -> None:
        """Wait for a wish that leaves less time, then end the containers within that."""
        loop = asyncio.get_running_loop()
        until = loop.time() + max(stop.grace_s for stop in stops)
        while True:
            await self._wake.wait()
            self._wake.clear()
            grace_s = self._grace_s(self._wish)
            if grace_s is not None and loop.time() + grace_s < until - 1.0:
                stopping.cancel()
                await self._containers.stop_now(stops, grace_s)
                return

    def _next_look(self, pod: Pod, actions: Actions) -> float:
        looks = [REFRESH_S]
        if actions.again_after_s is not None:
            looks.append(actions.again_after_s + 0.001)
        deadline_s = pod.spec.active_deadline_seconds
        if deadline_s is not None and pod.status.start_time is not None:
            passed = (self._host.clock.now() - parse(pod.status.start_time)).total_seconds()
            if passed < deadline_s:
                looks.append(deadline_s - passed + 0.001)
        return min(looks)

    async def _start_sandbox(self, pod: Pod, attempt: int) -> None:
        """Volumes first, so that nothing starts that could not see its files."""
        if attempt > 0:
            told = "Pod sandbox changed, it will be killed and re-created."
            self._host.events.event(pod, "SandboxChanged", told)
        try:
            await self._containers.prepare_volumes(pod)
        except VolumeNotReadyError as error:
            self._host.events.event(pod, "FailedMount", str(error), "Warning")
            raise RuntimeFailureError("ContainerCreating", str(error)) from error
        if pod.spec.runtime_class_name and attempt == 0:
            told = f"all pods of this node run alike, also those of {pod.spec.runtime_class_name}"
            self._host.events.event(pod, "RuntimeClassIgnored", told)
        network = self._host.network(pod)
        config = SandboxConfig(
            pod=pod_ref(pod),
            attempt=attempt,
            hostname=network.hostname,
            spec=pod.spec,
            ip=network.ip,
            ports=network.ports,
            resolv_conf=network.resolv_conf,
            hosts=network.hosts,
            labels=pod.metadata.labels,
            annotations=pod.metadata.annotations,
        )
        try:
            await self._host.runtime.start_sandbox(config)
        except RuntimeFailureError as error:
            message = f"Failed to create pod sandbox: {error.message}"
            self._host.events.event(pod, "FailedCreatePodSandBox", message, "Warning")
            raise

    async def _vanish(self, wish: Wish) -> float | None:
        """A hollow pod that is deleted ends at once.

        How it ended is told only where somebody holds it until that is known,
        such as a Job: two writes of five are what a scale test would wait for.
        """
        uid = wish.pod.metadata.uid
        await self._host.runtime.stop_sandbox(uid)
        observed = await self._host.runtime.observe(uid) or Observed(pod_ref(wish.pod))
        if wish.pod.metadata.finalizers:
            await self._report(wish, observed, over=True)
        return await self._let_go(wish, observed)

    async def _finish(self, wish: Wish, observed: Observed) -> float | None:
        """All containers are over: say so, and let go of the pod if it was deleted."""
        await self._report(wish, observed, over=True)
        return await self._let_go(wish, observed)

    async def _let_go(self, wish: Wish, observed: Observed) -> float | None:
        self.done.set()
        self._containers.forget(observed)
        meta = wish.pod.metadata
        if not wish.gone and meta.deletion_timestamp is None:
            return REFRESH_S
        await self._host.runtime.remove_pod(meta.uid)
        self._host.volumes.remove(meta.uid)
        self._host.references.forget(wish.pod)
        self._host.images.forget(meta.uid)
        self._host.release(meta.uid)
        self._host.allocations.release(meta.uid)
        if not wish.gone:
            options = DeleteOptions(
                grace_period_seconds=0, preconditions=Preconditions(uid=meta.uid)
            )
            with suppress(NotFoundError, ConflictError):
                await self._host.client.delete(Pod, self._key, options)
        return None
