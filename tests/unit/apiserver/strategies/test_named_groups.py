"""Rules of the kinds outside core/v1: defaults, refusals, what may not change, lines."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from apiserver.strategies.table import strategy_of
from knarr.api import codec
from knarr.api.field_errors import FieldError
from knarr.api.kind_table import BUILT_IN_TABLE

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
POD = {"containers": [{"name": "c", "image": "web:1"}]}
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": POD}
SELECTOR = {"matchLabels": {"app": "x"}}
WORKLOAD = {"selector": SELECTOR, "template": TEMPLATE}
JOB = {"template": {"spec": {**POD, "restartPolicy": "Never"}}}
CRON = {"schedule": "0 3 * * *", "jobTemplate": {"spec": JOB}}
TARGET = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
GOOD: dict[str, dict[str, Any]] = {
    "apps/v1 Deployment": {"spec": WORKLOAD},
    "apps/v1 ReplicaSet": {"spec": WORKLOAD},
    "apps/v1 StatefulSet": {"spec": WORKLOAD},
    "apps/v1 DaemonSet": {"spec": WORKLOAD},
    "apps/v1 ControllerRevision": {"data": {"a": 1}, "revision": 1},
    "batch/v1 CronJob": {"spec": CRON},
    "autoscaling/v2 HorizontalPodAutoscaler": {
        "spec": {"scaleTargetRef": TARGET, "maxReplicas": 3}
    },
    "policy/v1 PodDisruptionBudget": {"spec": {"minAvailable": "50%", "selector": SELECTOR}},
    "networking.k8s.io/v1 IngressClass": {"spec": {"controller": "example.com/ingress"}},
    "networking.k8s.io/v1 NetworkPolicy": {"spec": {"podSelector": {}, "egress": [{}]}},
    "discovery.k8s.io/v1 EndpointSlice": {"addressType": "IPv4", "ports": [{"port": 80}]},
    "rbac.authorization.k8s.io/v1 Role": {
        "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]
    },
    "storage.k8s.io/v1 StorageClass": {"provisioner": "example.com/none"},
    "storage.k8s.io/v1 CSIDriver": {},
    "scheduling.k8s.io/v1 PriorityClass": {"value": 10},
    "coordination.k8s.io/v1 Lease": {"spec": {"holderIdentity": "me"}},
    "node.k8s.io/v1 RuntimeClass": {"handler": "runc"},
}


def made(key: str, body: dict[str, Any]) -> Any:
    kind = BUILT_IN_TABLE.by_kind(*key.split(" "))
    assert kind is not None
    name = {"name": "x", "namespace": "default", "creationTimestamp": "2024-05-01T11:00:00Z"}
    obj = codec.from_plain(kind.type, {"metadata": name, **body})
    return strategy_of(kind), strategy_of(kind).default(obj)


def told(errors: Any) -> list[str]:
    return [str(error) for error in errors if isinstance(error, FieldError)]


@pytest.mark.parametrize("key", GOOD)
def test_what_is_good_passes_and_defaults_are_filled_in_once(key: str) -> None:
    rules, obj = made(key, GOOD[key])
    assert told(rules.validate(obj)) == []
    assert rules.default(obj) == obj
    assert told(rules.validate_update(obj, obj)) == []
    assert rules.row(obj, NOW)[0] == "x"


@pytest.mark.parametrize(
    ("key", "body", "errors"),
    [
        pytest.param(
            "apps/v1 Deployment",
            {"spec": {**WORKLOAD, "replicas": -1}},
            ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
            id="fewer than no replicas",
        ),
        pytest.param(
            "apps/v1 Deployment",
            {"spec": {**WORKLOAD, "selector": {"matchLabels": {"app": "y"}}}},
            [
                'spec.template.metadata.labels: Invalid value: {"app":"x"}: '
                "`selector` does not match template `labels`"
            ],
            id="a selector that misses its own pods",
        ),
        pytest.param(
            "apps/v1 DaemonSet",
            {"spec": {**WORKLOAD, "updateStrategy": {"type": "Odd"}}},
            [
                'spec.updateStrategy: Unsupported value: {"Type":"Odd","RollingUpdate":null}: '
                'supported values: "RollingUpdate", "OnDelete"'
            ],
            id="an unknown update strategy",
        ),
        pytest.param(
            "batch/v1 CronJob",
            {"spec": {**CRON, "schedule": "61 * * * *"}},
            [
                'spec.schedule: Invalid value: "61 * * * *": '
                "end of range (61) above maximum (59): 61"
            ],
            id="a minute that no hour has",
        ),
        pytest.param(
            "batch/v1 CronJob",
            {"spec": {**CRON, "timeZone": "Moon/Base"}},
            ['spec.timeZone: Invalid value: "Moon/Base": unknown time zone Moon/Base'],
            id="a time zone nobody lives in",
        ),
        pytest.param(
            "policy/v1 PodDisruptionBudget",
            {"spec": {"minAvailable": "101%"}},
            ['spec.minAvailable: Invalid value: "101%": must not be greater than 100%'],
            id="more than all pods",
        ),
        pytest.param(
            "networking.k8s.io/v1 Ingress",
            {"spec": {}},
            ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
            id="an ingress that leads nowhere",
        ),
        pytest.param(
            "scheduling.k8s.io/v1 PriorityClass",
            {"value": 2_000_000_000},
            ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
            id="a class above the system's",
        ),
        pytest.param(
            "rbac.authorization.k8s.io/v1 Role",
            {"rules": [{"verbs": [], "apiGroups": [""], "resources": ["pods"]}]},
            ["rules[0].verbs: Required value: verbs must contain at least one value"],
            id="a rule that allows nothing",
        ),
    ],
)
def test_refusals(key: str, body: dict[str, Any], errors: list[str]) -> None:
    rules, obj = made(key, body)
    assert told(rules.validate(obj)) == errors


@pytest.mark.parametrize(
    ("key", "change", "error"),
    [
        pytest.param(
            "apps/v1 Deployment",
            {"spec": {**WORKLOAD, "selector": {"matchLabels": {"a": "b"}}}},
            'spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: field is immutable',
            id="a deployment's selector stays",
        ),
        pytest.param(
            "storage.k8s.io/v1 StorageClass",
            {"provisioner": "example.com/other"},
            'provisioner: Invalid value: "example.com/other": field is immutable',
            id="a class keeps its provisioner",
        ),
        pytest.param(
            "scheduling.k8s.io/v1 PriorityClass",
            {"value": 11},
            "value: Forbidden: may not be changed in an update.",
            id="a priority stays",
        ),
        pytest.param(
            "discovery.k8s.io/v1 EndpointSlice",
            {"addressType": "IPv6"},
            'addressType: Invalid value: "IPv6": field is immutable',
            id="addresses keep their family",
        ),
    ],
)
def test_what_may_not_change(key: str, change: dict[str, Any], error: str) -> None:
    rules, old = made(key, GOOD[key])
    _, new = made(key, change)
    assert told(rules.validate_update(new, old)) == [error]


def test_a_cron_job_leaves_room_for_the_names_of_its_jobs() -> None:
    rules, obj = made("batch/v1 CronJob", GOOD["batch/v1 CronJob"])
    long = replace(obj, metadata=replace(obj.metadata, name="x" * 53))
    assert told(rules.validate(long)) == []
    assert told(rules.validate_create(long)) == [
        f'metadata.name: Invalid value: "{"x" * 53}": must be no more than 52 characters'
    ]
