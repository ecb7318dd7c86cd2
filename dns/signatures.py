"""Keys and signatures of DNSSEC: ECDSA on P-256, one key for the zone. Pure but for chance.

What does not exist is denied as RFC 9824 has it: the name is said to exist
without the type that was asked, in one small record made for it.
"""

import base64
import hashlib
import struct
from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from dnslib import DNSKEY, NSEC, QTYPE, RRSIG
from dnslib.label import DNSBuffer, DNSLabel
from msgspec import Struct

from dns.message import IN, Labels, Record, lower, text_of

ALGORITHM = 13
"""ECDSA on P-256 with SHA-256, which every validator knows."""

FLAGS = 257
"""A zone key that the parent's DS record, or a trust anchor, points at."""

BEFORE_S, FOR_S = 3 * 3600, 8 * 24 * 3600
"""Signatures begin three hours ago, for clocks that are behind, and last eight days."""

DIGEST_SHA256 = 2

_PRIVATE_VERSION = "Private-key-format: v1.3"


class _Plain(DNSBuffer):  # type: ignore[misc]  # dnslib has no types
    """Names in lower case and in full: the form that is signed."""

    def encode_name(self, name: DNSLabel) -> None:
        """Append a name."""
        self.encode_name_nocompress(DNSLabel(lower(tuple(DNSLabel(name).label))))


class ZoneKey(Struct, frozen=True):
    """The key that signs a zone."""

    zone: Labels
    private: ec.EllipticCurvePrivateKey

    @property
    def data(self) -> DNSKEY:
        """The public half, as the zone publishes it."""
        numbers = self.private.public_key().public_numbers()
        public = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        return DNSKEY(FLAGS, 3, ALGORITHM, public)

    @property
    def tag(self) -> int:
        """The number by which signatures name the key."""
        total = 0
        for number, byte in enumerate(_rdata(self.data)):
            total += byte if number & 1 else byte << 8
        return (total + (total >> 16)) & 0xFFFF

    @property
    def ds(self) -> str:
        """What a parent zone, or a trust anchor, says of it."""
        digest = hashlib.sha256(_wire(self.zone) + _rdata(self.data)).hexdigest()
        return f"{text_of(self.zone)} IN DS {self.tag} {ALGORITHM} {DIGEST_SHA256} {digest}"

    @property
    def public_line(self) -> str:
        """The line of the `.key` file."""
        key = base64.b64encode(self.data.key).decode()
        return f"{text_of(self.zone)} IN DNSKEY {FLAGS} 3 {ALGORITHM} {key}\n"

    @property
    def private_text(self) -> str:
        """The text of the `.private` file, as BIND's tools write it."""
        secret = self.private.private_numbers().private_value.to_bytes(32, "big")
        return (
            f"{_PRIVATE_VERSION}\nAlgorithm: {ALGORITHM} (ECDSAP256SHA256)\n"
            f"PrivateKey: {base64.b64encode(secret).decode()}\n"
        )


def new_key(zone: Labels) -> ZoneKey:
    """A key nobody had before."""
    return ZoneKey(zone, ec.generate_private_key(ec.SECP256R1()))


def read_key(zone: Labels, private_text: str) -> ZoneKey:
    """The key of a `.private` file. Raise ValueError."""
    fields = dict(line.split(": ", 1) for line in private_text.splitlines() if ": " in line)
    if not fields.get("Algorithm", "").startswith(str(ALGORITHM)) or "PrivateKey" not in fields:
        raise ValueError("not a private key of algorithm 13 (ECDSAP256SHA256)")
    secret = int.from_bytes(base64.b64decode(fields["PrivateKey"]), "big")
    return ZoneKey(zone, ec.derive_private_key(secret, ec.SECP256R1()))


def sets_of(records: Iterable[Record]) -> list[tuple[Record, ...]]:
    """The records by name and type, as they are signed together."""
    found: dict[tuple[Labels, int], list[Record]] = {}
    for one in records:
        found.setdefault((lower(one.name), one.type), []).append(one)
    return [tuple(records) for records in found.values()]


def signature(key: ZoneKey, records: Sequence[Record], now_s: int) -> Record:
    """The signature of records of one name and type."""
    first = records[0]
    begin = now_s - BEFORE_S
    head = (
        first.type,
        ALGORITHM,
        len(first.name),
        first.ttl,
        begin + FOR_S,
        begin,
        key.tag,
    )
    owner = _wire(lower(first.name))
    signed = struct.pack("!HBBIIIH", *head) + _wire(key.zone)
    for data in sorted({_rdata(one.data) for one in records}):
        signed += owner + struct.pack("!HHIH", first.type, IN, first.ttl, len(data)) + data
    r, s = decode_dss_signature(key.private.sign(signed, ec.ECDSA(hashes.SHA256())))
    made = RRSIG(*head, DNSLabel(key.zone), r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return Record(first.name, QTYPE.RRSIG, first.ttl, made)


def denial(name: Labels, types: Iterable[str], ttl: int) -> Record:
    """That a name has these types and no others, and that the next one is right behind it."""
    return Record(name, QTYPE.NSEC, ttl, NSEC(DNSLabel((b"\x00", *name)), list(types)))


def _wire(name: Labels) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in name) + b"\x00"


def _rdata(data: object) -> bytes:
    buffer = _Plain()
    data.pack(buffer)  # type: ignore[attr-defined]  # every RD of dnslib has it
    return bytes(buffer.data)
