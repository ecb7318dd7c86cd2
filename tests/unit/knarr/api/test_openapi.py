"""The OpenAPI documents and what `explain` prints."""

from typing import Any

import pytest

from knarr.api.apps.stateful_set import StatefulSet
from knarr.api.core.pod import Pod
from knarr.api.explain import UnknownFieldError, explain
from knarr.api.kind import Kind
from knarr.api.kind_table import kind_of
from knarr.api.openapi import documents
from knarr.api.openapi.documents import Source

APPS: dict[str, Any] = documents.v3(Source(), "apis/apps/v1") or {}


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return found.union(*map(references, value.values()))
    if isinstance(value, list):
        return set().union(*map(references, value))
    return set()


def test_a_document_a_group_version() -> None:
    paths = documents.v3_paths(Source())
    assert {"api", "api/v1", "apis", "apis/apps", "apis/apps/v1", "version"} <= set(paths)
    assert documents.v3(Source(), "apis/apps/v9") is None


def test_every_reference_leads_somewhere() -> None:
    for path in documents.v3_paths(Source()):
        document = documents.v3(Source(), path) or {}
        known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
        assert references(document) <= known, path
    document = documents.v2(Source())
    assert references(document) <= {f"#/definitions/{name}" for name in document["definitions"]}


def test_operations_say_kind_and_action() -> None:
    at = APPS["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]
    assert sorted(at) == ["delete", "get", "parameters", "patch", "put"]
    patch = at["patch"]
    assert patch["x-kubernetes-action"] == "patch"
    assert patch["x-kubernetes-group-version-kind"] == {
        "group": "apps",
        "kind": "Deployment",
        "version": "v1",
    }
    assert "fieldValidation" in [each["name"] for each in patch["parameters"]]
    assert "application/apply-patch+yaml" in patch["requestBody"]["content"]


def test_definitions_say_how_lists_merge() -> None:
    containers = APPS["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"][
        "containers"
    ]
    assert containers["x-kubernetes-list-map-keys"] == ["name"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-list-type"] == "map"


def test_custom_resources_bring_their_schema() -> None:
    kind = Kind("example.com", "v1", "things", "Thing", "")
    schema = {"type": "object", "properties": {"spec": {"type": "object"}}}
    source = Source(kinds=(kind,), custom={("example.com", "v1", "Thing"): schema})
    document = documents.v3(source, "apis/example.com/v1") or {}
    thing = document["components"]["schemas"]["com.example.v1.Thing"]
    assert sorted(thing["properties"]) == ["apiVersion", "kind", "metadata", "spec"]
    assert thing["x-kubernetes-group-version-kind"][0]["kind"] == "Thing"


def test_explain_shows_the_fields_of_a_field() -> None:
    lines = explain(kind_of(StatefulSet), ("spec",)).splitlines()
    assert lines[:5] == [
        "GROUP:      apps",
        "KIND:       StatefulSet",
        "VERSION:    v1",
        "",
        "FIELD: spec <StatefulSetSpec>",
    ]
    assert "  selector\t<LabelSelector> -required-" in lines
    assert "  serviceName\t<string>" in lines
    assert "  volumeClaimTemplates\t<[]PersistentVolumeClaim>" in lines


def test_explain_goes_down_when_asked() -> None:
    lines = explain(kind_of(Pod), ("spec", "containers"), recursive=True).splitlines()
    assert "    containerPort\t<integer> -required-" in lines


def test_explain_refuses_what_is_not_there() -> None:
    with pytest.raises(UnknownFieldError, match='field "nope" does not exist'):
        explain(kind_of(Pod), ("spec", "nope"))
