"""What can be set about controllers, with Kubernetes' defaults."""

from datetime import timedelta

from msgspec import Struct

from knarr.daemon.certificates import Authority
from knarr.daemon.jwt import Signer


class ControllerSettings(Struct, frozen=True):
    """Each field is the flag of that name: node_monitor_grace_s is --node-monitor-grace-period."""

    controllers: tuple[str, ...] = ("*",)
    """Which controllers run: names, `-name` for all but one, `*` for all."""
    node_monitor_grace_s: float = 50.0
    """A node silent for so long is taken for lost."""
    terminated_pod_gc_threshold: int = 12500
    """So many pods that are over may stay; the oldest above that go."""
    root_ca: str = ""
    """The certificate, in PEM, by which pods know the API server."""
    node_eviction_rate: float = 0.1
    """Nodes a second that may be tainted unreachable in a healthy zone."""
    cluster_cidr: tuple[str, ...] = ()
    """Where the address ranges of nodes come from, one or one of each family; empty: nobody
    gives them any."""
    node_cidr_mask_size: int = 24
    """How large a node's range of IPv4 is."""
    node_cidr_mask_size_ipv6: int = 64
    """How large a node's range of IPv6 is."""
    service_cidr: tuple[str, ...] = ()
    """Where Services have their addresses, which no node may get."""
    hpa_sync_period_s: float = 15.0
    """How often metrics are looked at for scaling."""
    provision_root: str = ""
    """The folder under which the built-in provisioner makes volumes; empty: it makes none."""
    authority: Authority | None = None
    """Signs requests for certificates; without it they wait."""
    approve_serving: bool = False
    """Whether nodes get serving certificates for their own names without anybody's approval."""
    signing_duration: timedelta = timedelta(days=365)
    """How long the certificates are good that it signs, unless less was asked for."""
    signer: Signer | None = None
    """Signs the tokens in Secrets of ServiceAccounts; without it those stay empty."""
    storage_classes: tuple[str, ...] = ()
    """Names of more StorageClasses beside `standard` whose volumes are made there too."""
    volumes_wait: bool = False
    """Whether those classes wait for a claim's first pod, whose node then has the folder. On
    several hosts nothing else would do."""
    load_balancer_pool: tuple[str, ...] = ()
    """Addresses for Services of type LoadBalancer: ranges `10.0.0.5-10.0.0.9` or `10.0.0.0/24`."""
