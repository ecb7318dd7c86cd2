"""Asks the kernel whom a datagram was meant for before it was led to us.

Sockets of connections tell that themselves (`SO_ORIGINAL_DST`); of datagrams
only the table of the kernel's connection tracking knows.
"""

import os
import socket
import struct
from collections.abc import Iterator

NETLINK_NETFILTER = 12
"""Linux' number of the conversation that the table is asked in."""

_GET, _ERROR, _REQUEST = 0x101, 2, 1
"""Get one entry of the connection table; what failed; what is no answer."""

_ORIGINAL, _REPLY = 1, 2
"""The attributes of both directions of an entry."""

_IP, _PROTOCOL = 1, 2

_NESTED = 0x8000

_HEAD = struct.Struct("=IHHIIBBH")

_ATTRIBUTE = struct.Struct("=HH")

ANSWER_BYTES = 8192

ANSWER_S = 1.0
"""The kernel answers while it is asked; should it not, nobody waits."""

Address = tuple[str, int]


class FlowTable:
    """The entries of our network's table."""

    def __init__(self) -> None:
        self._line = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self._line.settimeout(ANSWER_S)

    def meant_for(self, client: Address, ours: Address) -> Address:
        """Whom a client's datagram was meant for that came in at our address. Raise OSError."""
        addresses = _nested(_IP, _plain(1, _packed(ours)) + _plain(2, _packed(client)))
        ports = _plain(2, struct.pack("!H", ours[1])) + _plain(3, struct.pack("!H", client[1]))
        protocol = _nested(_PROTOCOL, _plain(1, bytes([socket.IPPROTO_UDP])) + ports)
        body = _nested(_REPLY, addresses + protocol)
        size = _HEAD.size + len(body)
        self._line.send(_HEAD.pack(size, _GET, _REQUEST, 0, 0, socket.AF_INET, 0, 0) + body)
        return _original(self._line.recv(ANSWER_BYTES))

    def close(self) -> None:
        """Ask no more."""
        self._line.close()


def _original(told: bytes) -> Address:
    """Where an entry's first datagram went. Raise OSError."""
    kind = _HEAD.unpack_from(told)[1]
    if kind == _ERROR:
        number = -struct.unpack_from("=i", told, 16)[0]
        raise OSError(number, os.strerror(number))
    entry = dict(_attributes(told, _HEAD.size, len(told)))
    found = dict(_attributes(entry[_ORIGINAL]))
    address = dict(_attributes(found[_IP]))[2]
    port = dict(_attributes(found[_PROTOCOL]))[3]
    return socket.inet_ntoa(address), int.from_bytes(port, "big")


def _attributes(data: bytes, at: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
    end = len(data) if end is None else end
    while at + _ATTRIBUTE.size <= end:
        size, kind = _ATTRIBUTE.unpack_from(data, at)
        if size < _ATTRIBUTE.size:
            return
        yield kind & ~_NESTED, data[at + _ATTRIBUTE.size : at + size]
        at += (size + 3) & ~3


def _packed(address: Address) -> bytes:
    return socket.inet_aton(address[0])


def _plain(kind: int, value: bytes) -> bytes:
    size = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(size, kind) + value + bytes(-size % 4)


def _nested(kind: int, value: bytes) -> bytes:
    return _plain(kind | _NESTED, value)
