"""`why` on objects of a real server, in the states that parts of a cluster leave them in."""

import json
from typing import Any

import pytest

from tests.component.cli.conftest import Run


def waiting(reason: str, message: str = "", image: str = "web:1") -> dict[str, Any]:
    """A pod whose container waits."""
    state = {"waiting": {"reason": reason, "message": message}}
    return container(state=state, image=image)


def ended(code: int, reason: str = "Error") -> dict[str, Any]:
    """A pod whose container ends again and again."""
    return container(
        state={"waiting": {"reason": "CrashLoopBackOff"}},
        last={"terminated": {"exitCode": code, "reason": reason}},
    )


def container(
    state: dict[str, Any], last: dict[str, Any] | None = None, image: str = "web:1"
) -> dict[str, Any]:
    status = {
        "name": "c", "image": image, "imageID": "", "ready": False, "restartCount": 4,
        "state": state, "lastState": last or {},
    }  # fmt: skip
    return {"phase": "Running", "containerStatuses": [status]}


POD = {"containers": [{"name": "c", "image": "web:1"}]}

PODS = [
    pytest.param(
        {**POD, "nodeName": "good"}, waiting("InvalidImageName"), "is malformed", id="image name"
    ),
    pytest.param(
        {**POD, "nodeName": "good"},
        waiting("ImagePullBackOff", "not found"),
        'the image "web:1" cannot be pulled: not found',
        id="image pull",
    ),
    pytest.param(
        {**POD, "nodeName": "good"},
        waiting("ErrImageNeverPull"),
        "imagePullPolicy is Never",
        id="never pull",
    ),
    pytest.param(
        {**POD, "nodeName": "good"},
        waiting("CreateContainerConfigError", 'configmap "x" not found'),
        'its configuration is incomplete: configmap "x" not found',
        id="missing config map",
    ),
    pytest.param(
        {**POD, "nodeName": "good"},
        waiting("RunContainerError", "no such file"),
        "it cannot be started: no such file",
        id="cannot start",
    ),
    pytest.param(
        {**POD, "nodeName": "good"}, ended(1), "ends again and again (4 restarts)", id="crash loop"
    ),
    pytest.param(
        {**POD, "nodeName": "good"}, ended(127), "its command does not exist", id="no command"
    ),
    pytest.param(
        {**POD, "nodeName": "good"}, ended(126), "may not be executed", id="not executable"
    ),
    pytest.param(
        {**POD, "nodeName": "good"}, ended(0, "Completed"), "use a Job", id="ends with success"
    ),
    pytest.param(
        {**POD, "nodeName": "good"},
        ended(137, "OOMKilled"),
        "more memory than its limit",
        id="out of memory",
    ),
    pytest.param(
        {**POD, "nodeName": "good"},
        {"phase": "Failed", "reason": "Evicted", "message": "low on memory"},
        "it was evicted: low on memory",
        id="evicted",
    ),
    pytest.param(
        {**POD, "nodeName": "good"},
        {"phase": "Failed", "reason": "DeadlineExceeded"},
        "longer than activeDeadlineSeconds",
        id="deadline",
    ),
    pytest.param(
        {**POD, "nodeName": "bad"}, {"phase": "Running"}, "its node bad is not ready", id="node"
    ),
    pytest.param(
        {**POD, "nodeName": "lost"}, {"phase": "Running"}, "its node lost is gone", id="no node"
    ),
    pytest.param(
        {**POD, "nodeName": "good", "readinessGates": [{"conditionType": "a/b"}]},
        {"phase": "Running"},
        "readiness gate a/b is not met",
        id="readiness gate",
    ),
    pytest.param(
        {**POD, "schedulingGates": [{"name": "a/b"}]}, {}, "scheduling gates: a/b", id="gated"
    ),
    pytest.param({**POD, "schedulerName": "mine"}, {}, 'the scheduler "mine"', id="scheduler"),
]

OTHERS = [
    pytest.param(
        "v1", "Service", {"ports": [{"port": 80}]}, {}, "it has no selector", id="no selector"
    ),
    pytest.param(
        "v1",
        "Service",
        {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"a": "b"}},
        {},
        "it has no address outside",
        id="load balancer",
    ),
    pytest.param(
        "batch/v1",
        "Job",
        {"suspend": True, "template": {"spec": {**POD, "restartPolicy": "Never"}}},
        {},
        "it is suspended: no pods are made",
        id="suspended job",
    ),
    pytest.param(
        "batch/v1",
        "CronJob",
        {
            "suspend": True,
            "schedule": "0 0 * * *",
            "jobTemplate": {"spec": {"template": {"spec": {**POD, "restartPolicy": "Never"}}}},
        },
        {},
        "it is suspended: no jobs are made",
        id="suspended cron job",
    ),
    pytest.param(
        "apps/v1",
        "Deployment",
        {
            "paused": True,
            "replicas": 0,
            "selector": {"matchLabels": {"q": "q"}},
            "template": {"metadata": {"labels": {"q": "q"}}, "spec": POD},
        },
        {},
        "it is paused: changes are kept back",
        id="paused",
    ),
    pytest.param(
        "apps/v1",
        "ReplicaSet",
        {
            "replicas": 1,
            "selector": {"matchLabels": {"q": "r"}},
            "template": {"metadata": {"labels": {"q": "r"}}, "spec": POD},
        },
        {
            "replicas": 0,
            "conditions": [
                {
                    "type": "ReplicaFailure",
                    "status": "True",
                    "message": 'pods "x" is forbidden: exceeded quota: small',
                }
            ],
        },
        "a quota forbids more pods: exceeded quota: small",
        id="quota",
    ),
    pytest.param(
        "policy/v1",
        "PodDisruptionBudget",
        {"minAvailable": 1, "selector": {"matchLabels": {"none": "such"}}},
        {},
        "its selector finds no pods",
        id="budget of nothing",
    ),
    pytest.param(
        "networking.k8s.io/v1",
        "Ingress",
        {
            "ingressClassName": "none",
            "defaultBackend": {"service": {"name": "s", "port": {"number": 80}}},
        },
        {},
        'the IngressClass "none" does not exist',
        id="ingress class",
    ),
]


def _prepare(knarr: Run) -> None:
    knarr("create serviceaccount default")
    for name, status in (("good", "True"), ("bad", "False")):
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
        knarr("create -f -", stdin=json.dumps(node))
        ready = {"status": {"conditions": [{"type": "Ready", "status": status}]}}
        knarr(f"patch node {name} --subresource=status --type=merge -p '{json.dumps(ready)}'")


@pytest.mark.parametrize(("spec", "status", "cause"), PODS)
def test_pods(knarr: Run, spec: dict[str, Any], status: dict[str, Any], cause: str) -> None:
    _prepare(knarr)
    knarr("delete pod broken --force --grace-period=0 --ignore-not-found")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "broken"}, "spec": spec}
    created = knarr("create -f -", stdin=json.dumps(pod))
    assert created.code == 0, created.err
    patch = json.dumps({"status": status})
    patched = knarr(f"patch pod broken --subresource=status --type=merge -p '{patch}'")
    assert patched.code == 0, patched.err
    assert cause in knarr("why pod/broken").out


@pytest.mark.parametrize(("api_version", "kind", "spec", "status", "cause"), OTHERS)
def test_others(
    knarr: Run,
    api_version: str,
    kind: str,
    spec: dict[str, Any],
    status: dict[str, Any],
    cause: str,
) -> None:
    knarr(f"delete {kind.lower()} broken --ignore-not-found")
    obj = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "broken"}, "spec": spec}
    created = knarr("create -f -", stdin=json.dumps(obj))
    assert created.code == 0, created.err
    word = kind.lower()
    if status:
        patch = json.dumps({"status": status})
        patched = knarr(f"patch {word} broken --subresource=status --type=merge -p '{patch}'")
        assert patched.code == 0, patched.err
    assert cause in knarr(f"why {word}/broken").out


@pytest.mark.parametrize(
    ("reason", "message", "cause"),
    [
        ("Unhealthy", "Readiness probe failed: connection refused", "it gets no traffic"),
        ("Unhealthy", "Liveness probe failed: timeout", "the container is restarted each time"),
        ("FailedMount", 'secret "s" not found', "a volume cannot be mounted"),
        ("FailedCreatePodSandBox", "no network", "network or sandbox cannot be made"),
    ],
)
def test_events_are_read(knarr: Run, reason: str, message: str, cause: str) -> None:
    _prepare(knarr)
    knarr("delete pod told --force --grace-period=0 --ignore-not-found")
    spec = {**POD, "nodeName": "good"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "told"}, "spec": spec}
    knarr("create -f -", stdin=json.dumps(pod))
    uid = knarr("get pod told -o jsonpath={.metadata.uid}").out
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": "told-", "namespace": "default"},
        "involvedObject": {"kind": "Pod", "name": "told", "namespace": "default", "uid": uid},
        "reason": reason,
        "message": message,
        "type": "Warning",
    }
    created = knarr("create -f -", stdin=json.dumps(event))
    assert created.code == 0, created.err
    assert cause in knarr("why pod told").out
