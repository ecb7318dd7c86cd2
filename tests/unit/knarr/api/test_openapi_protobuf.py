"""OpenAPI v2 in protobuf, read back by number."""

from collections.abc import Iterator
from typing import Any

from knarr.api.openapi import protobuf
from knarr.api.openapi.documents import Source, v2
from knarr.api.protobuf.decode import fields_of


def at(data: bytes, *numbers: int) -> list[Any]:
    """All values at a place."""
    found = [data]
    for number in numbers:
        found = [value for each in found for n, _, value in fields_of(each) if n == number]
    return found


def named(data: bytes, *numbers: int) -> Iterator[tuple[str, bytes]]:
    """The pairs of a map at a place."""
    for each in at(data, *numbers):
        yield at(each, 1)[0].decode(), at(each, 2)[0]


def test_definitions_are_there_whole() -> None:
    plain = v2(Source())
    data = protobuf.document(plain)
    assert at(data, 1) == [b"2.0"]
    definitions = dict(named(data, 9, 1))
    assert list(definitions) == list(plain["definitions"])
    pod = definitions["io.k8s.api.core.v1.Pod"]
    properties = dict(named(pod, 25, 1))
    spec = plain["definitions"]["io.k8s.api.core.v1.Pod"]["properties"]["spec"]
    assert at(properties["spec"], 1) == [spec["$ref"].encode()]
    (extension,) = (
        value for name, value in named(pod, 31) if name == "x-kubernetes-group-version-kind"
    )
    assert at(extension, 2) == [b"- group: ''\n  kind: Pod\n  version: v1\n"]
    spec_of = definitions["io.k8s.api.core.v1.PodSpec"]
    assert at(spec_of, 19) == [b"containers"], "what is required is listed"
    containers = dict(named(spec_of, 25, 1))["containers"]
    assert at(containers, 22, 1) == [b"array"]
    assert at(containers, 23, 1, 1) == [b"#/definitions/io.k8s.api.core.v1.Container"]


def test_patches_say_what_they_take() -> None:
    data = protobuf.document(v2(Source()))
    paths = dict(named(data, 8, 2))
    (patch,) = at(paths["/api/v1/namespaces/{namespace}/pods/{name}"], 8)
    names = [name for name in at(patch, 8, 1, 2, 3, 4) if name]
    assert b"fieldValidation" in names
    assert dict(named(patch, 13))["x-kubernetes-action"]
