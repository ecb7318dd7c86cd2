"""Takes queries in at one port and sends the replies."""

import struct
from collections.abc import Mapping

from dnslib import QTYPE
from dnslib.buffer import BufferError as DnsBufferError
from dnslib.dns import DNSError
from dnslib.label import DNSLabelError

from dns.hot import HotAnswers
from dns.message import (
    FORMERR,
    REFUSED,
    SERVFAIL,
    FormatError,
    Labels,
    Query,
    Reply,
    pack,
    parse,
    question_end,
    refusal,
)
from dns.plugins.plugin import Ask, zone_around

TRUNCATED = 2
"""The bit of a message's third byte that says that records are missing."""

SIZES = {QTYPE.A: 16, QTYPE.AAAA: 28}
"""Bytes of a record whose name is that of the question."""

TURNS_MAX = 8
"""So many orders of the addresses are kept ready; of more, every eighth client gets the same."""


class Front:
    """From a message to the reply to it."""

    def __init__(
        self,
        servers: Mapping[Labels, Ask],
        *,
        keeps: bool,
        rotates: bool,
        takes_classes: bool = False,
    ) -> None:
        self.hot = HotAnswers()
        self._servers = servers
        self._keeps = keeps
        self._rotates = rotates
        self._takes_classes = takes_classes

    def change(
        self, servers: Mapping[Labels, Ask], *, keeps: bool, rotates: bool, takes_classes: bool
    ) -> None:
        """Answer otherwise from now on."""
        self._servers, self._keeps, self._rotates = servers, keeps, rotates
        self._takes_classes = takes_classes
        self.hot.clear()

    async def reply(self, wire: bytes, client: str, *, over_tcp: bool) -> bytes | None:
        """The bytes to send back; None to say nothing."""
        version = self.hot.version
        try:
            query = parse(wire, client=client, over_tcp=over_tcp)
        except FormatError as error:
            return None if error.query is None else pack(error.query, Reply(rcode=FORMERR))
        wrong = refusal(query, takes_classes=self._takes_classes)
        if wrong is not None:
            return pack(query, wrong)
        around = zone_around(tuple(self._servers), query.lower)
        if around is None:
            return pack(query, Reply(rcode=REFUSED))
        reply = await self._servers[around](query)
        packed = _packed(query, reply)
        is_current = version == self.hot.version
        if self._keeps and not over_tcp and is_current and reply.depends_on is not None:
            self.hot.put(wire[2:], self._variants(query, reply, packed), reply.depends_on)
        return packed

    def _variants(self, query: Query, reply: Reply, packed: bytes) -> list[bytes]:
        turns = min(len(reply.answer), TURNS_MAX) if self._rotates else 1
        size = SIZES.get(reply.answer[0].type) if reply.answer else None
        if size is None or any(one.name != query.name for one in reply.answer):
            return [packed[2:]]
        begin = question_end(packed)
        end = begin + size * len(reply.answer)
        if end > len(packed) or packed[2] & TRUNCATED:
            return [packed[2:]]
        # Every record of an address is as long as the next, so turning is cutting.
        return [
            packed[2:begin] + packed[at:end] + packed[begin:at] + packed[end:]
            for at in range(begin, begin + size * turns, size)
        ]


def _packed(query: Query, reply: Reply) -> bytes:
    """The reply, or that it cannot be written: objects may hold what no name may."""
    try:
        return pack(query, reply)
    except (DNSError, DNSLabelError, DnsBufferError, ValueError, struct.error):
        return pack(query, Reply(rcode=SERVFAIL))
