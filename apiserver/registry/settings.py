"""What an operator may choose about the registry."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from msgspec import Struct


class Settings(Struct, frozen=True, kw_only=True):
    """The choices; the defaults are Kubernetes' own."""

    service_network: str = "10.96.0.0/16"
    """Where ClusterIPs come from; the first address is the `kubernetes` Service's.

    With a comma between them two, one of each family, the usual one first.
    """
    node_ports: range = range(30000, 32768)
    """Where node ports come from."""
    advertise_address: str = ""
    """The address of this server that the `kubernetes` Service leads to; empty: nowhere."""
    advertise_port: int = 6443
    """The port of the REST API at that address."""
    service_account_tokens: bool = True
    """Whether pods get a token volume; False where no one signs tokens."""
    default_toleration_s: int = 300
    """How long pods stay on a node that is not ready or not reached."""
    watch_timeout_s: int = 1800
    """How long a watch lasts that names no timeout; up to twice that, spread by chance."""
    bootstrap: bool = True
    """Whether the objects every cluster has are made at the start."""

    @property
    def service_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The ranges of ClusterIPs, one or two. Raise ValueError."""
        found = tuple(ip_network(one.strip()) for one in self.service_network.split(","))
        if len(found) > 2 or len({one.version for one in found}) < len(found):
            raise ValueError(f"{self.service_network}: one range a family")
        return found
