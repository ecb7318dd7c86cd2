"""What is kept of other servers' answers, and for how long, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from dnslib import RCODE, RR, DNSRecord

from dns.corefile import Directive
from dns.message import Query, Reply, parse
from dns.plugins.cache import Cache
from dns.plugins.cache_options import read_options

pytestmark = pytest.mark.looptime


class Other:
    """Who is asked: says a line of a zone file, a code, or nothing."""

    def __init__(self, line: str = "www.example.org 300 IN A 192.0.2.1") -> None:
        self.line = line
        self.code = RCODE.NOERROR
        self.is_gone = False
        self.asked = 0

    async def __call__(self, query: Query) -> Reply:
        self.asked += 1
        if self.is_gone:
            raise OSError("gone")
        reply = DNSRecord.parse(query.wire).reply(aa=0)
        reply.header.rcode = self.code
        if self.line and self.code == RCODE.NOERROR:
            reply.add_answer(*RR.fromZone(self.line))
        elif self.code == RCODE.NXDOMAIN:
            reply.add_auth(*RR.fromZone("example.org 60 IN SOA ns a 1 2 3 4 60"))
        return Reply(wire=bytes(reply.pack()))


@asynccontextmanager
async def cache(*lines: Sequence[str], most_s: float | None = None) -> AsyncIterator[Cache]:
    block = tuple(tuple(line) for line in lines)
    made = Cache(((),), read_options(Directive("cache", (), block), most_s))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(made.run())
        yield made
        running.cancel()


async def ttl(made: Cache, other: Other, name: str = "www.example.org") -> int:
    """What time the answer has; -1 for none."""
    reply = await made.answer(parse(bytes(DNSRecord.question(name).pack())), other)
    records = DNSRecord.parse(reply.wire or b"").rr
    return int(records[0].ttl) if records else -1


async def test_an_answer_grows_old() -> None:
    other = Other()
    async with cache() as made:
        assert await ttl(made, other) == 300
        await asyncio.sleep(100)
        assert await ttl(made, other) == 200
        await asyncio.sleep(201)
        assert await ttl(made, other) == 300
    assert other.asked == 2


@pytest.mark.parametrize(
    ("lines", "most_s", "line_ttl", "shown"),
    [
        pytest.param((), 30.0, 300, 30, id="not longer than said"),
        pytest.param((), None, 1, 5, id="not shorter than 5 s"),
        pytest.param((("success", "100", "60", "20"),), None, 1, 20, id="nor than is said"),
        pytest.param((("success", "100", "60"),), None, 300, 60, id="longest for answers"),
        pytest.param((("keepttl",),), None, 300, 300, id="as it came"),
    ],
)
async def test_how_long(
    lines: Sequence[Sequence[str]], most_s: float | None, line_ttl: int, shown: int
) -> None:
    other = Other(f"www.example.org {line_ttl} IN A 192.0.2.1")
    async with cache(*lines, most_s=most_s) as made:
        await ttl(made, other)
        assert await ttl(made, other) == shown
        if ("keepttl",) in lines:
            await asyncio.sleep(100)
            assert await ttl(made, other) == shown
    assert other.asked == 1


async def test_nothing_is_kept_of_what_has_no_time() -> None:
    other = Other("www.example.org 0 IN A 192.0.2.1")
    async with cache() as made:
        assert [await ttl(made, other) for _ in range(2)] == [0, 0]
    assert other.asked == 2


@pytest.mark.parametrize(
    ("lines", "code", "kept_s"),
    [
        pytest.param((), RCODE.NXDOMAIN, 60, id="denial"),
        pytest.param((("denial", "100", "20"),), RCODE.NXDOMAIN, 20, id="shorter"),
        pytest.param((), RCODE.SERVFAIL, 5, id="failure"),
        pytest.param((("servfail", "40s"),), RCODE.SERVFAIL, 40, id="longer"),
        pytest.param((("servfail", "0"),), RCODE.SERVFAIL, 0, id="never"),
        pytest.param((("disable", "denial"),), RCODE.NXDOMAIN, 0, id="not at all"),
        pytest.param((("disable", "denial", "example.net"),), RCODE.NXDOMAIN, 60, id="elsewhere"),
    ],
)
async def test_denials_and_failures(lines: Sequence[Sequence[str]], code: int, kept_s: int) -> None:
    other = Other()
    other.code = code
    async with cache(*lines) as made:
        await ttl(made, other)
        await asyncio.sleep(max(kept_s - 1, 0))
        await ttl(made, other)
        assert other.asked == (1 if kept_s else 2)
        await asyncio.sleep(2)
        await ttl(made, other)
        assert other.asked == (2 if kept_s else 3)


async def test_the_oldest_makes_place() -> None:
    other = Other()
    async with cache(("success", "2")) as made:
        for name in ("a.example", "b.example", "c.example", "b.example", "c.example"):
            await ttl(made, other, name)
        assert other.asked == 3
        await ttl(made, other, "a.example")
    assert other.asked == 4


@pytest.mark.parametrize("mode", ["immediate", "verify"])
async def test_an_old_answer_is_better_than_none(mode: str) -> None:
    other = Other()
    async with cache(("serve_stale", "1h", mode)) as made:
        await ttl(made, other)
        await asyncio.sleep(301)
        other.is_gone = True
        assert await ttl(made, other) == 0
        await asyncio.sleep(1)
        other.is_gone, other.code = False, RCODE.SERVFAIL
        assert await ttl(made, other) == 0
        await asyncio.sleep(1)
        other.code = RCODE.NOERROR
        assert await ttl(made, other) == (300 if mode == "verify" else 0)
        await asyncio.sleep(1)
        assert await ttl(made, other) == 299, "newer by now, either way"
        other.is_gone = True
        await asyncio.sleep(300 + 3601)
        with pytest.raises(OSError, match="gone"):
            await ttl(made, other)


async def test_without_leave_nothing_old_is_given() -> None:
    other = Other()
    async with cache() as made:
        await ttl(made, other)
        other.is_gone = True
        await asyncio.sleep(301)
        with pytest.raises(OSError, match="gone"):
            await ttl(made, other)


async def test_what_is_used_often_is_asked_for_before_its_time() -> None:
    other = Other()
    async with cache(("prefetch", "3", "2m", "20%")) as made:
        for _ in range(2):
            await ttl(made, other)
            await asyncio.sleep(100)
        await ttl(made, other)
        assert other.asked == 1, "there is time left"
        await asyncio.sleep(60)
        assert await ttl(made, other) == 40
        await asyncio.sleep(1)
        assert other.asked == 2
        assert await ttl(made, other) == 299
        await asyncio.sleep(290)
        assert await ttl(made, other) == 9
        await asyncio.sleep(1)
        assert other.asked == 2, "it was not used for so long"
