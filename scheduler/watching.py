"""Takes what informers tell into snapshot and queue, event by event; nothing here waits."""

from collections.abc import Mapping
from typing import TypeVar

from msgspec import Struct, field

from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.apps.stateful_set import StatefulSet
from knarr.api.core.namespace import Namespace
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.core.replication_controller import ReplicationController
from knarr.api.core.service import Service
from knarr.api.keys import Key
from knarr.api.pods import is_over
from knarr.api.policy.pod_disruption_budget import PodDisruptionBudget
from knarr.api.selectors import Selector, from_object, matching
from knarr.api.structs import ApiStruct
from knarr.client.informers import Informers
from knarr.client.objects import key_of
from scheduler import storage_watching
from scheduler.devices import watching as device_watching
from scheduler.devices.watching import DeviceWatcher
from scheduler.nominated import Nominated
from scheduler.plugins.plugin import EventKind, Happening
from scheduler.profile import Profile
from scheduler.queue import SchedulingQueue
from scheduler.shape import Shape, Shapes
from scheduler.snapshot import Snapshot
from scheduler.storage_watching import StorageWatcher

T = TypeVar("T", bound=ApiStruct)

WATCHED: tuple[type[ApiStruct], ...] = (
    Namespace,
    Node,
    Service,
    ReplicationController,
    ReplicaSet,
    StatefulSet,
    PodDisruptionBudget,
    Pod,
)
"""The kinds that the scheduler follows."""


class State(Struct):
    """All that the scheduler knows, and who keeps it up to date."""

    profiles: Mapping[str, Profile]
    queue: SchedulingQueue
    snapshot: Snapshot = field(default_factory=Snapshot)
    nominated: Nominated = field(default_factory=Nominated)
    shapes: Shapes = field(default_factory=Shapes)
    assumed: dict[Key, str] = field(default_factory=dict)
    """The uids of pods that were given a node but are not seen there yet."""

    @staticmethod
    def begin(informers: Informers) -> None:
        """Begin the informers that `watch` asks."""
        for kind in (*WATCHED, *storage_watching.WATCHED, *device_watching.WATCHED):
            informers.of(kind)

    def watch(self, informers: Informers) -> None:
        """Take in everything there is and whatever changes from now on; pods come last."""
        informers.of(Namespace).handle(self._namespace_changed)
        informers.of(Node).handle(self._node_changed)
        informers.of(Service).handle(self._service_changed)
        informers.of(ReplicationController).handle(self._replication_controller_changed)
        informers.of(ReplicaSet).handle(self._replica_set_changed)
        informers.of(StatefulSet).handle(self._stateful_set_changed)
        informers.of(PodDisruptionBudget).handle(self._budget_changed)
        StorageWatcher(self.snapshot, self.queue).watch(informers)
        DeviceWatcher(self.snapshot, self.queue).watch(informers)
        informers.of(Pod).handle(self.pod_changed)

    def assume(self, key: Key, pod: Pod, shape: Shape, node_name: str) -> None:
        """Count a pod on a node as if it were bound already."""
        self.assumed[key] = pod.metadata.uid
        self.snapshot.put_pod(key, pod, shape, node_name)
        self.nominated.remove(key)
        self._tell("pod added", node_name, shape)

    def forget(self, key: Key) -> None:
        """Take back an assumption."""
        del self.assumed[key]
        self._take_off(key)

    # ---- pods

    def pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        """Take in a pod that came, changed or went."""
        if old is not None and (new is None or old.metadata.uid != new.metadata.uid):
            self._pod_gone(key_of(old))
        if new is None:
            return
        key = key_of(new)
        if is_over(new):
            self._pod_gone(key)
        elif new.spec.node_name:
            self._pod_bound(key, new)
        elif key not in self.assumed:
            self._pod_waits(key, new)

    def _pod_gone(self, key: Key) -> None:
        self.assumed.pop(key, None)
        self.queue.remove(key)
        self.nominated.remove(key)
        self._take_off(key)

    def _take_off(self, key: Key) -> None:
        placed = self.snapshot.remove_pod(key)
        if placed is not None:
            self._tell("pod removed", placed.node_name, placed.shape)

    def _pod_bound(self, key: Key, pod: Pod) -> None:
        self.assumed.pop(key, None)
        self.queue.remove(key)
        self.nominated.remove(key)
        before = self.snapshot.pod(key)
        shape = self._shape_of(
            pod, before.shape if before else None, before.pod if before else None
        )
        if before is not None and (before.shape, before.node_name) == (shape, pod.spec.node_name):
            before.pod = pod
            return
        self.snapshot.put_pod(key, pod, shape, pod.spec.node_name)
        if before is None:
            self._tell("pod added", pod.spec.node_name, shape)
        else:
            # What the pod was like may have stood in the way, what it is like may help.
            self._tell("pod changed", pod.spec.node_name, before.shape)
            self._tell("pod changed", pod.spec.node_name, shape)

    def _pod_waits(self, key: Key, pod: Pod) -> None:
        profile = self.profiles.get(pod.spec.scheduler_name)
        if profile is None or pod.metadata.deletion_timestamp is not None:
            self.queue.remove(key)
            self.nominated.remove(key)
            return
        shape = self.shapes.of(pod)
        self.nominated.put(key, pod, shape, self.nominated.node_of(key) or _wished(pod))
        self.queue.put(key, pod, shape, profile)

    def _shape_of(self, pod: Pod, known: Shape | None, before: Pod | None) -> Shape:
        """The shape of a pod; the known one where nothing that matters can have changed."""
        if (
            known is not None
            and before is not None
            and before.spec is pod.spec
            and before.metadata.labels == pod.metadata.labels
            and before.metadata.deletion_timestamp == pod.metadata.deletion_timestamp
            and before.status.container_statuses == pod.status.container_statuses
        ):
            return known
        return self.shapes.of(pod)

    # ---- what pods depend on

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        if new is None:
            assert old is not None, "an event is about something"
            slot = self.snapshot.slot_of(old.metadata.name)
            self.snapshot.remove_node(old.metadata.name)
            self.queue.happened(self.snapshot, Happening("node removed", slot))
            return
        if old is not None and not _matters(old, new):
            return
        kind: EventKind = "node added" if old is None else "node changed"
        slot = self.snapshot.put_node(new)
        contested = bool(self.nominated.on(new.metadata.name))
        happening = Happening(kind, slot, before=old, is_contested=contested)
        self.queue.happened(self.snapshot, happening)

    def _namespace_changed(self, old: Namespace | None, new: Namespace | None) -> None:
        either = new or old
        assert either is not None, "an event is about something"
        labels = None if new is None else new.metadata.labels
        self.snapshot.put_namespace(either.metadata.name, labels)
        if old is not None and new is not None and old.metadata.labels != labels:
            self.queue.happened(self.snapshot, Happening("namespace changed"))

    def _service_changed(self, old: Service | None, new: Service | None) -> None:
        key = _key(old, new)
        self.snapshot.workloads.put_service(key, None if new is None else new.spec.selector)

    def _replication_controller_changed(
        self, old: ReplicationController | None, new: ReplicationController | None
    ) -> None:
        selector = None if new is None else matching(new.spec.selector or {})
        self._owner_changed("ReplicationController", _key(old, new), selector)

    def _replica_set_changed(self, old: ReplicaSet | None, new: ReplicaSet | None) -> None:
        selector = None if new is None else from_object(new.spec.selector)
        self._owner_changed("ReplicaSet", _key(old, new), selector)

    def _stateful_set_changed(self, old: StatefulSet | None, new: StatefulSet | None) -> None:
        selector = None if new is None else from_object(new.spec.selector)
        self._owner_changed("StatefulSet", _key(old, new), selector)

    def _owner_changed(self, kind: str, key: Key, selector: Selector | None) -> None:
        self.snapshot.workloads.put_owner(kind, key, selector)

    def _budget_changed(
        self, old: PodDisruptionBudget | None, new: PodDisruptionBudget | None
    ) -> None:
        key = _key(old, new)
        if new is None:
            del self.snapshot.budgets[key]
        else:
            self.snapshot.budgets[key] = new

    def _tell(self, kind: EventKind, node_name: str, shape: Shape) -> None:
        slot = self.snapshot.slot_of(node_name)
        if slot is not None:
            contested = bool(self.nominated.on(node_name))
            happening = Happening(kind, slot, shape, is_contested=contested)
            self.queue.happened(self.snapshot, happening)


def _wished(pod: Pod) -> str:
    return pod.status.nominated_node_name


def _matters(old: Node, new: Node) -> bool:
    """Whether a node changed in anything the scheduler looks at."""
    return (
        old.spec != new.spec
        or old.metadata.labels != new.metadata.labels
        or old.status.allocatable != new.status.allocatable
        or old.status.images != new.status.images
    )


def _key(old: T | None, new: T | None) -> Key:
    either = new if new is not None else old
    assert either is not None, "an event is about something"
    return key_of(either)
