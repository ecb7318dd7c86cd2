"""helm, unchanged: the chart it creates, hooks, CRDs, tests, going back."""

import json
from pathlib import Path

import pytest

from tests.interop.binaries import binaries, releases
from tests.interop.cluster import Cluster, eventually


class Helm:
    """helm in one namespace."""

    def __init__(self, cluster: Cluster, release: str, namespace: str) -> None:
        self._cluster = cluster
        self._helm = binaries(release).helm
        self._kubectl = binaries(release).kubectl
        self._namespace = namespace

    def __call__(self, *arguments: str, code: int = 0) -> str:
        return self._cluster.run(self._helm, "-n", self._namespace, *arguments, code=code)

    def kubectl(self, *arguments: str) -> str:
        return self._cluster.run(self._kubectl, "-n", self._namespace, *arguments)


@pytest.fixture(params=releases())
def helm(request: pytest.FixtureRequest, running: Cluster, namespace: str) -> Helm:
    return Helm(running, request.param, namespace)


POD = """
apiVersion: v1
kind: Pod
metadata:
  name: "{{ .Release.Name }}-%s"
  annotations:
    "helm.sh/hook": %s
    "helm.sh/hook-delete-policy": before-hook-creation
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: example.org/hook:1
    command: [sh, -c, "echo %s"]
"""

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gauges.%(group)s}
spec:
  group: %(group)s
  scope: Namespaced
  names: {plural: gauges, singular: gauge, kind: Gauge, listKind: GaugeList}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, properties: {size: {type: integer}}}}
"""


def chart(folder: Path, group: str) -> str:
    """A chart with a CRD and an object of it, hooks, and a test."""
    for name, text in {
        "Chart.yaml": "apiVersion: v2\nname: gauge\nversion: 0.1.0\n",
        "values.yaml": "size: 1\n",
        "crds/gauge.yaml": CRD % {"group": group},
        "templates/gauge.yaml": (
            f"apiVersion: {group}/v1\nkind: Gauge\nmetadata: {{name: main}}\n"
            "spec: {size: {{ .Values.size }}}\n"
        ),
        "templates/settings.yaml": (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
            'data: {size: "{{ .Values.size }}"}\n'
        ),
        "templates/before.yaml": POD % ("before", "pre-install,pre-upgrade", "before"),
        "templates/test.yaml": POD % ("test", "test", "tested"),
    }.items():
        path = folder / "gauge" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(folder / "gauge")


def test_a_chart_with_hooks_and_its_own_kind(helm: Helm, tmp_path: Path, namespace: str) -> None:
    place, kind = chart(tmp_path, f"{namespace}.example.org"), f"gauges.{namespace}.example.org"
    helm("install", "one", place, "--wait", "--timeout=50s")
    assert helm.kubectl("get", kind, "main", "-o", "jsonpath={.spec.size}") == "1"
    helm("upgrade", "one", place, "--set", "size=2", "--wait", "--timeout=50s")
    assert helm.kubectl("get", kind, "main", "-o", "jsonpath={.spec.size}") == "2"
    helm("rollback", "one", "1", "--wait", "--timeout=50s")
    assert helm.kubectl("get", "cm", "settings", "-o", "jsonpath={.data.size}") == "1"
    assert "Succeeded" in helm("test", "one", "--timeout=50s")
    assert [one["revision"] for one in json.loads(helm("history", "one", "-o", "json"))] == [
        1,
        2,
        3,
    ]
    helm("uninstall", "one", "--wait", "--timeout=50s")
    assert helm("list", "-q") == ""
    eventually("no settings", lambda: "settings" not in helm.kubectl("get", "cm", "-o", "name"))


def test_the_chart_that_helm_creates(helm: Helm, tmp_path: Path) -> None:
    place = str(tmp_path / "web")
    helm("create", place)
    helm("lint", place)
    template = tmp_path / "web/templates/deployment.yaml"
    # The image's program does not exist on this machine: an idle one stands in for it.
    text = template.read_text().replace(
        "          ports:", '          command: [sleep, "1000"]\n          ports:', 1
    )
    template.write_text(text)
    quiet = ("--set", "livenessProbe=null", "--set", "readinessProbe=null")
    helm("install", "web", place, *quiet, "--wait", "--timeout=50s")
    helm("upgrade", "web", place, *quiet, "--set", "replicaCount=2", "--wait", "--timeout=50s")
    replicas = "jsonpath={.items[0].status.readyReplicas}"
    assert helm.kubectl("get", "deploy", "-o", replicas) == "2"
    helm("rollback", "web", "1", "--wait", "--timeout=50s")
    assert helm.kubectl("get", "deploy", "-o", replicas) == "1"
    assert "deployed" in helm("status", "web")
    helm("get", "manifest", "web")
    helm("uninstall", "web")
