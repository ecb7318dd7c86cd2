"""What a Corefile may say of plugins, in a running name server or where it is read."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from dnslib import RCODE, RR, DNSRecord
from structlog.testing import capture_logs

from dns.__main__ import blocks_of
from dns.corefile import CorefileError, parse
from dns.dns import made
from dns.imports import beside
from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.clock import SystemClock
from tests.component.dns.lab import ADDRESS, lab, over_udp, run_tool, upstream
from tests.component.dns.test_rewrite import opt, site


def answer(query: DNSRecord, address: str = "192.0.2.1") -> bytes:
    reply = query.reply(aa=0)
    reply.add_answer(*RR.fromZone(f"{query.q.qname} 60 IN A {address}"))
    return bytes(reply.pack())


@asynccontextmanager
async def by_stream(secure: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A name server that takes connections only, over TLS where there is a context; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        reply = answer(DNSRecord.parse(wire))
        writer.write(len(reply).to_bytes(2, "big") + reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, ADDRESS, 0, ssl=secure)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("name", ["dns.example", "another.example"])
async def test_upstreams_are_asked_over_tls(tmp_path: Path, name: str) -> None:
    authority = Authority.at(tmp_path / "pki", SystemClock())
    pair = authority.ensure(tmp_path / "server", Wanted("server", hosts=("dns.example",)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    async with by_stream(context) as port:
        text = f".:5300 {{\n forward . tls://{ADDRESS}:{port} {{\n tls {authority.path}\n"
        async with lab(f"{text} tls_servername {name}\n}}\n}}\n") as it:
            reply = await it.ask("www.example.org")
    if name == "dns.example":
        assert str(reply.rr[0].rdata) == "192.0.2.1"
    else:
        assert reply.header.rcode == RCODE.SERVFAIL, "it shows another name"


async def test_a_stream_is_asked_where_that_is_said() -> None:
    async with by_stream() as port:
        text = f".:5300 {{\n forward . {ADDRESS}:{port} {{\n force_tcp\n}}\n}}\n"
        async with lab(text) as it:
            assert await it.addresses("www.example.org") == ["192.0.2.1"]


async def test_datagrams_are_asked_where_that_is_said() -> None:
    async with upstream(answer) as (other, port):
        text = f".:5300 {{\n forward . {ADDRESS}:{port} {{\n prefer_udp\n}}\n}}\n"
        async with lab(text) as it:
            reply = await it.ask("www.example.org", tcp=True)
    assert str(reply.rr[0].rdata) == "192.0.2.1"
    assert len(other.asked) == 1


async def test_the_next_is_asked_after_some_codes() -> None:
    def nobody(query: DNSRecord) -> bytes:
        reply = query.reply(aa=0)
        reply.header.rcode = RCODE.NXDOMAIN
        return bytes(reply.pack())

    async with upstream(nobody) as (_, first), upstream(answer) as (_, second):
        text = f".:5300 {{\n forward . {ADDRESS}:{first} {{\n next NXDOMAIN\n}}\n"
        async with lab(f"{text} forward . {ADDRESS}:{second}\n}}\n") as it:
            assert await it.addresses("www.example.org") == ["192.0.2.1"]
        async with lab(f"{text}}}\n") as it:
            assert (await it.ask("www.example.org")).header.rcode == RCODE.NXDOMAIN


async def test_nobody_is_asked_in_vain_where_that_is_said() -> None:
    block = "max_fails 1\n health_check 1h\n failfast_all_unhealthy_upstreams"
    text = f".:5300 {{\n errors\n forward . {ADDRESS}:9 {{\n {block}\n}}\n}}\n"
    with capture_logs() as lines:
        async with lab(text) as it:
            for _ in range(2):
                assert (await it.ask("www.example.org")).header.rcode == RCODE.SERVFAIL
    told = [one["error"] for one in lines if one["event"] == "query failed"]
    assert "refused" in told[0]
    assert "all have failed lately" in told[1]


TEMPLATES = """
.:5300 {
  template IN A one.example {
    match ^a[.]one[.]example[.]$
    answer "{{ .Name }} 60 IN A 10.0.0.1"
    fallthrough
  }
  template IN A one.example {
    match ^b[.]
    answer "{{ .Question.Name }} 60 IN A 10.0.0.2"
  }
  template IN ANY two.example {
    rcode REFUSED
    ederror 21 "not here"
  }
  hosts {
    10.0.0.3 c.one.example d.other.example
    fallthrough
  }
}
"""


async def test_templates_fall_through_only_where_they_say_so() -> None:
    async with lab(TEMPLATES) as it:
        assert await it.addresses("a.one.example") == ["10.0.0.1"]
        assert await it.addresses("b.one.example") == ["10.0.0.2"]
        assert (await it.ask("c.one.example")).header.rcode == RCODE.NXDOMAIN
        assert await it.addresses("d.other.example") == ["10.0.0.3"]
        asked = DNSRecord.question("x.two.example")
        asked.add_ar(opt({}))
        wire = await over_udp(bytes(asked.pack()), it.port)
        assert wire.endswith(b"\0\x0f\0\x0a\0\x15not here")
        told = await run_tool("dig", f"@{ADDRESS}", "-p", str(it.port), "x.two.example")
        assert "EDE: 21 (Not Supported): (not here)" in told


async def test_lines_of_the_log_look_as_they_are_to() -> None:
    form = '"{type} {class} {name} {proto} {remote} {rcode} {>rflags} {>do} {size} {nothing}"'
    text = f".:5300 {{\n log example {form} {{\n class success denial\n}}\n"
    text += " template IN A bad.example {\n rcode SERVFAIL\n}\n hosts {\n 10.0.0.1 a.example\n}\n"
    async with lab(text + "}\n") as it:
        with capture_logs() as lines:
            for name in ("a.example", "bad.example", "elsewhere.test"):
                await it.ask(name)
            await it.ask("a.example", "AAAA")
    told = [one["line"] for one in lines if one["event"] == "query"]
    assert told == [
        "A IN a.example. udp 127.0.0.1 NOERROR qr,aa,rd,ra false 27 -",
        "AAAA IN a.example. udp 127.0.0.1 NOERROR qr,aa,rd,ra false 27 -",
    ]


async def test_failures_are_summed_up() -> None:
    block = 'consolidate 20ms "no[.]example" warning show_first'
    text = f".:5300 {{\n errors {{\n {block}\n}}\n forward . {ADDRESS}:9 {{\n max_fails 0\n}}\n}}\n"
    with capture_logs() as lines:
        async with lab(text) as it:
            for name in ("a.no.example", "b.no.example", "c.no.example", "other.example"):
                assert (await it.ask(name)).header.rcode == RCODE.SERVFAIL
            async with asyncio.timeout(10):
                while not any(one["event"] == "queries failed" for one in lines):
                    await asyncio.sleep(0.01)
    failed = [one["name"] for one in lines if one["event"] == "query failed"]
    assert {"a.no.example.", "other.example."} <= set(failed)
    summed = [one for one in lines if one["event"] == "queries failed"]
    assert {(one["log_level"], one["pattern"]) for one in summed} == {("warning", "no[.]example")}


async def test_the_end_waits_while_others_learn_of_it() -> None:
    hosts = "hosts {\n 10.0.0.1 a.example\n}"
    text = f".:5300 {{\n health 127.0.0.1:0 {{\n lameduck 1h\n}}\n {hosts}\n}}\n"
    async with lab(text) as it:
        it.running.cancel()
        for _ in range(3):
            assert await it.addresses("a.example") == ["10.0.0.1"], "it answers while it ends"
        assert not it.running.done()


async def test_ranges_of_addresses_are_zones() -> None:
    text = "10.1.0.0/15:5300 {\n hosts {\n 10.1.2.3 a.example\n 10.0.2.3 b.example\n}\n}\n"
    async with lab(text) as it:
        reply = await it.ask("3.2.1.10.in-addr.arpa", "PTR")
        assert str(reply.rr[0].rdata) == "a.example."
        assert (await it.ask("3.2.3.10.in-addr.arpa", "PTR")).header.rcode == RCODE.REFUSED


def test_files_are_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSTREAM", "192.0.2.53")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "a.conf").write_text("a.example {\n import ../inner forward\n}\n")
    (tmp_path / "conf.d" / "b.conf").write_text("b.example:54 {\n import usual 30\n}\n")
    (tmp_path / "inner").write_text("{args[0]} . {$UPSTREAM}\n")
    corefile = tmp_path / "Corefile"
    corefile.write_text("(usual) {\n cache {args[0]}\n}\nimport conf.d/*.conf\n. {\n errors\n}\n")
    (tmp_path / "conf.d" / "a.conf").write_text("a.example {\n import inner\n}\n")
    (tmp_path / "inner").write_text("forward . {$UPSTREAM}\n")
    blocks = blocks_of(str(corefile))
    told = [
        (one.zones, one.port, [(d.name, d.arguments) for d in one.directives]) for one in blocks
    ]
    assert told == [
        (("a.example",), 53, [("forward", (".", "192.0.2.53"))]),
        (("b.example",), 54, [("cache", ("30",))]),
        ((".",), 53, [("errors", ())]),
    ]
    with pytest.raises(CorefileError, match="no file"):
        parse(". {\n import nowhere*\n}\n", os.environ, beside(corefile))


@pytest.mark.parametrize(
    "text",
    [
        "cache 30 {\n success many\n}",
        "cache {\n prefetch 2 1m 95%\n}",
        "cache {\n serve_stale 1h sometimes\n}",
        "cache {\n servfail 1h\n}",
        "cache {\n disable all\n}",
        "forward . 192.0.2.1 {\n policy any\n}",
        "forward . 192.0.2.1 {\n health_check 1s twice\n}",
        "forward . 192.0.2.1 {\n next NOTHING\n}",
        "forward . tls://192.0.2.1 {\n tls a b c d\n}",
        "forward . https://192.0.2.1",
        "errors {\n consolidate 5m (\n}",
        "health {\n lameduck soon\n}",
        "log . {\n class some\n}",
        "reload often",
        "kubernetes cluster.local {\n namespaces a\n namespace_labels b=c\n}",
        "kubernetes cluster.local {\n labels =\n}",
        "kubernetes cluster.local {\n ignore everything\n}",
        "kubernetes cluster.local {\n ttl 4000\n}",
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(text: str) -> None:
    (block,) = parse(f". {{\n{text}\n}}\n")
    with pytest.raises(CorefileError, match=r"^Corefile:2: "):
        made(block, site())
