"""Fields that Kubernetes writes even when nothing is in them."""

import msgspec
import pytest

from knarr.api import codec
from knarr.api.core.event import Event, EventSource
from knarr.api.core.references import ObjectReference
from knarr.api.discovery.endpoint_slice import EndpointPort, EndpointSlice
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.api.structs import ApiStruct

EVENT = Event(metadata=ObjectMeta(), involved_object=ObjectReference())


@pytest.mark.parametrize(
    ("obj", "field", "value"),
    [
        pytest.param(ClusterRole(), "rules", None, id="a role that allows nothing"),
        pytest.param(EndpointSlice(address_type="IPv4"), "ports", None, id="no ports"),
        pytest.param(EVENT, "source", {}, id="an event without source"),
        pytest.param(EVENT, "reportingComponent", "", id="an event without reporter"),
    ],
)
def test_what_is_empty_is_written(obj: ApiStruct, field: str, value: object) -> None:
    written = msgspec.json.decode(codec.encode(obj))
    assert written[field] == value
    assert codec.decode(type(obj), codec.encode(obj)) == obj


def test_what_is_there_is_written_once() -> None:
    ports = (EndpointPort(port=80),)
    body = codec.encode(EndpointSlice(address_type="IPv4", ports=ports))
    assert body.count(b'"ports":') == 1
    event = msgspec.structs.replace(EVENT, source=EventSource(component="x"))
    assert codec.encode(event).count(b'"source":') == 1
