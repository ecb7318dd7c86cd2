"""SPDY frames, as kubectl sends them."""

import contextlib
import itertools
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver.rest.spdy import (
    DICTIONARY,
    Data,
    GoneAway,
    Opened,
    Pinged,
    Reset,
    Spdy,
    SpdyError,
    data_frame,
)

HEADERS = {"streamtype": "data", "port": "80", "requestid": "0"}


class Client:
    """The other side of a connection."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def open(self, stream: int, headers: dict[str, str]) -> bytes:
        text = struct.pack("!I", len(headers))
        for piece in (piece for pair in headers.items() for piece in pair):
            text += struct.pack("!I", len(piece)) + piece.encode()
        block = self._deflate.compress(text) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return control(1, struct.pack("!IIBB", stream, 0, 0, 0) + block)


def control(kind: int, body: bytes) -> bytes:
    return struct.pack("!HHI", 0x8003, kind, len(body)) + body


def test_the_dictionary_is_the_protocols() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_frames_say_what_they_say() -> None:
    client = Client()
    told = client.open(1, HEADERS) + client.open(3, HEADERS) + data_frame(1, b"x", is_last=True)
    ping = control(6, b"\0\0\0\1")
    told += ping + control(3, struct.pack("!II", 3, 5)) + control(7, bytes(8)) + control(4, b"")
    assert list(Spdy().hear(told)) == [
        Opened(1, HEADERS, is_last=False),
        Opened(3, HEADERS, is_last=False),
        Data(1, b"x", is_last=True),
        Pinged(ping),
        Reset(3),
        GoneAway(),
    ]


@given(st.lists(st.integers(0, 80)))
def test_frames_may_be_cut_anywhere(cuts: list[int]) -> None:
    told = Client().open(1, HEADERS) + data_frame(1, b"hello")
    places = sorted({0, len(told), *(cut for cut in cuts if cut < len(told))})
    spdy = Spdy()
    heard = [one for start, end in itertools.pairwise(places) for one in spdy.hear(told[start:end])]
    assert heard == [Opened(1, HEADERS, is_last=False), Data(1, b"hello", is_last=False)]


@given(st.binary(max_size=200))
def test_nonsense_is_an_error_and_nothing_else(nonsense: bytes) -> None:
    with contextlib.suppress(SpdyError):
        list(Spdy().hear(nonsense))


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(control(1, b"short"), id="a frame too short"),
        pytest.param(control(1, bytes(20)), id="headers that are not compressed"),
        pytest.param(b"\0\0\0\1\0\xff\xff\xff", id="a frame too long"),
        pytest.param(struct.pack("!HHI", 0x8002, 1, 0), id="another version"),
        pytest.param(Client().open(1, {"a": "b" * 100_000}), id="headers that swell"),
    ],
)
def test_refuses(told: bytes) -> None:
    with pytest.raises(SpdyError):
        list(Spdy().hear(told))
