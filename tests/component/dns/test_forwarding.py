"""What others know is asked of them, kept for a while, and longer when they are gone."""

import asyncio

import pytest
from dnslib import QTYPE, RCODE, DNSRecord

from tests.component.dns.lab import ADDRESS, lab, upstream, zone


def corefile(*ports: int, more: str = "", block: str = "") -> str:
    servers = " ".join(f"{ADDRESS}:{port}" for port in ports)
    return f".:5300 {{\n  forward . {servers} {{\n    policy sequential\n{block}\n}}\n{more}\n}}\n"


async def test_an_answer_is_passed_on_as_it_came() -> None:
    async with upstream(zone("www.example.org 300 IN A 192.0.2.1")) as (other, port):
        async with lab(corefile(port)) as it:
            reply = await it.ask("WWW.example.org")
    assert (str(reply.q.qname), str(reply.rr[0].rdata)) == ("WWW.example.org.", "192.0.2.1")
    assert (reply.header.aa, reply.rr[0].ttl) == (0, 300)
    assert other.asked == ["WWW.example.org."]


async def test_an_answer_is_kept() -> None:
    async with upstream(zone("www.example.org 300 IN A 192.0.2.1")) as (other, port):
        async with lab(corefile(port, more="cache 30")) as it:
            replies = [await it.ask(name) for name in ("www.example.org", "WWW.Example.org")]
    assert other.asked == ["www.example.org."]
    assert str(replies[1].q.qname) == "WWW.Example.org."


async def test_the_same_question_is_asked_once() -> None:
    async with upstream(zone("www.example.org 300 IN A 192.0.2.1")) as (other, port):
        async with lab(corefile(port, more="cache")) as it:
            async with asyncio.TaskGroup() as group:
                asks = [group.create_task(it.ask("www.example.org")) for _ in range(20)]
    assert len(other.asked) == 1
    assert {str(one.result().rr[0].rdata) for one in asks} == {"192.0.2.1"}


async def test_a_stale_answer_is_better_than_none() -> None:
    async with upstream(zone("www.example.org 1 IN A 192.0.2.1")) as (other, port):
        more = "cache {\n success 100 3600 1\n serve_stale 1h verify\n}"
        async with lab(corefile(port, more=more)) as it:
            await it.ask("www.example.org")
            other.say = lambda _: b""
            await asyncio.sleep(1.05)
            async with asyncio.timeout(6):
                reply = await it.ask("www.example.org")
    assert str(reply.rr[0].rdata) == "192.0.2.1"
    assert reply.rr[0].ttl == 0


async def test_another_server_is_asked_when_the_first_is_gone() -> None:
    async with upstream(zone("www.example.org 1 IN A 192.0.2.1")) as (_, port):
        async with lab(corefile(9, port)) as it:
            replies = [await it.ask("www.example.org") for _ in range(3)]
    assert [str(one.rr[0].rdata) for one in replies] == ["192.0.2.1"] * 3


async def test_a_server_that_failed_is_asked_again_once_it_passes_a_check() -> None:
    async with (
        upstream(zone("www.example.org 1 IN A 192.0.2.1")) as (first, port),
        upstream(zone("www.example.org 1 IN A 192.0.2.2")) as (_, second_port),
    ):
        sound = first.say
        first.say = lambda query: query.reply().pack()[:5]
        block = "max_fails 1\nhealth_check 50ms"
        async with lab(corefile(port, second_port, block=block)) as it:
            assert await it.addresses("www.example.org") == ["192.0.2.2"]
            first.say = sound
            async with asyncio.timeout(5):
                while await it.addresses("www.example.org") != ["192.0.2.1"]:
                    await asyncio.sleep(0.02)


async def test_a_circle_is_noticed() -> None:
    answer = zone("some.example 1 IN TXT here")
    async with upstream(answer) as (other, port), asyncio.TaskGroup() as group:
        async with lab(corefile(port, more="loop\nerrors")) as it:
            asking: list[asyncio.Task[DNSRecord]] = []

            def back(query: DNSRecord) -> bytes | None:
                if query.q.qtype != QTYPE.HINFO:
                    return answer(query)
                asking.append(group.create_task(it.ask(str(query.q.qname), "HINFO")))
                return None

            other.say = back
            async with asyncio.timeout(20):
                while (await it.ask("some.example", "TXT")).header.rcode != RCODE.SERVFAIL:
                    await asyncio.sleep(0.01)
            for one in asking:  # Nobody waits for answers to what went round.
                one.cancel()


@pytest.mark.parametrize(
    ("more", "name", "expected"),
    [
        pytest.param(
            "rewrite name exact a.example b.example", "a.example", ["10.0.0.2"], id="rewrite"
        ),
        pytest.param(
            "rewrite name regex (.*)[.]old[.]example {1}.example",
            "b.old.example",
            ["10.0.0.2"],
            id="rewrite by pattern",
        ),
        pytest.param(
            "rewrite name suffix .old .example", "b.old", ["10.0.0.2"], id="rewrite the end"
        ),
        pytest.param(
            'template IN A ip.example {\n match "^ip-(?P<a>[0-9]+)[.]"\n'
            ' answer "{{ .Name }} 60 IN A 10.1.1.{{ .Group.a }}"\n}',
            "ip-7.ip.example",
            ["10.1.1.7"],
            id="template",
        ),
    ],
)
async def test_names_are_made_of_others(more: str, name: str, expected: list[str]) -> None:
    text = f".:5300 {{\n  hosts {{\n    10.0.0.2 b.example\n    fallthrough\n  }}\n{more}\n}}\n"
    async with lab(text) as it:
        reply = await it.ask(name)
    assert [str(one.rdata) for one in reply.rr] == expected
    assert str(reply.rr[0].rname) == f"{name}."
