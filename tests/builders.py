"""Valid objects in one line; each function takes only what a test is about."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count

from knarr.api.apps.deployment import (
    Deployment,
    DeploymentSpec,
    DeploymentStrategy,
    RollingUpdateDeployment,
)
from knarr.api.apps.replica_set import ReplicaSet, ReplicaSetSpec, ReplicaSetStatus
from knarr.api.core.container import Container
from knarr.api.core.container_status import ContainerStatus
from knarr.api.core.node import Node, NodeCondition, NodeSpec, NodeStatus
from knarr.api.core.pod import Pod, PodSpec, PodTemplateSpec
from knarr.api.core.pod_status import PodCondition, PodStatus
from knarr.api.core.scheduling import Taint
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.meta.object_meta import ObjectMeta, OwnerReference
from knarr.api.meta.selector import LabelSelector
from knarr.api.owners import controller_reference
from knarr.api.scalars import IntOrString
from knarr.api.structs import ApiStruct
from knarr.api.times import to_time
from knarr.daemon.clock import SIMULATION_START

NOW = SIMULATION_START + timedelta(days=1)
"""The moment at which unit tests take place."""

_numbers = count(1)


def seconds_ago(seconds: float) -> datetime:
    """A moment before NOW."""
    return NOW - timedelta(seconds=seconds)


def metadata(
    name: str,
    *,
    owner: ApiStruct | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    created: datetime = NOW - timedelta(hours=1),
    deleting: bool = False,
    generation: int = 1,
) -> ObjectMeta:
    """Metadata of a stored object in the namespace `default`; its uid is `uid-NAME`."""
    references: tuple[OwnerReference, ...] = ()
    if owner is not None:
        references = (controller_reference(owner),)
    return ObjectMeta(
        name=name,
        namespace="default",
        uid=f"uid-{name}",
        resource_version=str(next(_numbers)),
        generation=generation,
        labels=labels or {},
        annotations=annotations or {},
        creation_timestamp=to_time(created),
        deletion_timestamp=to_time(NOW) if deleting else None,
        owner_references=references,
    )


def template(image: str = "img:1", *, app: str = "web") -> PodTemplateSpec:
    """A template of one container, labelled `app`."""
    return PodTemplateSpec(
        metadata=ObjectMeta(labels={"app": app}),
        spec=PodSpec(containers=(Container(name="c", image=image),)),
    )


def pod(
    name: str,
    phase: str = "Running",
    *,
    owner: ApiStruct | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    node: str = "node-0",
    ready: bool | None = None,
    ready_at: datetime = NOW - timedelta(hours=1),
    created: datetime = NOW - timedelta(hours=1),
    restarts: int = 0,
    deleting: bool = False,
    ip: str = "",
) -> Pod:
    """A pod on a node; ready when it runs, unless told otherwise."""
    is_ready = phase == "Running" if ready is None else ready
    condition = PodCondition(
        type="Ready",
        status="True" if is_ready else "False",
        last_transition_time=to_time(ready_at),
    )
    container = ContainerStatus(
        name="c", image="img:1", image_id="", ready=is_ready, restart_count=restarts
    )
    return Pod(
        metadata=metadata(
            name,
            owner=owner,
            labels={"app": "web"} if labels is None else labels,
            annotations=annotations,
            created=created,
            deleting=deleting,
        ),
        spec=PodSpec(containers=(Container(name="c", image="img:1"),), node_name=node),
        status=PodStatus(
            phase=phase, conditions=(condition,), container_statuses=(container,), pod_ip=ip
        ),
    )


def replica_set(
    replicas: int,
    *,
    name: str = "web",
    owner: ApiStruct | None = None,
    of: PodTemplateSpec | None = None,
    status: ReplicaSetStatus | None = None,
    min_ready_s: int = 0,
    annotations: Mapping[str, str] | None = None,
    created: datetime = NOW - timedelta(hours=1),
    deleting: bool = False,
) -> ReplicaSet:
    """A ReplicaSet whose pods are labelled `app=web`."""
    return ReplicaSet(
        metadata=metadata(
            name,
            owner=owner,
            labels={"app": "web"},
            annotations=annotations,
            created=created,
            deleting=deleting,
        ),
        spec=ReplicaSetSpec(
            replicas=replicas,
            min_ready_seconds=min_ready_s,
            selector=LabelSelector(match_labels={"app": "web"}),
            template=of or template(),
        ),
        status=status or ReplicaSetStatus(replicas=0),
    )


def rolling(
    max_surge: IntOrString = "25%", max_unavailable: IntOrString = "25%"
) -> DeploymentStrategy:
    """The strategy RollingUpdate."""
    return DeploymentStrategy(
        type="RollingUpdate",
        rolling_update=RollingUpdateDeployment(
            max_surge=max_surge, max_unavailable=max_unavailable
        ),
    )


RECREATE = DeploymentStrategy(type="Recreate")


def deployment(
    replicas: int = 3,
    *,
    name: str = "web",
    image: str = "img:1",
    strategy: DeploymentStrategy | None = None,
    annotations: Mapping[str, str] | None = None,
    paused: bool = False,
    progress_deadline_s: int | None = 600,
    history_limit: int = 10,
) -> Deployment:
    """A Deployment as the server stores it, defaults filled in."""
    return Deployment(
        metadata=metadata(name, annotations=annotations),
        spec=DeploymentSpec(
            replicas=replicas,
            selector=LabelSelector(match_labels={"app": "web"}),
            template=template(image),
            strategy=strategy or rolling(),
            paused=paused,
            progress_deadline_seconds=progress_deadline_s,
            revision_history_limit=history_limit,
        ),
    )


def service(
    name: str = "web",
    *,
    ports: tuple[ServicePort, ...] = (ServicePort(port=80, target_port=8080, protocol="TCP"),),
    selector: Mapping[str, str] | None = None,
    headless: bool = False,
    labels: Mapping[str, str] | None = None,
    publish_not_ready: bool = False,
) -> Service:
    """A Service that selects `app=web`, as the server stores it."""
    return Service(
        metadata=metadata(name, labels=labels),
        spec=ServiceSpec(
            selector={"app": "web"} if selector is None else selector,
            ports=ports,
            cluster_ip="None" if headless else "10.96.0.1",
            ip_families=("IPv4",),
            type="ClusterIP",
            publish_not_ready_addresses=publish_not_ready,
        ),
    )


def node(name: str = "node-0", *, ready: str = "True", taints: tuple[Taint, ...] = ()) -> Node:
    """A node that says this about being ready; with an empty text it never said anything."""
    heard = NodeCondition(type="Ready", status=ready, last_heartbeat_time=to_time(NOW))
    return Node(
        metadata=metadata(name, labels={"kubernetes.io/hostname": name}),
        spec=NodeSpec(taints=taints),
        status=NodeStatus(conditions=(heard,) if ready else ()),
    )
