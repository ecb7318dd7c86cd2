"""What all pods of one host share: runtime, client, clock, addresses, volumes, events."""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informer import Informer
from knarr.daemon.clock import Clock
from kubelet.images import Images
from kubelet.probes.prober import Prober
from kubelet.runtime.runtime import PortMapping, Runtime
from kubelet.static.mirrors import Mirrors
from kubelet.sync.admission import NodeState
from kubelet.sync.allocations import Allocations
from kubelet.volumes.references import ReferenceSource
from kubelet.volumes.volumes import Volumes


class PodNetwork(Struct, frozen=True, kw_only=True):
    """What a pod's sandbox is given of the network."""

    hostname: str
    ip: str
    """Empty where the runtime chooses."""
    ports: tuple[PortMapping, ...] = ()
    resolv_conf: str = ""
    hosts: str = ""


class Host(Struct, frozen=True, kw_only=True):
    """The parts that pod workers use."""

    node_name: str
    ips: Sequence[str]
    client: Client
    clock: Clock
    runtime: Runtime
    prober: Prober
    images: Images
    volumes: Volumes
    references: ReferenceSource
    events: EventRecorder
    services: Informer[Service]
    network: Callable[[Pod], PodNetwork]
    release: Callable[[str], None]
    """Give back the address of a pod, by uid."""
    node: Callable[[], Node | None]
    """The node's own object, for what it can give."""
    state_dir: str
    allocations: Allocations
    mirrors: Mirrors
    state: Callable[[Pod], NodeState]
    """How the node is for a pod that comes."""
    restart_max_s: float
    """The longest delay before a container starts again."""
    read_node: Callable[[], Awaitable[None]]
    """Look at the node's own object again."""
