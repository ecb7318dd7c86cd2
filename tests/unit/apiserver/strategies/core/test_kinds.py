"""The smaller kinds of core/v1, a sentence a rule."""

from typing import Any

import pytest

from apiserver.strategies.table import strategy_of
from tests.unit.apiserver.strategies.core.rules import (
    KINDS,
    created,
    pod,
    read,
    told,
    told_of_update,
)

CLAIM: dict[str, Any] = {
    "accessModes": ["ReadWriteOnce"],
    "resources": {"requests": {"storage": "1Gi"}},
}
VOLUME: dict[str, Any] = {
    "capacity": {"storage": "1Gi"},
    "accessModes": ["ReadWriteOnce"],
    "hostPath": {"path": "/data"},
}
FROZEN = "Forbidden: field is immutable when `immutable` is set"


@pytest.mark.parametrize(
    ("kind", "manifest", "messages"),
    [
        pytest.param(
            "ConfigMap",
            {"data": {"a": "x"}, "binaryData": {"a": "eA=="}},
            ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
            id="a key of a config map stands once",
        ),
        pytest.param(
            "ConfigMap",
            {"data": {"..": "x"}},
            ["data[..]: Invalid value: \"..\": must not be '..'"],
            id="a key is no way up",
        ),
        pytest.param(
            "ConfigMap",
            {"data": {"a": "x" * (1024 * 1024 + 1)}},
            [": Too long: may not be more than 1048576 bytes"],
            id="a config map has a limit",
        ),
        pytest.param(
            "Secret",
            {"type": "kubernetes.io/tls", "data": {"tls.crt": ""}},
            ["data[tls.key]: Required value"],
            id="a certificate needs its key",
        ),
        pytest.param(
            "Endpoints",
            {"subsets": [{"addresses": [{"ip": "127.0.0.1"}]}]},
            [
                'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": '
                "may not be in the loopback range (127.0.0.0/8, ::1/128)"
            ],
            id="the host itself is no endpoint",
        ),
        pytest.param(
            "Endpoints",
            {"subsets": [{"addresses": [{"ip": "127.64.0.9"}], "ports": [{"port": 80}]}]},
            [],
            id="a pod of the loopback network is one",
        ),
        pytest.param(
            "LimitRange",
            {"spec": {"limits": [{"type": "Pod", "default": {"cpu": "1"}}]}},
            ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
            id="pods have no default limits",
        ),
        pytest.param(
            "ResourceQuota",
            {"spec": {"hard": {"requests.cpu": "1"}, "scopes": ["BestEffort"]}},
            ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
            id="who asks for nothing needs no quota on cpu",
        ),
        pytest.param(
            "PersistentVolumeClaim",
            {"spec": {**CLAIM, "accessModes": ["ReadWriteOncePod", "ReadWriteMany"]}},
            ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"],
            id="one pod alone is one pod alone",
        ),
        pytest.param(
            "PersistentVolume",
            {"spec": {**VOLUME, "hostPath": None, "local": {"path": "/p"}}},
            ["spec.nodeAffinity: Required value: Local volume requires node affinity"],
            id="a local volume says where",
        ),
        pytest.param(
            "Node",
            {"spec": {"taints": [{"key": "a", "effect": "Bad"}]}},
            [
                'metadata.taints[0].effect: Unsupported value: "Bad": '
                'supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'
            ],
            id="a taint has one of three effects",
        ),
        pytest.param(
            "Namespace",
            {"spec": {"finalizers": ["nope"]}},
            [
                'spec.finalizers: Invalid value: "nope": '
                "name is neither a standard finalizer name nor is it fully qualified"
            ],
            id="a finalizer is qualified",
        ),
        pytest.param(
            "ReplicationController",
            {
                "spec": {
                    "selector": {"a": "b"},
                    "template": pod() | {"metadata": {"labels": {"a": "c"}}},
                }
            },
            [
                'spec.template.metadata.labels: Invalid value: {"a":"c"}: '
                "`selector` does not match template `labels`"
            ],
            id="a controller selects what it makes",
        ),
        pytest.param(
            "Event",
            {"involvedObject": {"namespace": "other"}},
            ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
            id="an event lies beside what it is about",
        ),
    ],
)
def test_validate(kind: str, manifest: dict[str, Any], messages: list[str]) -> None:
    assert told(kind, manifest) == messages


@pytest.mark.parametrize(
    ("kind", "new", "old", "messages"),
    [
        pytest.param(
            "ConfigMap",
            {"immutable": True, "data": {"a": "2"}},
            {"immutable": True, "data": {"a": "1"}},
            [f"data: {FROZEN}"],
            id="a frozen config map keeps its data",
        ),
        pytest.param(
            "Secret",
            {},
            {"immutable": True},
            [f"immutable: {FROZEN}"],
            id="a frozen secret stays frozen",
        ),
        pytest.param(
            "Secret",
            {"type": "example.com/x"},
            {},
            ['type: Invalid value: "example.com/x": field is immutable'],
            id="a secret keeps its type",
        ),
        pytest.param(
            "Node",
            {"spec": {"podCIDR": "10.0.1.0/24"}},
            {"spec": {"podCIDR": "10.0.0.0/24"}},
            [
                "spec.podCIDRs: Forbidden: "
                'node updates may not change podCIDR except from "" to valid'
            ],
            id="a node keeps its addresses",
        ),
        pytest.param(
            "PersistentVolumeClaim",
            {"spec": {**CLAIM, "volumeName": "v"}},
            {"spec": CLAIM},
            [],
            id="a claim may be bound",
        ),
    ],
)
def test_validate_update(
    kind: str, new: dict[str, Any], old: dict[str, Any], messages: list[str]
) -> None:
    assert told_of_update(kind, new, old) == messages


@pytest.mark.parametrize(
    ("kind", "manifest"),
    [
        ("Endpoints", {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 1}]}]}),
        ("LimitRange", {"spec": {"limits": [{"type": "Container", "max": {"cpu": "0.0001"}}]}}),
        ("Namespace", {}),
        ("Node", {"spec": {"podCIDR": "10.0.0.0/24"}, "status": {"capacity": {"cpu": "1"}}}),
        ("PersistentVolume", {"spec": VOLUME}),
        ("PersistentVolumeClaim", {"spec": CLAIM}),
        ("PodTemplate", {"template": pod()}),
        (
            "ReplicationController",
            {"spec": {"template": pod() | {"metadata": {"labels": {"a": "b"}}}}},
        ),
        ("ResourceQuota", {"spec": {"hard": {"requests.memory": "1n"}}}),
        ("Secret", {"stringData": {"a": "b"}}),
    ],
)
def test_defaults_are_filled_in_once_and_are_good(kind: str, manifest: dict[str, Any]) -> None:
    once = read(kind, manifest)
    assert strategy_of(KINDS[kind]).default(once) == once
    assert told(kind, manifest) == []


def test_texts_of_a_secret_become_data() -> None:
    assert read("Secret", {"stringData": {"a": "plain"}}).data == {"a": "cGxhaW4="}


def test_a_claim_says_its_source_twice() -> None:
    source = {"kind": "PersistentVolumeClaim", "name": "src"}
    spec = created("PersistentVolumeClaim", {"spec": {**CLAIM, "dataSource": source}}).spec
    assert spec.data_source_ref.name == "src"


def test_a_source_of_no_use_falls_away() -> None:
    source = {"kind": "Pod", "name": "p"}
    spec = created("PersistentVolumeClaim", {"spec": {**CLAIM, "dataSource": source}}).spec
    assert spec.data_source is None


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_core_has_rules(kind: str) -> None:
    assert type(strategy_of(KINDS[kind])).__name__ == f"{kind}Rules"
