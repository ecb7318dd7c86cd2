"""Reading and writing objects."""

from typing import Any

import pytest

from knarr.api import codec
from knarr.api.apps.deployment import Deployment
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.pod import Pod
from knarr.api.core.secret import Secret
from knarr.api.structs import ApiStruct
from knarr.api.thorough import DecodeError

_QUANTITY = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


def test_whole_objects_say_their_kind_first() -> None:
    config_map = codec.decode(ConfigMap, b'{"kind":"ConfigMap","data":{"a":"1"},"apiVersion":"v1"}')
    assert codec.encode(config_map) == b'{"metadata":{},"data":{"a":"1"}}'
    assert codec.encode_whole(config_map) == (
        b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{},"data":{"a":"1"}}'
    )


def test_structs_are_always_written() -> None:
    pod = codec.decode(Pod, b'{"spec":{"containers":[{"name":"a"}]}}')
    assert codec.to_plain(pod) == {
        "metadata": {},
        "spec": {"containers": [{"name": "a", "resources": {}}]},
        "status": {},
    }


def test_what_is_forgiven() -> None:
    text = b"""{"metadata": {"name": null, "creationTimestamp": "2024-01-01T01:00:00.5+01:00"},
        "spec": {"nope": 1, "containers": [
            {"name": "a", "resources": {"limits": {"cpu": 1, "memory": "1024Mi"}}}, null]}}"""
    pod = codec.decode(Pod, text)
    assert pod.metadata.creation_timestamp == "2024-01-01T00:00:00Z"
    assert pod.spec.containers[0].resources.limits == {"cpu": "1", "memory": "1Gi"}


def test_required_fields_left_out_are_zero() -> None:
    deployment = codec.decode(Deployment, b'{"spec":{"template":{}}}')
    assert deployment.spec.selector is None
    assert deployment.spec.template.spec.containers == ()


@pytest.mark.parametrize(
    ("object_type", "text", "complaints"),
    [
        pytest.param(
            Pod,
            '{"spec":{"foo":1,"containers":[{"name":"a","ports":[{"hostport":1}]}]},"bar":2}',
            (
                'unknown field "spec.foo"',
                'unknown field "spec.containers[0].ports[0].hostport"',
                'unknown field "bar"',
            ),
            id="unknown fields in the order of the text",
        ),
        pytest.param(
            ConfigMap,
            '{"data": {"a":"1","a":"2"}}',
            ('duplicate field "data.a"',),
            id="duplicate fields",
        ),
        pytest.param(
            ConfigMap,
            '{"data":{"a":"1","a":"2"},"x":1}',
            ('duplicate field "data.a"', 'unknown field "x"'),
            id="both",
        ),
        pytest.param(ConfigMap, '{"data":{"a":"1","b":"\\u0061"}}\n', (), id="neither"),
    ],
)
def test_complaints(object_type: type[ApiStruct], text: str, complaints: tuple[str, ...]) -> None:
    assert codec.read(object_type, text.encode()).complaints == complaints


@pytest.mark.parametrize(
    ("object_type", "text", "words"),
    [
        (
            Deployment,
            '{"spec":{"replicas":"x"}}',
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas "
            "of type int32",
        ),
        (
            ConfigMap,
            '{"data":{"a":1}}',
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        ),
        (
            ConfigMap,
            '{"metadata":"x"}',
            "json: cannot unmarshal string into Go struct field ConfigMap.metadata "
            "of type v1.ObjectMeta",
        ),
        (
            ConfigMap,
            '{"data":"x"}',
            "json: cannot unmarshal string into Go struct field ConfigMap.data "
            "of type map[string]string",
        ),
        (
            Pod,
            '{"spec":{"restartPolicy":1}}',
            "json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy "
            "of type v1.RestartPolicy",
        ),
        (Secret, '{"data":{"a":"!"}}', "illegal base64 data at input byte 0"),
        (Pod, '{"spec":{"containers":[{"resources":{"limits":{"cpu":"x"}}}]}}', _QUANTITY),
        (
            Pod,
            '{"metadata":{"creationTimestamp":"x"}}',
            'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
        ),
        (Pod, "{", "unexpected end of JSON input"),
    ],
)
def test_what_is_not_forgiven(object_type: type[ApiStruct], text: str, words: str) -> None:
    with pytest.raises(DecodeError) as error:
        codec.read(object_type, text.encode())
    assert str(error.value) == words


def test_plain_values_are_read_alike() -> None:
    plain: dict[str, Any] = {"data": {"a": "1"}, "nope": 1}
    reading = codec.read(ConfigMap, plain)
    assert reading.object.data == {"a": "1"}
    assert reading.unknown == ('unknown field "nope"',)
