"""A running name server answers, and goes with the cluster as that changes."""

import asyncio
from ipaddress import ip_address
from pathlib import Path

from dnslib import QTYPE, RCODE, DNSRecord
from msgspec.structs import replace

from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.keys import Key
from tests.component.dns.lab import (
    ADDRESS,
    CLUSTER,
    lab,
    make_service,
    over_tcp,
    over_udp,
    run_tool,
    slice_of,
    upstream,
    zone,
)

WEB = "web.default.svc.cluster.local"


async def test_a_service_has_its_address_as_soon_as_it_is_there() -> None:
    async with lab() as it:
        assert (await it.ask(WEB)).header.rcode == RCODE.NXDOMAIN
        made = await make_service(it.client, "web")
        await it.caught_up()
        reply = await it.ask(WEB)
        assert [str(one.rdata) for one in reply.rr] == [made.spec.cluster_ip]
        assert (reply.header.aa, reply.rr[0].ttl) == (1, 5)
        await it.client.delete(Service, Key("default", "web"))
        await it.caught_up()
        reply = await it.ask(WEB)
        assert reply.header.rcode == RCODE.NXDOMAIN
        assert reply.auth[0].rtype == QTYPE.SOA


async def test_services_of_two_families_have_both_kinds_of_address() -> None:
    corefile = CLUSTER.replace("in-addr.arpa", "in-addr.arpa ip6.arpa")
    async with lab(corefile, services="10.96.0.0/16,fd00:96::/112") as it:
        made = await make_service(it.client, "web", policy="PreferDualStack")
        await make_service(it.client, "single")
        await make_service(it.client, "all", headless=True, policy="RequireDualStack")
        await it.client.create(slice_of("all", ["10.1.0.1"]))
        six = slice_of("all", ["fd01::1"])
        meta = replace(six.metadata, name="all-6")
        await it.client.create(replace(six, metadata=meta, address_type="IPv6"))
        await it.caught_up()
        for kind, address in zip(("A", "AAAA"), made.spec.cluster_ips, strict=True):
            assert [str(one.rdata) for one in (await it.ask(WEB, kind)).rr] == [address]
            reverse = ip_address(address).reverse_pointer
            assert str((await it.ask(reverse, "PTR")).rr[0].rdata) == f"{WEB}."
        reply = await it.ask("single.default.svc.cluster.local", "AAAA")
        assert (reply.header.rcode, reply.rr) == (RCODE.NOERROR, [])
        found = [(await it.ask("all.default.svc.cluster.local", kind)).rr for kind in ("A", "AAAA")]
        assert [str(one[0].rdata) for one in found] == ["10.1.0.1", "fd01::1"]


async def test_short_names_are_known_where_nobody_searches() -> None:
    corefile = CLUSTER.replace("pods insecure", "pods insecure\n short")
    async with lab(corefile) as it:
        made = await make_service(it.client, "web")
        await it.caught_up()
        for name in ("web.default", "Web.default.svc", WEB):
            assert await it.addresses(name) == [made.spec.cluster_ip], name
        for name in ("web", "other.default", "default.svc"):
            assert (await it.ask(name)).header.rcode == RCODE.REFUSED, "others may know"


async def test_ready_made_answers_are_the_same_answers() -> None:
    async with lab() as it:
        await make_service(it.client, "web")
        await it.caught_up()
        first, second = await it.ask("Web.Default.svc.cluster.local"), await it.ask(WEB)
        again = await it.ask("Web.Default.svc.cluster.local")
        assert again.rr == first.rr == second.rr
        assert str(again.q.qname) == "Web.Default.svc.cluster.local."
        assert len(it.dns._fronts[5300].hot.answers) == 2


async def test_endpoints_take_turns_and_go_with_their_pods() -> None:
    async with lab() as it:
        await make_service(it.client, "web", headless=True)
        made = await it.client.create(slice_of("web", ["10.0.0.1", "10.0.0.2", "10.0.0.3"]))
        await it.caught_up()
        firsts = {(await it.addresses(WEB))[0] for _ in range(12)}
        assert firsts == {"10.0.0.1", "10.0.0.2", "10.0.0.3"}
        await it.client.update(replace(made, endpoints=made.endpoints[:1]))
        await it.caught_up()
        assert await it.addresses(WEB) == ["10.0.0.1"]
        await it.client.delete(EndpointSlice, Key("default", "web"))
        await it.caught_up()
        assert await it.addresses(WEB) == []


async def test_many_endpoints_come_over_a_connection() -> None:
    async with lab() as it:
        await make_service(it.client, "web", headless=True)
        await it.client.create(slice_of("web", [f"10.0.0.{i}" for i in range(1, 101)]))
        await it.caught_up()
        short = await it.ask(WEB)
        assert short.header.tc
        assert len((await it.ask(WEB, tcp=True)).rr) == 100


async def test_several_queries_share_a_connection() -> None:
    async with lab() as it:
        await make_service(it.client, "web")
        reader, writer = await asyncio.open_connection(ADDRESS, it.port)
        for number in range(3):
            asked = DNSRecord.question(WEB)
            asked.header.id = number
            wire = asked.pack()
            writer.write(len(wire).to_bytes(2, "big") + wire)
        for number in range(3):
            length = int.from_bytes(await reader.readexactly(2), "big")
            assert DNSRecord.parse(await reader.readexactly(length)).header.id == number
        writer.close()
        await writer.wait_closed()


async def test_noise_does_no_harm() -> None:
    async with lab() as it:
        for wire in (b"", b"\x00" * 11, b"\xff" * 40, b"\x00" * 12):
            try:
                async with asyncio.timeout(0.05):
                    await over_udp(wire, it.port)
            except TimeoutError:
                continue
        assert (await it.ask("kubernetes.default.svc.cluster.local")).header.rcode == 0


async def test_transfers_are_refused() -> None:
    async with lab() as it:
        reply = DNSRecord.parse(
            await over_tcp(DNSRecord.question("cluster.local", "AXFR").pack(), it.port)
        )
        assert reply.header.rcode == RCODE.REFUSED


async def test_an_external_name_leads_out() -> None:
    async with upstream(zone("db.example.org 60 IN A 192.0.2.7")) as (other, port):
        corefile = CLUSTER.replace("loadbalance", f"forward . {ADDRESS}:{port}")
        async with lab(corefile) as it:
            await make_service(it.client, "db", external_name="db.example.org")
            await it.caught_up()
            reply = await it.ask("db.default.svc.cluster.local")
            assert [(QTYPE[one.rtype], str(one.rdata)) for one in reply.rr] == [
                ("CNAME", "db.example.org."),
                ("A", "192.0.2.7"),
            ]
            assert other.asked == ["db.example.org."]


async def test_aliases_in_a_circle_end() -> None:
    async with lab() as it:
        for one, other in (("a", "b"), ("b", "a")):
            target = f"{other}.default.svc.cluster.local"
            await make_service(it.client, one, external_name=target)
        await it.caught_up()
        reply = await it.ask("a.default.svc.cluster.local")
        assert len(reply.rr) > 1
        assert {QTYPE[one.rtype] for one in reply.rr} == {"CNAME"}


async def test_a_changed_corefile_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "Corefile"
    text = ".:5300 {\n  reload 50ms\n  hosts {\n    10.0.0.%d some.example\n  }\n}\n"
    path.write_text(text % 1)
    async with lab(text % 1, path) as it:
        assert await it.addresses("some.example") == ["10.0.0.1"]
        path.write_text(text % 2)
        async with asyncio.timeout(5):
            while await it.addresses("some.example") != ["10.0.0.2"]:
                await asyncio.sleep(0.02)
        path.write_text("nonsense {")
        await asyncio.sleep(0.12)
        assert await it.addresses("some.example") == ["10.0.0.2"]


async def test_dig_reads_us() -> None:
    async with lab() as it:
        made = await make_service(it.client, "web")
        await it.caught_up()
        asked = ("dig", f"@{ADDRESS}", "-p", str(it.port), "+short")
        assert (await run_tool(*asked, WEB)).strip() == made.spec.cluster_ip
        assert (await run_tool(*asked, "-x", made.spec.cluster_ip)).strip() == f"{WEB}."
        srv = await run_tool(*asked, "SRV", f"_http._tcp.{WEB}")
        assert srv.strip() == f"0 100 80 {WEB}."
        assert "version: 0" in await run_tool(*asked[:-1], "+edns=0", WEB)
        assert "BADVERS" in await run_tool(*asked[:-1], "+edns=1", "+noednsneg", WEB)
