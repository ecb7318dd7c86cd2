"""Objects in Kubernetes' protobuf form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knarr.api.protobuf.decode import MAGIC, ProtobufError, decode


def field(number: int, value: bytes | int | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    return MAGIC + field(1, field(1, api_version) + field(2, kind)) + field(2, raw)


def test_a_config_map() -> None:
    meta = field(1, "a") + field(11, field(1, "l") + field(2, "v")) + field(8, field(1, 86400))
    raw = (
        field(1, meta)
        + field(2, field(1, "x") + field(2, "y"))
        + field(3, field(1, "b") + field(2, b"\x00"))
    )
    assert decode(envelope("v1", "ConfigMap", raw)) == {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {
            "name": "a",
            "labels": {"l": "v"},
            "creationTimestamp": "1970-01-02T00:00:00Z",
        },
        "data": {"x": "y"},
        "binaryData": {"b": "AA=="},
    }


def test_what_is_inline_in_json() -> None:
    volume = field(1, "v") + field(2, field(2, field(1, "Memory") + field(2, field(1, "1Gi"))))
    container = field(1, "c") + field(8, field(1, field(1, "cpu") + field(2, field(1, "50m"))))
    raw = field(2, field(1, volume) + field(2, container))
    assert decode(envelope("v1", "Pod", raw))["spec"] == {
        "volumes": [{"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}],
        "containers": [{"name": "c", "resources": {"limits": {"cpu": "50m"}}}],
    }


def test_numbers_or_words() -> None:
    surge = field(2, field(1, 0) + field(2, 3))
    unavailable = field(1, field(1, 1) + field(3, "25%"))
    raw = field(2, field(1, 2) + field(4, field(2, unavailable + surge)))
    spec = decode(envelope("apps/v1", "Deployment", raw))["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": 3}


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", MAGIC + b"\x0a", MAGIC + b"\xff" * 20, envelope("v1", "Nothing", b"")],
    ids=repr,
)
def test_refuses_what_is_none(data: bytes) -> None:
    with pytest.raises(ProtobufError):
        decode(data)


@given(st.binary(max_size=200), st.sampled_from(["Pod", "Service", "ConfigMap", "DeleteOptions"]))
def test_hostile_bytes_are_refused_or_read(data: bytes, kind: str) -> None:
    try:
        found = decode(envelope("v1", kind, data))
    except ProtobufError:
        return
    assert found["kind"] == kind
