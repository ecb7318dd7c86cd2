"""Queries from the wire and replies to it. Pure.

What a client may send is read here by hand, so that no byte of it can raise
anything but `FormatError`; replies are packed by dnslib.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dnslib import OPCODE, QTYPE, RCODE, RD, A, DNSRecord
from dnslib.label import DNSBuffer, DNSLabel
from msgspec import Struct
from msgspec.structs import replace

Labels = tuple[bytes, ...]
"""A name, its first label first, as it was asked or in lower case."""

HEADER = struct.Struct("!HHHHHH")
_FIXED = struct.Struct("!HHIH")

NOERROR, FORMERR, SERVFAIL, NXDOMAIN = RCODE.NOERROR, RCODE.FORMERR, RCODE.SERVFAIL, RCODE.NXDOMAIN
NOTIMP, REFUSED, BADVERS = RCODE.NOTIMP, RCODE.REFUSED, 16

OPT, ANY, IN = 41, 255, 1
AXFR, IXFR = QTYPE.AXFR, QTYPE.IXFR

UDP_BYTES = 512
"""What a client takes that does not say more."""

UDP_BYTES_MAX = 4096
"""More than this never goes out in one datagram."""

UDP_BYTES_OFFERED = 1232
"""What clients are told to send at most: it passes everywhere in one piece."""

RECORD_BYTES_MIN = 12
"""No record is shorter: a pointer, a type, a class, a TTL and a length."""

POINTER_MAX = 0x3FFF
"""Names that begin behind this byte cannot be pointed at."""

EXPLANATION = 15
"""The number of the option that says why a query failed."""

_QR, _AA, _TC, _RD, _RA, _AD, _CD = 0x8000, 0x400, 0x200, 0x100, 0x80, 0x20, 0x10


class FormatError(Exception):
    """What came is no query; `query` is as much of one as can be answered, if any."""

    def __init__(self, message: str, query: "Query | None" = None) -> None:
        super().__init__(message)
        self.query = query


class Edns(Struct, frozen=True):
    """What a client says of itself in its OPT record."""

    payload: int
    version: int = 0
    wants_dnssec: bool = False


class Query(Struct, frozen=True, kw_only=True):
    """One question."""

    id: int
    name: Labels
    """As it was written."""
    type: int
    class_: int = IN
    opcode: int = 0
    recursion_desired: bool = True
    checking_disabled: bool = False
    edns: Edns | None = None
    wire: bytes = b""
    """The message, whole."""
    client: str = ""
    over_tcp: bool = False
    is_probe: bool = False
    """Whether we ask only to see what comes of it."""
    aliases: int = 0
    """So many aliases were followed to get here."""

    @property
    def lower(self) -> Labels:
        """The name in lower case."""
        return lower(self.name)

    @property
    def limit(self) -> int:
        """The most bytes a reply may have."""
        if self.over_tcp:
            return 0xFFFF
        payload = self.edns.payload if self.edns else UDP_BYTES
        return min(max(payload, UDP_BYTES), UDP_BYTES_MAX)

    @property
    def wants_dnssec(self) -> bool:
        """Whether signatures are to be in the reply."""
        return self.edns is not None and self.edns.wants_dnssec


class Record(NamedTuple):
    """One resource record."""

    name: Labels
    type: int
    ttl: int
    data: RD


class Reply(Struct, frozen=True, kw_only=True):
    """What is answered: records, or the whole message of somebody else."""

    rcode: int = NOERROR
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    is_authoritative: bool = False
    is_authentic: bool = False
    wire: bytes | None = None
    """A message that another server sent; its id and question do not count."""
    explanation: tuple[int, str] | None = None
    """Why it failed, as RFC 8914 has it: a code and words."""
    depends_on: tuple[str, str] | None = None
    """Namespace and name of the Service whose changes make this wrong; None: never keep it."""


def lower(name: Labels) -> Labels:
    """The name in lower case."""
    return tuple(label.lower() for label in name)


def labels_of(text: str) -> Labels:
    """The labels of a name as configurations and objects write it."""
    return tuple(label.encode() for label in text.strip(".").split(".") if label)


def text_of(name: Labels) -> str:
    """The name for people."""
    return str(DNSLabel(name)) if name else "."


def is_within(name: Labels, zone: Labels) -> bool:
    """Whether a lower-case name is a zone's top or below it."""
    return len(name) >= len(zone) and name[len(name) - len(zone) :] == zone


def parse(wire: bytes, *, client: str = "", over_tcp: bool = False) -> Query:
    """Read a query. Raise FormatError; without its `query`, do not answer at all."""
    if len(wire) < HEADER.size:
        raise FormatError("shorter than a header")
    number, flags, questions, *others = HEADER.unpack_from(wire)
    if flags & _QR:
        raise FormatError("a reply")
    bare = Query(
        id=number,
        name=(),
        type=0,
        class_=0,
        opcode=flags >> 11 & 15,
        recursion_desired=bool(flags & _RD),
        checking_disabled=bool(flags & _CD),
        wire=wire[: HEADER.size],
        client=client,
        over_tcp=over_tcp,
    )
    if questions != 1:
        raise FormatError(f"{questions} questions", bare)
    try:
        name, offset = _name(wire, HEADER.size)
        kind, class_ = struct.unpack_from("!HH", wire, offset)
        edns = _edns(wire, offset + 4, sum(others))
    except (IndexError, struct.error, ValueError) as error:
        raise FormatError(str(error), bare) from None
    return replace(bare, name=name, type=kind, class_=class_, edns=edns, wire=wire)


def pack(query: Query, reply: Reply) -> bytes:
    """The reply as it goes out, cut to what the client takes."""
    if reply.wire is not None:
        return _passed_on(query, reply)
    if len(reply.answer) <= query.limit // RECORD_BYTES_MIN:
        whole = _pack(query, reply)
        if len(whole) <= query.limit:
            return whole
    return _cut(query, reply)


def question_end(wire: bytes) -> int:
    """Where the first question of a sound message ends. Raise ValueError, IndexError."""
    return _skip(wire, HEADER.size) + 4


def ttl_offsets(wire: bytes) -> Iterator[tuple[int, int]]:
    """Where each record's TTL stands, and the record's type; OPT left out.

    Raise ValueError, IndexError or struct.error where the message is broken.
    """
    _, _, questions, *counts = HEADER.unpack_from(wire)
    offset = HEADER.size
    for _ in range(questions):
        offset = _skip(wire, offset) + 4
    for _ in range(sum(counts)):
        offset = _skip(wire, offset)
        kind, _, _, length = _FIXED.unpack_from(wire, offset)
        if kind != OPT:
            yield offset + 4, kind
        offset += _FIXED.size + length


def records_of(wire: bytes) -> Reply:
    """The records of another server's message. Raise what dnslib raises for broken ones."""
    parsed = DNSRecord.parse(wire)
    sections = [
        tuple(
            Record(tuple(one.rname.label), one.rtype, one.ttl, one.rdata)
            for one in section
            if one.rtype != OPT
        )
        for section in (parsed.rr, parsed.auth, parsed.ar)
    ]
    return Reply(
        rcode=parsed.header.rcode,
        answer=sections[0],
        authority=sections[1],
        additional=sections[2],
    )


def _name(wire: bytes, offset: int) -> tuple[Labels, int]:
    """A name written without pointers: in a question there is nothing to point at."""
    labels = []
    start = offset
    while length := wire[offset]:
        if length > 63:
            raise ValueError("no length of a label")
        label = wire[offset + 1 : offset + 1 + length]
        if len(label) < length:
            raise IndexError("label cut off")
        labels.append(label)
        offset += 1 + length
        if offset - start > 254:
            raise ValueError("name too long")
    return tuple(labels), offset + 1


def _skip(wire: bytes, offset: int) -> int:
    """The end of a name that may have a pointer."""
    while length := wire[offset]:
        if length >= 0xC0:
            return offset + 2
        if length > 63:
            raise ValueError("no length of a label")
        offset += 1 + length
    return offset + 1


def _edns(wire: bytes, offset: int, records: int) -> Edns | None:
    found = None
    for _ in range(records):
        at = offset
        offset = _skip(wire, offset)
        kind, payload, ttl, length = _FIXED.unpack_from(wire, offset)
        offset += _FIXED.size + length
        if offset > len(wire):
            raise IndexError("record cut off")
        if kind != OPT:
            continue
        if found is not None or wire[at] != 0:
            raise ValueError("a second OPT record, or one with a name")
        found = Edns(payload, ttl >> 16 & 255, bool(ttl & 0x8000))
    return found


class _Buffer(DNSBuffer):  # type: ignore[misc]  # dnslib has no types
    """Packs names; points only at what pointers can reach."""

    def encode_name(self, name: DNSLabel) -> None:
        """Append a name, shortened by a pointer where that is possible."""
        super().encode_name(name)
        if self.offset > POINTER_MAX:
            self.names: dict[Labels, int] = {
                key: at for key, at in self.names.items() if at <= POINTER_MAX
            }


def _flags(query: Query, reply: Reply, *, cut: bool) -> int:
    return (
        _QR
        | query.opcode << 11
        | (_AA if reply.is_authoritative else 0)
        | (_TC if cut else 0)
        | (_RD if query.recursion_desired else 0)
        | _RA
        | (_AD if reply.is_authentic else 0)
        | (_CD if query.checking_disabled else 0)
        | reply.rcode & 15
    )


def _pack(query: Query, reply: Reply, *, cut: bool = False) -> bytes:
    buffer = _Buffer()
    has_question = len(query.wire) > HEADER.size
    buffer.append(
        HEADER.pack(
            query.id,
            _flags(query, reply, cut=cut),
            int(has_question),
            len(reply.answer),
            len(reply.authority),
            len(reply.additional) + (query.edns is not None),
        )
    )
    if has_question:
        buffer.encode_name(DNSLabel(query.name))
        buffer.append(struct.pack("!HH", query.type, query.class_))
    for record in (*reply.answer, *reply.authority, *reply.additional):
        _append(buffer, query, record)
    if query.edns is not None:
        buffer.append(_opt(query.edns, reply.rcode, reply.explanation))
    return bytes(buffer.data)


def _append(buffer: _Buffer, query: Query, record: Record) -> None:
    if record.name == query.name and record.name:
        buffer.append(b"\xc0\x0c")
    else:
        buffer.encode_name(DNSLabel(record.name))
    buffer.append(struct.pack("!HHI", record.type, IN, record.ttl))
    if isinstance(record.data, A):
        buffer.append(b"\x00\x04" + bytes(record.data.data))
        return
    at = buffer.offset
    buffer.append(b"\x00\x00")
    record.data.pack(buffer)
    buffer.update(at, "!H", buffer.offset - at - 2)


def _opt(edns: Edns, rcode: int, explanation: tuple[int, str] | None = None) -> bytes:
    ttl = rcode >> 4 << 24 | (0x8000 if edns.wants_dnssec else 0)
    option = b""
    if explanation is not None:
        said = struct.pack("!H", explanation[0]) + explanation[1].encode()
        option = struct.pack("!HH", EXPLANATION, len(said)) + said
    return b"\x00" + _FIXED.pack(OPT, UDP_BYTES_OFFERED, ttl, len(option)) + option


def _cut(query: Query, reply: Reply) -> bytes:
    """As many records as fit; only missing additional ones are not worth asking again."""
    lean = replace(reply, additional=())
    fits, too_many = 0, query.limit // RECORD_BYTES_MIN + 1
    if len(reply.answer) < too_many:
        whole = _pack(query, lean)
        if len(whole) <= query.limit:
            return whole
        too_many = len(reply.answer) + 1
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        short = replace(lean, answer=reply.answer[:middle], authority=())
        if len(_pack(query, short, cut=True)) <= query.limit:
            fits = middle
        else:
            too_many = middle
    return _pack(query, replace(lean, answer=reply.answer[:fits], authority=()), cut=True)


def _passed_on(query: Query, reply: Reply) -> bytes:
    """Another server's message under our client's id and question."""
    wire = reply.wire or b""
    if len(wire) > query.limit:
        flags = HEADER.unpack_from(wire)[1] | _TC
        head = HEADER.pack(query.id, flags, 1, 0, 0, int(query.edns is not None))
        opt = _opt(query.edns, NOERROR) if query.edns is not None else b""
        return head + question_of(query) + opt
    return query.wire[:2] + wire[2 : HEADER.size] + _with_question(query, wire)


def question_of(query: Query) -> bytes:
    """The question's bytes as the client sent them."""
    return query.wire[HEADER.size : question_end(query.wire)]


def _with_question(query: Query, wire: bytes) -> bytes:
    """All after the header, the question spelt as our client did."""
    ours = question_of(query)
    end = HEADER.size + len(ours)
    return ours + wire[end:] if wire[HEADER.size : end].lower() == ours.lower() else wire[12:]


def question(
    query: Query, name: Labels, *, kind: int | None = None, class_: int = IN, whole: bool = False
) -> Query:
    """A question of our own about another name, on a client's behalf.

    A `whole` one has all else of the client's: what he says of himself, and how he asked.
    """
    number = query.type if kind is None else kind
    opt = question_rest(query) if whole else b""
    flags = HEADER.unpack_from(query.wire)[1] if whole and query.wire else _RD
    wire = HEADER.pack(query.id, flags, 1, 0, 0, int(bool(opt)))
    wire += b"".join(bytes([len(label)]) + label for label in name)
    wire += b"\x00" + struct.pack("!HH", number, class_) + opt
    made = replace(query, name=name, type=number, class_=class_, wire=wire)
    return made if whole else replace(made, edns=None, over_tcp=False)


def question_rest(query: Query) -> bytes:
    """The client's OPT record, options and all, where it is all that follows his question."""
    if query.edns is None:
        return b""
    rest = query.wire[question_end(query.wire) :]
    counts = HEADER.unpack_from(query.wire)[3:]
    return rest if counts == (0, 0, 1) else _opt(query.edns, NOERROR)


def refusal(query: Query, *, takes_classes: bool = False) -> Reply | None:
    """What is wrong with a well-formed query, None where it can be looked up."""
    if query.opcode != OPCODE.QUERY:
        return Reply(rcode=NOTIMP)
    if query.edns is not None and query.edns.version:
        return Reply(rcode=BADVERS)
    if (query.class_ != IN and not takes_classes) or query.type in (AXFR, IXFR):
        return Reply(rcode=REFUSED)
    return None


def rotated(records: Sequence[Record], by: int) -> tuple[Record, ...]:
    """The records, those of addresses turned by so many places among themselves."""
    places = [i for i, one in enumerate(records) if one.type in (QTYPE.A, QTYPE.AAAA)]
    turned = list(records)
    for i, place in enumerate(places):
        turned[place] = records[places[(i + by) % len(places)]]
    return tuple(turned)
