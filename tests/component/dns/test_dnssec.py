"""What we sign, others verify."""

from pathlib import Path

import pytest
from dnslib import QTYPE

from dns.message import labels_of
from dns.signatures import read_key
from tests.component.dns.lab import ADDRESS, CLUSTER, lab, make_service, run_tool, slice_of

ZONE = "cluster.local"


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        pytest.param("web.default.svc.cluster.local", "A", "; fully validated", id="an address"),
        pytest.param("many.default.svc.cluster.local", "A", "; fully validated", id="several"),
        pytest.param("_http._tcp.web.default.svc.cluster.local", "SRV", "; fully", id="a port"),
        pytest.param("cluster.local", "SOA", "; fully validated", id="the start of authority"),
        pytest.param("cluster.local", "DNSKEY", "; fully validated", id="the key"),
        pytest.param(
            "none.default.svc.cluster.local", "A", "; negative response, fully validated", id="none"
        ),
        pytest.param(
            "web.default.svc.cluster.local",
            "MX",
            "; negative response, fully validated",
            id="no such type",
        ),
    ],
)
async def test_delv_believes_us(tmp_path: Path, name: str, kind: str, expected: str) -> None:
    stem = tmp_path / "Kcluster.local"
    corefile = CLUSTER.replace("loadbalance", f"dnssec {ZONE} {{\n key file {stem}\n}}")
    async with lab(corefile) as it:
        await make_service(it.client, "web")
        await make_service(it.client, "many", headless=True)
        await it.client.create(slice_of("many", ["10.0.0.1", "10.0.0.2", "10.0.0.10"]))
        await it.caught_up()
        key = read_key(labels_of(ZONE), stem.with_name(f"{stem.name}.private").read_text())
        words = key.ds.split()
        anchor = tmp_path / "anchor"
        anchor.write_text(
            f'trust-anchors {{ {ZONE}. static-ds {words[3]} {words[4]} {words[5]} "{words[6]}"; }};'
        )
        printed = await run_tool(
            "delv", f"@{ADDRESS}", "-p", str(it.port), "-a", str(anchor), f"+root={ZONE}",
            name, kind,
        )  # fmt: skip
    assert expected in printed, printed


async def test_only_those_who_ask_get_signatures() -> None:
    async with lab(CLUSTER.replace("loadbalance", f"dnssec {ZONE}")) as it:
        await make_service(it.client, "web")
        await it.caught_up()
        reply = await it.ask("web.default.svc.cluster.local")
        printed = await run_tool(
            "dig", f"@{ADDRESS}", "-p", str(it.port), "+dnssec", "web.default.svc.cluster.local"
        )
    assert [one.rtype for one in reply.rr] == [QTYPE.A]
    assert "RRSIG" in printed
    assert "flags: do" in printed
