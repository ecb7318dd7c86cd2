"""The DNS specification of Kubernetes, a clause a line."""

import pytest
from dnslib import QTYPE

from dns.message import labels_of
from dns.records import Zone, find, find_address
from knarr.api.selectors import parse
from tests.unit.dns.cluster import TableCluster, endpoint, endpoint_slice, service

ZONE = Zone(name=labels_of("cluster.local"), addresses=("10.96.0.10",))

CLUSTER = TableCluster(
    services=[
        service("web", "10.96.0.7", ports=[("http", 80, "TCP"), ("dns", 53, "UDP")]),
        service("both", "10.96.0.8", "fd00::8"),
        service("bare", "10.96.0.9", ports=[("", 80, "TCP")]),
        service("quorum", "None", ports=[("peer", 2380, "TCP")]),
        service("empty", "None"),
        service("v6", "None"),
        service("dual", "None"),
        service("named", "None"),
        service("outside", external_name="db.example.org"),
    ],
    slices=[
        endpoint_slice("web", endpoint("10.1.0.1", hostname="web-0")),
        endpoint_slice(
            "quorum",
            endpoint("10.1.0.5", hostname="member-0"),
            endpoint("10.1.0.6", hostname="member-1"),
            endpoint("10.1.0.7", hostname="late", ready=False),
            endpoint("10.1.0.8"),
            ports=[("peer", 2380, "TCP")],
        ),
        endpoint_slice("v6", endpoint("fd01::5")),
        endpoint_slice("dual", endpoint("10.2.0.1", hostname="both")),
        endpoint_slice(
            "named",
            endpoint("10.3.0.8", pod="pod-8"),
            endpoint("10.3.0.9", hostname="own", pod="pod-9"),
        ),
        endpoint_slice("dual", endpoint("fd02::1", hostname="both")),
        endpoint_slice("dual", endpoint("10.2.0.2", hostname="both")),
    ],
    pods={"10.1.0.5": "default"},
)

SVC = "default.svc.cluster.local"


def answer(name: str, kind: str, zone: Zone = ZONE) -> list[str] | None:
    """What a name has of one type; None where there is no such name."""
    labels = labels_of(name)
    if name.endswith("arpa"):
        node = find_address(zone, CLUSTER, labels, zone.name)
    else:
        node = find(zone, CLUSTER, labels)
    if node is None:
        return None
    make = node.records.get(getattr(QTYPE, kind))
    records = list(make()) if make else []
    assert all(one.name == labels or name == "cluster.local" for one in records)
    return [str(one.data) for one in records]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        pytest.param("dns-version.cluster.local", "TXT", ['"1.1.0"'], id="2.2 schema version"),
        pytest.param(f"web.{SVC}", "A", ["10.96.0.7"], id="2.3.1 A of a ClusterIP"),
        pytest.param(f"web.{SVC}", "AAAA", [], id="2.3.1 no AAAA where there is no such address"),
        pytest.param(f"both.{SVC}", "A", ["10.96.0.8"], id="2.3.1 A of two families"),
        pytest.param(f"both.{SVC}", "AAAA", ["fd00::8"], id="2.3.1 AAAA of two"),
        pytest.param(
            f"_http._tcp.web.{SVC}", "SRV", [f"0 100 80 web.{SVC}."], id="2.3.2 SRV of a TCP port"
        ),
        pytest.param(
            f"_dns._udp.web.{SVC}", "SRV", [f"0 100 53 web.{SVC}."], id="2.3.2 SRV of a UDP port"
        ),
        pytest.param(f"_dns._tcp.web.{SVC}", "SRV", None, id="2.3.2 the protocol counts"),
        pytest.param(f"_none._tcp.web.{SVC}", "SRV", None, id="2.3.2 no such port"),
        pytest.param(f"_._tcp.bare.{SVC}", "SRV", None, id="2.3.2 a port without name has none"),
        pytest.param(f"_tcp.web.{SVC}", "A", [], id="a name on the way to a port exists"),
        pytest.param("7.0.96.10.in-addr.arpa", "PTR", [f"web.{SVC}."], id="2.3.3 PTR"),
        pytest.param(
            "8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
            "PTR",
            [f"both.{SVC}."],
            id="2.3.3 PTR of the other family",
        ),
        pytest.param("9.9.96.10.in-addr.arpa", "PTR", None, id="2.3.3 an address of nobody"),
        pytest.param(
            f"quorum.{SVC}",
            "A",
            ["10.1.0.5", "10.1.0.6", "10.1.0.8"],
            id="2.4.1 A of every ready endpoint",
        ),
        pytest.param(f"v6.{SVC}", "AAAA", ["fd01::5"], id="2.4.1 AAAA of endpoints"),
        pytest.param(
            f"member-0.quorum.{SVC}", "A", ["10.1.0.5"], id="2.4.1 A of a host of the Service"
        ),
        pytest.param(
            f"10-1-0-8.quorum.{SVC}", "A", ["10.1.0.8"], id="2.4.1 endpoints without name get one"
        ),
        pytest.param(
            f"both.dual.{SVC}", "A", ["10.2.0.1", "10.2.0.2"], id="2.4.1 all addresses of a host"
        ),
        pytest.param(f"both.dual.{SVC}", "AAAA", ["fd02::1"], id="2.4.1 AAAA of a host"),
        pytest.param(f"dual.{SVC}", "AAAA", ["fd02::1"], id="2.4.1 AAAA beside A"),
        pytest.param(
            f"_http._tcp.dual.{SVC}",
            "SRV",
            [f"0 100 8080 both.dual.{SVC}."],
            id="2.4.2 SRV of a host once, however many addresses it has",
        ),
        pytest.param(
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.d.f.ip6.arpa",
            "PTR",
            [f"both.dual.{SVC}."],
            id="2.4.3 PTR of a host's other address",
        ),
        pytest.param(f"late.quorum.{SVC}", "A", None, id="2.4.1 only ready ones"),
        pytest.param(f"web-0.web.{SVC}", "A", None, id="2.4.1 only headless Services name them"),
        pytest.param(
            f"_peer._tcp.quorum.{SVC}",
            "SRV",
            [
                f"0 33 2380 member-0.quorum.{SVC}.",
                f"0 33 2380 member-1.quorum.{SVC}.",
                f"0 33 2380 10-1-0-8.quorum.{SVC}.",
            ],
            id="2.4.2 SRV of every ready endpoint",
        ),
        pytest.param(
            "5.0.1.10.in-addr.arpa", "PTR", [f"member-0.quorum.{SVC}."], id="2.4.3 PTR of a host"
        ),
        pytest.param("1.0.1.10.in-addr.arpa", "PTR", None, id="2.4.3 not of ClusterIP Services"),
        pytest.param(f"empty.{SVC}", "A", [], id="a headless Service without endpoints exists"),
        pytest.param(f"outside.{SVC}", "CNAME", ["db.example.org."], id="2.5 CNAME"),
        pytest.param("10-1-0-5.default.pod.cluster.local", "A", ["10.1.0.5"], id="pods by address"),
        pytest.param("fd01--5.default.pod.cluster.local", "AAAA", ["fd01::5"], id="v6"),
        pytest.param("10-1-0-5.nowhere.pod.cluster.local", "A", None, id="no such namespace"),
        pytest.param("host.default.pod.cluster.local", "A", None, id="no address"),
        pytest.param(f"*.{SVC}", "A", None, id="wildcards are no names"),
        pytest.param(f"none.{SVC}", "A", None, id="no such Service"),
        pytest.param("web.nowhere.svc.cluster.local", "A", None, id="no such namespace's Service"),
        pytest.param("default.svc.cluster.local", "A", [], id="a namespace exists"),
        pytest.param("nowhere.svc.cluster.local", "A", None, id="a namespace that does not"),
        pytest.param("svc.cluster.local", "A", [], id="svc exists"),
        pytest.param("pod.cluster.local", "A", [], id="pod exists"),
        pytest.param("ns.dns.cluster.local", "A", ["10.96.0.10"], id="the name server"),
        pytest.param("cluster.local", "NS", ["ns.dns.cluster.local."], id="its name"),
        pytest.param("else.cluster.local", "A", None, id="nothing else"),
    ],
)
def test_names(name: str, kind: str, expected: list[str] | None) -> None:
    assert answer(name, kind) == expected


def test_the_start_of_authority_allows_five_seconds() -> None:
    [soa] = answer("cluster.local", "SOA") or []
    assert soa.split()[:2] == ["ns.dns.cluster.local.", "hostmaster.cluster.local."]
    assert soa.split()[-1] == "5"


@pytest.mark.parametrize(
    ("mode", "name", "expected"),
    [
        ("verified", "10-1-0-5", ["10.1.0.5"]),
        ("verified", "10-1-0-99", None),
        ("insecure", "10-1-0-99", ["10.1.0.99"]),
        ("disabled", "10-1-0-5", None),
    ],
)
def test_pods_modes(mode: str, name: str, expected: list[str] | None) -> None:
    zone = Zone(name=ZONE.name, pods=mode)  # type: ignore[arg-type]  # the table has the modes
    assert answer(f"{name}.default.pod.cluster.local", "A", zone) == expected


def test_only_some_namespaces() -> None:
    zone = Zone(name=ZONE.name, namespaces=frozenset({"other"}))
    assert answer(f"web.{SVC}", "A", zone) is None
    assert answer("7.0.96.10.in-addr.arpa", "PTR", zone) is None


def test_only_namespaces_and_services_with_labels() -> None:
    ours = Zone(name=ZONE.name, namespace_selector=parse("name=default"))
    others = Zone(name=ZONE.name, namespace_selector=parse("name=other"))
    assert answer(f"web.{SVC}", "A", ours) == ["10.96.0.7"]
    assert answer(f"web.{SVC}", "A", others) is None
    assert answer("7.0.96.10.in-addr.arpa", "PTR", others) is None
    chosen = Zone(name=ZONE.name, selector=parse("public=yes"))
    assert answer(f"web.{SVC}", "A", chosen) is None
    assert answer("7.0.96.10.in-addr.arpa", "PTR", chosen) is None
    assert answer("5.0.1.10.in-addr.arpa", "PTR", chosen) is None


def test_without_endpoints() -> None:
    zone = Zone(name=ZONE.name, has_endpoints=False)
    assert answer(f"web.{SVC}", "A", zone) == ["10.96.0.7"]
    for name in (f"quorum.{SVC}", f"member-0.quorum.{SVC}", "5.0.1.10.in-addr.arpa"):
        assert answer(name, "A", zone) is None, name


def test_endpoints_are_called_as_their_pods() -> None:
    zone = Zone(name=ZONE.name, names_pods=True)
    assert answer(f"pod-8.named.{SVC}", "A", zone) == ["10.3.0.8"]
    assert answer(f"own.named.{SVC}", "A", zone) == ["10.3.0.9"], "a hostname goes first"
    assert answer(f"pod-8.named.{SVC}", "A") is None
    assert answer(f"10-3-0-8.named.{SVC}", "A") == ["10.3.0.8"]


def test_services_that_nobody_answers_for() -> None:
    zone = Zone(name=ZONE.name, hides_empty=True)
    assert answer(f"web.{SVC}", "A", zone) == ["10.96.0.7"]
    for name in (f"empty.{SVC}", f"bare.{SVC}"):
        assert answer(name, "A", zone) is None, name
        assert answer(name, "A") is not None, name
