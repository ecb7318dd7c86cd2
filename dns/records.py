"""What names of the cluster stand for. Pure.

`find` answers a `Node`: which types of records a name has, and how to make
them. None means that there is no such name.
"""

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal, Protocol

from dnslib import AAAA, CNAME, NS, PTR, QTYPE, RD, SOA, SRV, TXT, A
from msgspec import Struct, field
from msgspec.structs import replace

from dns.message import Labels, Record, labels_of
from knarr.api.core.service import Service
from knarr.api.core.service import ServicePort as Port
from knarr.api.discovery.endpoint_slice import Endpoint, EndpointPort, EndpointSlice
from knarr.api.selectors import EVERYTHING, Selector

SPECIFICATION = "1.1.0"
"""The version of the Kubernetes DNS specification that is answered by."""

ADDRESSES_MAX = 65536
"""So many addresses are kept as they are written: of ten endpoints one has changed, mostly."""

PROTOCOLS = ("_tcp", "_udp", "_sctp")

PodsMode = Literal["disabled", "insecure", "verified"]

Records = Callable[[], Iterable[Record]]


class Cluster(Protocol):
    """What is known of the cluster."""

    def service(self, namespace: str, name: str) -> Service | None:
        """The Service of that name."""
        ...

    def slices(self, namespace: str, name: str) -> Sequence[EndpointSlice]:
        """The endpoint slices of a Service."""
        ...

    def has_namespace(self, namespace: str) -> bool:
        """Whether there is such a namespace."""
        ...

    def namespace_labels(self, namespace: str) -> Mapping[str, str] | None:
        """The labels of a namespace, None where there is none of that name."""
        ...

    def services_at(self, address: str) -> Sequence[Service]:
        """The Services with this ClusterIP."""
        ...

    def slices_with(self, address: str) -> Sequence[EndpointSlice]:
        """The slices that list this address."""
        ...

    def has_pod(self, namespace: str, address: str) -> bool:
        """Whether a pod of the namespace has the address."""
        ...


class Node(Struct, frozen=True):
    """A name that exists."""

    records: Mapping[int, Records] = field(default_factory=dict)
    """By type; CNAME alone stands for all."""
    depends_on: tuple[str, str] | None = None
    """The Service, or namespace and "", that it comes from."""


class Zone(Struct, frozen=True, kw_only=True):
    """A zone and how it is answered."""

    name: Labels
    ttl: int = 5
    pods: PodsMode = "insecure"
    addresses: tuple[str, ...] = ()
    """Where its name server answers."""
    namespaces: frozenset[str] = frozenset()
    """Only these, unless empty."""
    namespace_selector: Selector = EVERYTHING
    """Only namespaces with such labels."""
    selector: Selector = EVERYTHING
    """Only Services with such labels."""
    has_endpoints: bool = True
    """Whether endpoints have names; else headless Services have none either."""
    names_pods: bool = False
    """Whether endpoints without a hostname are called as their pods are."""
    hides_empty: bool = False
    """Whether Services that nobody answers for have no names."""

    def exposes(self, cluster: "Cluster", namespace: str) -> bool:
        """Whether names of a namespace are known."""
        if self.namespaces and namespace not in self.namespaces:
            return False
        if not self.namespace_selector.requirements:
            return True
        labels = cluster.namespace_labels(namespace)
        return labels is not None and self.namespace_selector.matches(labels)

    def shows(self, cluster: "Cluster", service: Service) -> bool:
        """Whether the names of a Service are known."""
        meta = service.metadata
        return self.selector.matches(meta.labels) and self.exposes(cluster, meta.namespace)

    def hostname(self, endpoint: Endpoint) -> str:
        """What an endpoint is called."""
        reference = endpoint.target_ref
        pod = reference.name if self.names_pods and reference is not None else ""
        return (endpoint.hostname or pod or dashed(endpoint.addresses[0])).lower()

    @property
    def soa(self) -> Record:
        """The record that says how long nothing is to be believed."""
        times = (1, 7200, 1800, 86400, self.ttl)
        data = SOA(_under(self, b"ns", b"dns"), _under(self, b"hostmaster"), times)
        return Record(self.name, QTYPE.SOA, self.ttl, data)


def find(zone: Zone, cluster: Cluster, name: Labels) -> Node | None:
    """What a lower-case name within the zone stands for."""
    relative = tuple(label.decode("latin-1") for label in name[: len(name) - len(zone.name)])
    if any("*" in label for label in relative):
        return None
    match relative:
        case (*_, _, "svc"):
            return _in_services(zone, cluster, name, relative[:-1])
        case (*_, _, "pod"):
            return _in_pods(zone, cluster, name, relative[:-1])
    return _fixed(zone, name, relative)


def find_address(zone: Zone, cluster: Cluster, name: Labels, domain: Labels) -> Node | None:
    """What a name of a reverse zone stands for: Services and named endpoints at the address."""
    address = address_of(name)
    if address is None:
        return None
    inner = replace(zone, name=domain)
    targets = [
        _under(inner, *_raw(one.metadata.name, one.metadata.namespace, "svc"))
        for one in cluster.services_at(address)
        if zone.shows(cluster, one)
    ]
    if not targets and zone.has_endpoints:
        targets = list(dict.fromkeys(_endpoint_names(inner, cluster, address)))
    if not targets:
        return None
    return Node({QTYPE.PTR: lambda: [Record(name, QTYPE.PTR, zone.ttl, PTR(t)) for t in targets]})


def address_of(name: Labels) -> str | None:
    """The address that a name under in-addr.arpa or ip6.arpa means."""
    parts = [label.decode("latin-1") for label in reversed(name)]
    try:
        if parts[:2] == ["arpa", "in-addr"] and len(parts) == 6:
            return str(ipaddress.IPv4Address(".".join(parts[2:])))
        if parts[:2] == ["arpa", "ip6"] and len(parts) == 34:
            digits = "".join(parts[2:])
            return str(ipaddress.IPv6Address(int(digits, 16))) if len(digits) == 32 else None
    except ValueError:
        return None
    return None


def dashed(address: str) -> str:
    """The name of an endpoint that has none of its own."""
    return address.replace(".", "-").replace(":", "-")


def undashed(label: str) -> str | None:
    """The address that a label with dashes means."""
    for mark in (".", ":"):
        try:
            return str(ipaddress.ip_address(label.replace("-", mark)))
        except ValueError:
            continue
    return None


def _fixed(zone: Zone, name: Labels, relative: tuple[str, ...]) -> Node | None:
    """The names that every zone has."""
    known: Mapping[tuple[str, ...], Callable[[], Node | None]] = {
        (): lambda: _apex(zone),
        ("dns-version",): lambda: _texts(zone, name),
        ("dns",): Node,
        ("svc",): Node,
        ("pod",): lambda: Node() if zone.pods != "disabled" else None,
        ("ns", "dns"): lambda: Node(_addresses(zone, name, zone.addresses)),
    }
    make = known.get(relative)
    return make() if make is not None else None


def _apex(zone: Zone) -> Node:
    server = NS(_under(zone, b"ns", b"dns"))
    return Node(
        {
            QTYPE.SOA: lambda: [zone.soa],
            QTYPE.NS: lambda: [Record(zone.name, QTYPE.NS, zone.ttl, server)],
        }
    )


def _texts(zone: Zone, name: Labels) -> Node:
    return Node({QTYPE.TXT: lambda: [Record(name, QTYPE.TXT, 28800, TXT(SPECIFICATION))]})


def _in_services(
    zone: Zone, cluster: Cluster, name: Labels, relative: tuple[str, ...]
) -> Node | None:
    *below, service_name, namespace = relative if len(relative) > 1 else ("", *relative)
    if not zone.exposes(cluster, namespace):
        return None
    if not service_name:
        return Node(depends_on=(namespace, "")) if cluster.has_namespace(namespace) else None
    service = cluster.service(namespace, service_name)
    if service is None or not zone.selector.matches(service.metadata.labels):
        return None
    where = (namespace, service_name)
    if service.spec.type == "ExternalName":
        target = CNAME(_raw_name(service.spec.external_name))
        alias = [Record(name, QTYPE.CNAME, zone.ttl, target)]
        return Node({QTYPE.CNAME: lambda: alias}, where) if not below else None
    view = _ServiceView(zone, service, cluster.slices(namespace, service_name))
    if not view.is_there:
        return None
    records = _of_service(zone, view, name, below)
    return Node(records, where) if records is not None else None


def _of_service(
    zone: Zone, view: "_ServiceView", name: Labels, below: list[str]
) -> Mapping[int, Records] | None:
    """The records of a Service's own name and of those below it."""
    match below:
        case []:
            return {**view.addresses(name), QTYPE.SRV: lambda: view.srv(name)}
        case [protocol] if protocol in PROTOCOLS:
            return {} if view.speaks(protocol[1:].upper()) else None
        case [hostname]:
            found = view.endpoint_addresses(hostname)
            return _addresses(zone, name, found) if found else None
        case [port, protocol] if port[:1] == "_" and port != "_" and protocol in PROTOCOLS:
            wanted = (port[1:], protocol[1:].upper())
            if view.has_port(*wanted):
                return {QTYPE.SRV: lambda: view.srv(name, *wanted)}
    return None


def _in_pods(zone: Zone, cluster: Cluster, name: Labels, relative: tuple[str, ...]) -> Node | None:
    namespace = relative[-1]
    exists = zone.pods != "disabled" and zone.exposes(cluster, namespace)
    if not exists or not cluster.has_namespace(namespace):
        return None
    if len(relative) == 1:
        return Node(depends_on=(namespace, ""))
    address = undashed(relative[0]) if len(relative) == 2 else None
    if address is None:
        return None
    if zone.pods == "verified" and not cluster.has_pod(namespace, address):
        return None
    depends_on = (namespace, "") if zone.pods == "insecure" else None
    return Node(_addresses(zone, name, (address,)), depends_on)


class _ServiceView:
    """The records of one Service."""

    def __init__(self, zone: Zone, service: Service, slices: Sequence[EndpointSlice]) -> None:
        self._zone = zone
        self._service = service
        self._slices = slices
        spec = service.spec
        self.is_headless = spec.cluster_ip == "None"
        self.ips = spec.cluster_ips or ((spec.cluster_ip,) if spec.cluster_ip else ())

    @property
    def is_there(self) -> bool:
        """Whether it has names at all, as the zone is configured."""
        if self.is_headless and not self._zone.has_endpoints:
            return False
        return not self._zone.hides_empty or any(True for _ in self._ready())

    def addresses(self, name: Labels) -> Mapping[int, Records]:
        """Addresses of the Service itself: its own, or of all that answer for it."""
        found = self.ips
        if self.is_headless:
            found = tuple(dict.fromkeys(one.addresses[0] for one, _ in self._ready()))
        return _addresses(self._zone, name, found)

    def endpoint_addresses(self, hostname: str) -> tuple[str, ...]:
        """Addresses of the endpoints with this name; only headless Services name them."""
        if not self.is_headless:
            return ()
        name_of = self._zone.hostname
        named = (one.addresses[0] for one, _ in self._ready() if name_of(one) == hostname)
        return tuple(dict.fromkeys(named))

    def speaks(self, protocol: str) -> bool:
        """Whether any port has a name and this protocol."""
        return any(name and spoken == protocol for name, spoken, _ in self._ports())

    def has_port(self, name: str, protocol: str) -> bool:
        """Whether there is such a port."""
        return any((one, spoken) == (name, protocol) for one, spoken, _ in self._ports())

    def srv(self, name: Labels, port: str | None = None, protocol: str = "") -> Iterable[Record]:
        """Where one named port, or every port, is reached."""
        own = _raw(self._service.metadata.name, self._service.metadata.namespace, "svc")
        places: list[tuple[int, Labels]] = []
        if self.is_headless:
            for endpoint, ports in self._ready():
                target = _under(self._zone, self._zone.hostname(endpoint).encode(), *own)
                for one in ports:
                    if port is None or _is_port(one, port, protocol):
                        places.append((one.port or 0, target))
        else:
            target = _under(self._zone, *own)
            for label, spoken, number in self._ports():
                if port is None or (label, spoken) == (port, protocol):
                    places.append((number, target))
        places = list(dict.fromkeys(places))
        weight = max(100 // len(places), 1) if places else 0
        for number, target in places:
            data = SRV(0, weight, number, target)
            yield Record(name, QTYPE.SRV, self._zone.ttl, data)

    def _ports(self) -> Iterator[tuple[str, str, int]]:
        for one in self._service.spec.ports:
            yield _port_of(one)
        if self.is_headless:
            for endpoint_slice in self._slices:
                for port in endpoint_slice.ports:
                    yield (port.name or "").lower(), port.protocol or "TCP", port.port or 0

    def _ready(self) -> Iterator[tuple[Endpoint, Sequence[EndpointPort]]]:
        for one in self._slices:
            for endpoint in one.endpoints:
                if endpoint.addresses and _is_ready(endpoint):
                    yield endpoint, one.ports


def _port_of(port: Port) -> tuple[str, str, int]:
    return port.name.lower(), port.protocol or "TCP", port.port


def _is_port(port: EndpointPort, name: str, protocol: str) -> bool:
    return (port.name or "").lower() == name and (port.protocol or "TCP") == protocol


def _is_ready(endpoint: Endpoint) -> bool:
    return endpoint.conditions is None or endpoint.conditions.ready is not False


def _endpoint_names(zone: Zone, cluster: Cluster, address: str) -> Iterator[Labels]:
    for one in cluster.slices_with(address):
        service_name = one.metadata.labels.get("kubernetes.io/service-name", "")
        service = cluster.service(one.metadata.namespace, service_name)
        is_headless = service is not None and service.spec.cluster_ip == "None"
        if service is None or not is_headless or not zone.shows(cluster, service):
            continue
        for endpoint in one.endpoints:
            if endpoint.addresses[:1] == (address,) and _is_ready(endpoint):
                own = _raw(zone.hostname(endpoint), service_name, one.metadata.namespace, "svc")
                yield _under(zone, *own)


def _addresses(zone: Zone, name: Labels, addresses: Iterable[str]) -> dict[int, Records]:
    """Records of both families; a name has a type even where no address is of it."""
    v4 = [one for one in addresses if ":" not in one]
    v6 = [one for one in addresses if ":" in one]
    found: dict[int, Records] = {}
    if v4:
        found[QTYPE.A] = lambda: [Record(name, QTYPE.A, zone.ttl, _a(one)) for one in v4]
    if v6:
        found[QTYPE.AAAA] = lambda: [Record(name, QTYPE.AAAA, zone.ttl, _aaaa(one)) for one in v6]
    return found


@lru_cache(ADDRESSES_MAX)
def _a(address: str) -> RD:
    return A(address)


@lru_cache(ADDRESSES_MAX)
def _aaaa(address: str) -> RD:
    return AAAA(tuple(ipaddress.IPv6Address(address).packed))


def _raw(*labels: str) -> Labels:
    return tuple(label.encode() for label in labels)


def _raw_name(text: str) -> Labels:
    return labels_of(text.lower())


def _under(zone: Zone, *labels: bytes) -> Labels:
    return (*labels, *zone.name)
