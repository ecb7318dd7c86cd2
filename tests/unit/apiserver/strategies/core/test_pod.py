"""Pods: what is filled in, what is refused, what may change."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver.strategies.table import strategy_of
from knarr.api import codec
from knarr.api.quality_of_service import qos_class
from tests.unit.apiserver.strategies.core.rules import (
    KINDS,
    created,
    pod,
    read,
    told,
    told_of_update,
)

RULES = strategy_of(KINDS["Pod"])
C = "spec.containers[0]"


@pytest.mark.parametrize(
    ("manifest", "messages"),
    [
        pytest.param(pod(), [], id="takes a plain pod"),
        pytest.param({"spec": {}}, ["spec.containers: Required value"], id="wants containers"),
        pytest.param(
            {"spec": {"containers": [{}]}},
            [f"{C}.name: Required value", f"{C}.image: Required value"],
            id="wants a name and an image",
        ),
        pytest.param(
            pod({"image": " x "}),
            [f'{C}.image: Invalid value: " x ": must not have leading or trailing whitespace'],
            id="refuses spaces around an image",
        ),
        pytest.param(
            pod(
                {
                    "ports": [
                        {"containerPort": 80, "hostPort": 80},
                        {"containerPort": 81, "hostPort": 80},
                    ]
                }
            ),
            [f'{C}.ports[1].hostPort: Duplicate value: "TCP//80"'],
            id="gives a host port once",
        ),
        pytest.param(
            pod({"ports": [{"containerPort": 80, "hostPort": 81}]}, hostNetwork=True),
            [
                f"{C}.ports[0].hostPort: Invalid value: 81: "
                "must match `containerPort` when `hostNetwork` is true"
            ],
            id="knows that the host's network has one port",
        ),
        pytest.param(
            pod(
                {
                    "env": [
                        {
                            "name": "A",
                            "value": "x",
                            "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
                        }
                    ]
                }
            ),
            [
                f'{C}.env[0].valueFrom: Invalid value: "": '
                "may not be specified when `value` is not empty"
            ],
            id="takes a variable's value from one place",
        ),
        pytest.param(
            pod({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nope"}}}]}),
            [
                f'{C}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nope": '
                "error converting fieldPath: field label not supported: spec.nope"
            ],
            id="knows the fields that the downward API gives",
        ),
        pytest.param(
            pod({"livenessProbe": {}}),
            [f"{C}.livenessProbe: Required value: must specify a handler type"],
            id="wants to know how to probe",
        ),
        pytest.param(
            pod(
                {"readinessProbe": {"tcpSocket": {"port": 80}, "terminationGracePeriodSeconds": 3}}
            ),
            [
                f"{C}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 3: "
                "must not be set for readinessProbes"
            ],
            id="knows that readiness ends nothing",
        ),
        pytest.param(
            pod({"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}}),
            [
                f"{C}.lifecycle.preStop.sleep: Invalid value: 31: "
                "must be non-negative and less than terminationGracePeriodSeconds (30)"
            ],
            id="sleeps no longer than the grace period",
        ),
        pytest.param(
            pod(
                {
                    "resources": {
                        "requests": {"example.com/gpu": "1"},
                        "limits": {"example.com/gpu": "2"},
                    }
                }
            ),
            [
                f'{C}.resources.requests: Invalid value: "1": '
                "must be equal to example.com/gpu limit of 2"
            ],
            id="cannot promise more devices than there are",
        ),
        pytest.param(
            pod({"resources": {"limits": {"hugepages-2Mi": "2Mi"}}}),
            [f"{C}.resources: Forbidden: HugePages require cpu or memory"],
            id="wants cpu or memory beside huge pages",
        ),
        pytest.param(
            pod(
                {
                    "volumeMounts": [
                        {"name": "v", "mountPath": "/a", "mountPropagation": "Bidirectional"}
                    ]
                },
                volumes=[{"name": "v"}],
            ),
            [
                "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount "
                "propagation is available only to privileged containers"
            ],
            id="lets only the privileged mount for others",
        ),
        pytest.param(
            pod(volumes=[{"name": "a", "emptyDir": {}, "hostPath": {"path": "/"}}]),
            ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
            id="gives a volume one source",
        ),
        pytest.param(
            pod({"securityContext": {"allowPrivilegeEscalation": False, "privileged": True}}),
            [
                f'{C}.securityContext: Invalid value: {{"Capabilities":null,"Privileged":true,'
                '"SeLinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,'
                '"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,'
                '"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,'
                '"AppArmorProfile":null}: cannot set `allowPrivilegeEscalation` to false and '
                "`privileged` to true"
            ],
            id="knows that the privileged need no escalation",
        ),
        pytest.param(
            pod(restartPolicy="Sometimes"),
            [
                'spec.restartPolicy: Unsupported value: "Sometimes": '
                'supported values: "Always", "OnFailure", "Never"'
            ],
            id="names the restart policies in their order",
        ),
        pytest.param(
            pod(dnsPolicy="None"),
            ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
            id="asks somebody for names",
        ),
        pytest.param(
            pod(nodeName="n", schedulingGates=[{"name": "g"}]),
            ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
            id="gives a gated pod no node",
        ),
        pytest.param(
            pod(
                initContainers=[
                    {"name": "i", "image": "x", "livenessProbe": {"tcpSocket": {"port": 1}}}
                ]
            ),
            [
                "spec.initContainers[0].livenessProbe: Forbidden: "
                "may not be set for init containers without restartPolicy=Always"
            ],
            id="probes only init containers that stay",
        ),
        pytest.param(
            pod(
                topologySpreadConstraints=[
                    {"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "Never"}
                ]
            ),
            [
                "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: "
                "must be greater than zero",
                'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Never": '
                'supported values: "DoNotSchedule", "ScheduleAnyway"',
            ],
            id="spreads by at least one and in two ways",
        ),
    ],
)
def test_validate(manifest: dict[str, Any], messages: list[str]) -> None:
    assert told("Pod", manifest) == messages


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        pytest.param("nginx", "Always", id="an image without a tag is the latest"),
        pytest.param("nginx:latest", "Always", id="the latest changes under its name"),
        pytest.param("nginx:1.15", "IfNotPresent", id="a tag stays"),
        pytest.param("host:5000/a/b", "Always", id="a port is no tag"),
        pytest.param("x@sha256:" + "0" * 64, "IfNotPresent", id="a digest stays"),
        pytest.param("Not An Image", "IfNotPresent", id="what is no image is left alone"),
    ],
)
def test_pull_policy(image: str, policy: str) -> None:
    assert read("Pod", pod({"image": image})).spec.containers[0].image_pull_policy == policy


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        pytest.param({}, "BestEffort", id="asks for nothing"),
        pytest.param({"requests": {"cpu": "1"}}, "Burstable", id="asks for some"),
        pytest.param({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed", id="limits all"),
        pytest.param({"limits": {"cpu": "1"}}, "Burstable", id="limits only cpu"),
        pytest.param({"requests": {"cpu": "0"}}, "BestEffort", id="asks for zero"),
    ],
)
def test_quality_of_service(resources: dict[str, Any], wanted: str) -> None:
    assert qos_class(read("Pod", pod({"resources": resources}))) == wanted
    assert created("Pod", pod({"resources": resources})).status.qos_class == wanted


def test_limits_are_requested() -> None:
    asked = read("Pod", pod({"resources": {"limits": {"cpu": "1"}}})).spec.containers[0].resources
    assert asked.requests == {"cpu": "1"}


def test_a_gated_pod_says_so() -> None:
    stored = created("Pod", pod(schedulingGates=[{"name": "g"}]))
    assert [one.reason for one in stored.status.conditions] == ["SchedulingGated"]


def test_spread_follows_own_labels() -> None:
    constraint = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {},
        "matchLabelKeys": ["v"],
    }
    manifest = pod(topologySpreadConstraints=[constraint])
    manifest["metadata"] = {"name": "x", "labels": {"v": "1"}}
    stored = created("Pod", manifest)
    selector = stored.spec.topology_spread_constraints[0].label_selector
    assert [(one.key, one.values) for one in selector.match_expressions] == [("v", ("1",))]
    assert told("Pod", manifest) == []


@pytest.mark.parametrize(
    ("new", "old", "messages"),
    [
        pytest.param(pod({"image": "other:2"}), pod(), [], id="an image may change"),
        pytest.param(
            pod(tolerations=[{"key": "a", "operator": "Exists"}]),
            pod(),
            [],
            id="tolerations may be added",
        ),
        pytest.param(
            pod(),
            pod(tolerations=[{"key": "a", "operator": "Exists"}]),
            [
                "spec.tolerations: Forbidden: existing toleration can not be modified "
                "except its tolerationSeconds"
            ],
            id="tolerations may not be taken away",
        ),
        pytest.param(
            pod(activeDeadlineSeconds=9),
            pod(activeDeadlineSeconds=5),
            [
                "spec.activeDeadlineSeconds: Invalid value: 9: "
                "must be less than or equal to previous value"
            ],
            id="a deadline only comes nearer",
        ),
        pytest.param(
            {"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "x"}]}},
            pod(),
            ["spec.containers: Forbidden: pod updates may not add or remove containers"],
            id="containers stay",
        ),
    ],
)
def test_validate_update(new: dict[str, Any], old: dict[str, Any], messages: list[str]) -> None:
    assert told_of_update("Pod", new, old) == messages


def test_other_fields_may_not_change() -> None:
    (message,) = told_of_update("Pod", pod(hostname="b"), pod(hostname="a"))
    assert message.startswith("spec: Forbidden: pod updates may not change fields other than")
    assert message.endswith('- hostname: "b"\n+ hostname: "a"')


def test_duplicate_ports_only_warn() -> None:
    manifest = pod({"ports": [{"containerPort": 80}, {"containerPort": 80}]})
    assert told("Pod", manifest) == []
    assert list(RULES.warnings(read("Pod", manifest), None)) == [
        f"{C}.ports[1]: duplicate port definition with {C}.ports[0]"
    ]


amounts = st.sampled_from(["1", "500m", "2Gi", "0.0001", "1e3", "128Mi"])
resources = st.dictionaries(
    st.sampled_from(["limits"]),
    st.dictionaries(st.sampled_from(["cpu", "memory"]), amounts),
)
handlers = st.sampled_from(
    [{"httpGet": {"port": 80}}, {"tcpSocket": {"port": "web"}}, {"exec": {"command": ["x"]}}]
)
volumes = st.sampled_from(
    [
        {},
        {"secret": {"secretName": "s"}},
        {"configMap": {"name": "c"}},
        {"hostPath": {"path": "/a"}},
    ]
)
manifests = st.builds(
    lambda asked, probe, volume, network: pod(
        {"resources": asked, "livenessProbe": probe, "ports": [{"containerPort": 80}]},
        volumes=[{"name": "v", **volume}],
        hostNetwork=network,
    ),
    resources,
    handlers,
    volumes,
    st.booleans(),
)


@given(manifest=manifests)
def test_defaults_are_filled_in_once_and_are_good(manifest: dict[str, Any]) -> None:
    once = read("Pod", manifest)
    assert RULES.default(once) == once
    assert told("Pod", manifest) == []


@given(manifest=manifests)
def test_what_is_stored_is_read_back(manifest: dict[str, Any]) -> None:
    stored = created("Pod", manifest)
    assert codec.decode(type(stored), codec.encode(stored)) == stored


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        pytest.param({"requests": {"cpu": "200m"}}, None, id="asks for more"),
        pytest.param(
            {},
            'spec: Invalid value: "BestEffort": '
            "Pod QOS Class may not change as a result of resizing",
            id="asks for nothing any more",
        ),
    ],
)
def test_resize(asked: dict[str, Any], message: str | None) -> None:
    old = created("Pod", pod({"resources": {"requests": {"cpu": "100m"}}}))
    new = read("Pod", pod({"resources": asked}))
    errors = RULES.validate_subresource_update("resize", new, old)
    first = next(iter(map(str, errors)), None)
    assert first == message


def test_a_windows_pod_has_nothing_of_linux() -> None:
    spec = pod(
        {"securityContext": {"privileged": True}},
        os={"name": "windows"},
        hostPID=True,
        securityContext={"fsGroup": 1, "sysctls": [{"name": "a", "value": "b"}]},
    )
    assert told("Pod", spec) == [
        "spec.hostPID: Forbidden: cannot be set for a windows pod",
        "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod",
        "spec.securityContext.sysctls: Forbidden: cannot be set for a windows pod",
        f"{C}.securityContext.privileged: Forbidden: cannot be set for a windows pod",
    ]


def test_a_search_may_hold_underscores_and_is_told_so() -> None:
    assert told("Pod", pod(dnsConfig={"searches": ["_a.b_c.d", "."]})) == []
    (message,) = told("Pod", pod(dnsConfig={"searches": ["bad!"]}))
    assert "lower case alphanumeric characters, '_', '-' or '.', and must" in message
