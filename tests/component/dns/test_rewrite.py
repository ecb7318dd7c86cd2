"""Rules of `rewrite`, as CoreDNS documents them: what is asked, and what is answered."""

from collections.abc import Callable

import pytest
from dnslib import EDNS0, QTYPE, RCODE, RR, DNSRecord, EDNSOption

from dns.corefile import CorefileError, parse
from dns.dns import made
from dns.plugins.plugin import Site
from knarr.daemon.clock import SystemClock, seeded
from tests.component.dns.lab import ADDRESS, lab, over_udp, run_tool, upstream

HOSTS = """
  hosts {
    10.0.0.2 b.example
    10.0.0.3 www.target.example
    ttl 100
    fallthrough
  }
  template IN CNAME alias.example {
    answer "alias.example. 60 IN CNAME www.target.example."
  }
  template IN A alias.example {
    answer "alias.example. 60 IN CNAME old.target.example."
    answer "old.target.example. 60 IN A 10.9.9.9"
  }
  template IN A lost.example {
    rcode NXDOMAIN
  }
"""


@pytest.mark.parametrize(
    ("rules", "name", "expected"),
    [
        pytest.param("name a.example b.example", "a.example", "a.example A 10.0.0.2", id="exact"),
        pytest.param("a.example b.example", "a.example", "a.example A 10.0.0.2", id="two names"),
        pytest.param("name prefix old- www.", "old-target.example", "10.0.0.3", id="prefix"),
        pytest.param("name substring goal target", "www.goal.example", "10.0.0.3", id="substring"),
        pytest.param(
            "name suffix .schmexample. .example. answer auto",
            "b.schmexample",
            "b.schmexample A 10.0.0.2",
            id="suffix",
        ),
        pytest.param(
            "name regex (.*)-x\\.example {1}.target.example answer name "
            "(.*)\\.target\\.example {1}-x.example",
            "www-x.example",
            "www-x.example A 10.0.0.3",
            id="pattern",
        ),
        pytest.param(
            "stop {\n name suffix .pub .example\n"
            "answer value (.*)\\.target\\.example {1}.public\n}",
            "alias.pub",
            "alias.pub CNAME old.public.",
            id="values",
        ),
        pytest.param(
            "name a.example c.example\nrewrite name c.example b.example",
            "a.example",
            "",
            id="the first that fits is the last",
        ),
        pytest.param(
            "continue name a.example c.example\nrewrite name c.example b.example",
            "a.example",
            "a.example A 10.0.0.2",
            id="unless it says continue",
        ),
        pytest.param("ttl b.example 7", "b.example", "7", id="time to live"),
        pytest.param("ttl suffix example 200-300", "b.example", "200", id="at least"),
        pytest.param("ttl regex .* -30", "b.example", "30", id="at most"),
        pytest.param("rcode lost.example NXDOMAIN NOERROR", "lost.example", "NOERROR", id="rcode"),
        pytest.param(
            "cname exact old.target.example www.target.example",
            "alias.example",
            "www.target.example A 10.0.0.3",
            id="aliases",
        ),
    ],
)
async def test_rules(rules: str, name: str, expected: str) -> None:
    async with lab(f".:5300 {{\n{HOSTS}\nrewrite {rules}\n}}\n") as it:
        reply = await it.ask(name)
    told = [RCODE[reply.header.rcode]]
    for one in reply.rr:
        told.append(f"{str(one.rname).rstrip('.')} {QTYPE[one.rtype]} {one.rdata}")
        told += [str(one.rdata), str(one.ttl)]
    assert str(reply.q.qname) == f"{name}.", "the question stays as it was"
    assert (expected in told) if expected else not reply.rr, told


async def test_another_type_and_class_are_asked() -> None:
    rules = "rewrite type ANY A\nrewrite class CH IN\n"
    async with lab(f".:5300 {{\n{HOSTS}\n{rules}\n}}\n") as it:
        assert str((await it.ask("b.example", "ANY")).rr[0].rdata) == "10.0.0.2"
        asked = ("dig", f"@{ADDRESS}", "-p", str(it.port), "+short", "CH", "A", "b.example")
        assert "10.0.0.2" in await run_tool(*asked)
    async with lab(f".:5300 {{\n{HOSTS}\n}}\n") as it:
        told = await run_tool(*asked[:3], str(it.port), "CH", "A", "b.example")
        assert "REFUSED" in told, "without such a rule there is but the Internet's class"


def options_of(query: DNSRecord) -> dict[int, bytes]:
    found = [one for one in query.ar if one.rtype == QTYPE.OPT]
    return {one.code: bytes(one.data) for one in found[0].rdata} if found else {}


@pytest.mark.parametrize(
    ("rule", "sent", "expected"),
    [
        pytest.param("local set 0xffee 0x61626364", {}, {0xFFEE: b"abcd"}, id="set"),
        pytest.param("local set 0xffee abcd", {0xFFEE: b"x"}, {0xFFEE: b"abcd"}, id="set anew"),
        pytest.param("local append 0xffee abcd", {0xFFEE: b"x"}, {0xFFEE: b"x"}, id="is there"),
        pytest.param("local replace 0xffee abcd", {}, {}, id="not there"),
        pytest.param("local replace 0xffee y", {0xFFEE: b"x"}, {0xFFEE: b"y"}, id="replace"),
        pytest.param(
            "local unset 0xffee", {0xFFEE: b"x", 10: b"k" * 8}, {10: b"k" * 8}, id="unset"
        ),
        pytest.param("local set 0xffee {client_ip}", {}, {0xFFEE: b"\x7f\0\0\1"}, id="client"),
        pytest.param("nsid set", {10: b"k" * 8}, {3: b"", 10: b"k" * 8}, id="name of the server"),
        pytest.param("subnet set 24 56", {}, {8: b"\0\1\x18\0\x7f\0\0"}, id="subnet"),
    ],
)
async def test_options_of_the_question(
    rule: str, sent: dict[int, bytes], expected: dict[int, bytes]
) -> None:
    seen: list[DNSRecord] = []

    def say(query: DNSRecord) -> bytes:
        seen.append(query)
        reply = query.reply()
        reply.add_answer(*RR.fromZone("www.example.org 60 IN A 192.0.2.1"))
        return bytes(reply.pack())

    async with upstream(say) as (_, port):
        text = f".:5300 {{\n rewrite edns0 {rule}\n forward . {ADDRESS}:{port}\n}}\n"
        async with lab(text) as it:
            asked = DNSRecord.question("www.example.org")
            if sent:
                asked.add_ar(opt(sent))
            reply = DNSRecord.parse(await over_udp(bytes(asked.pack()), it.port))
    assert str(reply.rr[0].rdata) == "192.0.2.1"
    assert options_of(seen[0]) == expected


def opt(options: dict[int, bytes]) -> RR:
    return EDNS0(udp_len=1232, opts=[EDNSOption(code, data) for code, data in options.items()])


async def test_what_others_said_is_kept_rewritten() -> None:
    def say(query: DNSRecord) -> bytes:
        reply = query.reply(aa=0)
        reply.add_answer(*RR.fromZone(f"{query.q.qname} 60 IN A 192.0.2.1"))
        return bytes(reply.pack())

    async with upstream(say) as (other, port):
        rules = "rewrite name suffix .ours .example.org answer auto\n cache 30\n"
        async with lab(f".:5300 {{\n {rules} forward . {ADDRESS}:{port}\n}}\n") as it:
            for name in ("www.ours", "WWW.ours"):
                reply = await it.ask(name)
                assert [str(one.rname).lower() for one in reply.rr] == ["www.ours."]
                assert str(reply.rr[0].rdata) == "192.0.2.1"
    assert other.asked == ["www.example.org."]


async def test_what_a_client_says_of_itself_goes_along() -> None:
    seen: list[DNSRecord] = []

    def say(query: DNSRecord) -> bytes:
        seen.append(query)
        return bytes(query.reply().pack())

    async with upstream(say) as (_, port):
        text = f".:5300 {{\n rewrite name a.example b.example\n forward . {ADDRESS}:{port}\n}}\n"
        async with lab(text) as it:
            asked = DNSRecord.question("a.example")
            asked.add_ar(opt({10: b"12345678"}))
            await over_udp(bytes(asked.pack()), it.port)
    assert str(seen[0].q.qname) == "b.example."
    assert options_of(seen[0]) == {10: b"12345678"}


@pytest.mark.parametrize(
    "rule",
    [
        "name regex ( b",
        "name",
        "name regex a b answer auto",
        "type NOTHING A",
        "class IN XX",
        "ttl a.example ten",
        "ttl a.example 300-30",
        "edns0 local set 0 a",
        "edns0 local set 0xffee {server_port}",
        "edns0 something",
        "rcode a.example NXDOMAIN FINE",
        "colour red blue green",
    ],
)
def test_what_cannot_be_is_said(rule: str) -> None:
    (block,) = parse(f". {{\n rewrite {rule}\n}}\n")
    with pytest.raises(CorefileError, match="Corefile:2: rewrite: "):
        made(block, site())


def site() -> Site:
    nothing: Callable[[], None] = lambda: None  # noqa: E731
    return Site(nothing, SystemClock(), seeded(1))  # type: ignore[arg-type]  # Nobody asks it.
