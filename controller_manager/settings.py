"""What can be set about controllers, with Kubernetes' defaults."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ControllerSettings:
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
    cluster_cidr: str = ""
    """Where the address ranges of nodes come from; empty: nobody gives them any."""
    node_cidr_mask_size: int = 24
    """How large a node's range is."""
    hpa_sync_period_s: float = 15.0
    """How often metrics are looked at for scaling."""
    provision_root: str = ""
    """The folder under which the built-in provisioner makes volumes; empty: it makes none."""
    load_balancer_pool: tuple[str, ...] = ()
    """Addresses for Services of type LoadBalancer: ranges `10.0.0.5-10.0.0.9` or `10.0.0.0/24`."""
