"""Queries and replies as bytes."""

import pytest
from dnslib import EDNS0, QTYPE, A, DNSRecord
from hypothesis import given
from hypothesis import strategies as st

from dns.message import FormatError, Record, Reply, labels_of, pack, parse, refusal

WEB = labels_of("Web.Default.svc.cluster.local")


def query(
    name: str = "Web.Default.svc.cluster.local", kind: str = "A", payload: int = 0, flags: str = ""
) -> bytes:
    asked = DNSRecord.question(name, kind)
    if payload:
        asked.add_ar(EDNS0(udp_len=payload, flags=flags))
    return bytes(asked.pack())


def addresses(count: int) -> tuple[Record, ...]:
    return tuple(Record(WEB, QTYPE.A, 5, A(f"10.0.{i // 250}.{i % 250 + 1}")) for i in range(count))


def test_a_query_is_read() -> None:
    read = parse(query(payload=1400, flags="do"))
    assert read.name == WEB
    assert (read.type, read.class_, read.recursion_desired) == (QTYPE.A, 1, True)
    assert read.edns is not None
    assert (read.edns.payload, read.wants_dnssec, read.limit) == (1400, True, 1400)


def test_a_reply_spells_the_name_as_the_query_did() -> None:
    packed = pack(parse(query()), Reply(answer=addresses(1), is_authoritative=True))
    assert b"\x03Web\x07Default" in packed
    read = DNSRecord.parse(packed)
    assert str(read.rr[0].rname) == "Web.Default.svc.cluster.local."
    assert (read.header.aa, read.header.ra, read.header.rd, read.rr[0].ttl) == (1, 1, 1, 5)


@pytest.mark.parametrize(
    ("payload", "count", "is_cut"),
    [
        pytest.param(0, 29, False, id="what fits into 512 bytes is whole"),
        pytest.param(0, 30, True, id="what does not is cut"),
        pytest.param(1232, 73, False, id="more fits where the client takes more"),
        pytest.param(1232, 80, True, id="but no more than he takes"),
        pytest.param(60000, 300, True, id="nor than anybody should be sent"),
    ],
)
def test_datagrams_have_a_limit(payload: int, count: int, is_cut: bool) -> None:
    asked = parse(query(payload=payload))
    packed = pack(asked, Reply(answer=addresses(count)))
    read = DNSRecord.parse(packed)
    assert bool(read.header.tc) == is_cut
    assert len(packed) <= asked.limit
    assert (len(read.rr) < count) == is_cut
    assert len(read.rr) > 20, "a resolver without TCP uses what there is"


def test_connections_have_room() -> None:
    packed = pack(parse(query(), over_tcp=True), Reply(answer=addresses(300)))
    assert len(DNSRecord.parse(packed).rr) == 300


@pytest.mark.parametrize(
    ("wire", "rcode"),
    [
        pytest.param(query(kind="AXFR"), 5, id="zone transfers are refused"),
        pytest.param(query(kind="IXFR"), 5, id="short ones too"),
        pytest.param(query()[:-1] + b"\x03", 5, id="so is the class CHAOS"),
        pytest.param(query()[:2] + b"\x21" + query()[3:], 4, id="NOTIFY is not implemented"),
    ],
)
def test_what_is_not_answered(wire: bytes, rcode: int) -> None:
    refused = refusal(parse(wire))
    assert refused is not None
    assert refused.rcode == rcode


def test_a_later_edns_is_told_ours() -> None:
    asked = parse(
        query(payload=512).replace(b"\x00\x00\x29\x02\x00\x00\x00", b"\x00\x00\x29\x02\x00\x00\x07")
    )
    refused = refusal(asked)
    assert refused is not None
    read = DNSRecord.parse(pack(asked, refused))
    assert read.ar[0].edns_rcode << 4 | read.header.rcode == 16


def test_replies_are_not_answered() -> None:
    wire = bytearray(query())
    wire[2] |= 0x80
    with pytest.raises(FormatError) as told:
        parse(bytes(wire))
    assert told.value.query is None


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused(wire: bytes) -> None:
    _survives(wire)


@given(st.data(), st.sampled_from([query(), query(payload=1232), query(kind="SRV")]))
def test_damaged_queries_are_read_or_refused(data: st.DataObject, wire: bytes) -> None:
    damaged = bytearray(wire)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    _survives(bytes(damaged[: data.draw(st.integers(0, len(wire)))]))


def _survives(wire: bytes) -> None:
    try:
        asked = parse(wire)
    except FormatError as error:
        if error.query is None:
            return
        asked = error.query
    packed = pack(asked, Reply(answer=addresses(2)))
    assert packed[:2] == wire[:2]
    assert len(packed) <= asked.limit
