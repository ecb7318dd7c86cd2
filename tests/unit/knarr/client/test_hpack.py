"""Headers of HTTP/2: the examples of RFC 7541, and there and back."""

from fractions import Fraction

import pytest

from knarr.client import hpack


@pytest.mark.parametrize(
    ("block", "headers"),
    [
        ("828684418cf1e3c2e5f23a6ba0ab90f4ff", [
            (":method", "GET"), (":scheme", "http"), (":path", "/"),
            (":authority", "www.example.com")]),
        ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", [
            ("custom-key", "custom-header")]),
        ("3fe11f88", [(":status", "200")]),
        ("108 87365637265742d".replace(" ", "") + "00", None),
    ],
)  # fmt: skip
def test_examples(block: str, headers: list[tuple[str, str]] | None) -> None:
    data = bytes.fromhex(block)
    if headers is None:
        with pytest.raises(hpack.HeaderError):
            hpack.unpack(data)
    else:
        assert hpack.unpack(data) == headers


def test_what_is_packed_can_be_read() -> None:
    headers = [("a", "b"), ("authorization", "Bearer " + "x" * 3000), ("empty", ""), ("ü", "ß")]
    assert hpack.unpack(hpack.pack(headers)) == headers


def test_the_code_is_complete() -> None:
    lengths = [length for length, _ in hpack._codes()]  # a property of the table
    assert sum((Fraction(1, 2**one) for one in lengths), Fraction(1, 2**30)) == 1
