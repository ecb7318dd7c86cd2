"""kr8s, lightkube and a kopf operator, unchanged."""

import importlib
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.interop import manifests
from tests.interop.cluster import Cluster, Kubectl, eventually

OPERATOR = """
import kopf


@kopf.on.startup()
def settings(settings, **_):
    settings.posting.enabled = True
    settings.persistence.finalizer = "example.org/gauges"


@kopf.on.create("gauges.example.org")
def made(spec, name, namespace, patch, **_):
    patch.status["seen"] = spec["size"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}}
    kopf.info(pod, reason="Made", message="made")


@kopf.on.update("gauges.example.org", field="spec.size")
def grown(new, patch, **_):
    patch.status["seen"] = new


@kopf.on.delete("gauges.example.org")
def gone(name, **_):
    print("gone", name, flush=True)
"""

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gauges.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: gauges, singular: gauge, kind: Gauge, shortNames: [gg]}
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {size: {type: integer, minimum: 1}}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""


def gauge(size: int) -> str:
    return (
        "apiVersion: example.org/v1\nkind: Gauge\nmetadata: {name: main}\n"
        f"spec: {{size: {size}}}\n"
    )


def test_kr8s(running: Cluster, namespace: str) -> None:
    kr8s = pytest.importorskip("kr8s", reason="pip install -r requirements.txt")
    objects = pytest.importorskip("kr8s.objects")
    api = kr8s.api(kubeconfig=str(running.kubeconfig), namespace=namespace)
    body = {**yaml.safe_load(manifests.POD)}
    body["metadata"]["namespace"] = namespace
    pod = objects.Pod(body, api=api)
    eventually("the account", lambda: list(api.get("serviceaccounts", namespace=namespace)))
    pod.create()
    pod.wait("condition=Ready", timeout=20)
    assert [one.name for one in api.get("pods", namespace=namespace)] == ["web"]
    assert pod.exec(["echo", "hi"]).stdout == b"hi\n"
    assert "Serving" in next(iter(pod.logs(follow=True)))
    pod.label(tier="x")
    assert pod.labels["tier"] == "x"
    with (
        pod.portforward(remote_port=8099, local_port="auto") as port,
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer,
    ):
        assert answer.status == 200
    pod.delete()
    pod.wait("delete", timeout=20)


def test_lightkube(running: Cluster, namespace: str) -> None:
    lightkube = pytest.importorskip("lightkube", reason="pip install -r requirements.txt")
    errors, meta, core, types = (
        importlib.import_module(f"lightkube.{name}")
        for name in ("core.exceptions", "models.meta_v1", "resources.core_v1", "types")
    )
    api_map, named = core.ConfigMap, meta.ObjectMeta
    config = lightkube.KubeConfig.from_file(str(running.kubeconfig))
    client: Any = lightkube.Client(config=config, namespace=namespace, field_manager="light")
    made = client.create(api_map(metadata=named(name="a"), data={"k": "1"}))
    start = made.metadata.resourceVersion
    client.patch(api_map, "a", {"data": {"k": "2"}}, patch_type=types.PatchType.MERGE)
    applied = api_map(
        apiVersion="v1",
        kind="ConfigMap",
        metadata=named(name="a", namespace=namespace),
        data={"other": "3"},
    )
    assert client.apply(applied).data == {"k": "2", "other": "3"}
    assert "a" in [one.metadata.name for one in client.list(api_map)]
    events = client.watch(api_map, fields={"metadata.name": "a"}, resource_version=start)
    assert [next(events)[0] for _ in range(2)] == ["MODIFIED", "MODIFIED"]
    client.delete(api_map, "a")
    with pytest.raises(errors.ApiError, match="not found"):
        client.get(api_map, "a")


@pytest.fixture
def operator(newest: Kubectl, tmp_path: Path) -> Iterator[Path]:
    """A kopf operator that runs; the value is what it prints."""
    pytest.importorskip("kopf", reason="pip install -r requirements.txt")
    newest("apply", "-f", "-", stdin=CRD)
    newest("wait", "crd/gauges.example.org", "--for=condition=Established", "--timeout=10s")
    program, told = tmp_path / "operator.py", tmp_path / "told"
    program.write_text(OPERATOR)
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "-n", newest.namespace]
    with (
        told.open("wb") as output,
        subprocess.Popen(
            [*command, str(program)],
            env={**newest.cluster.environment, "PATH": os.environ["PATH"]},
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            yield told
        finally:
            process.terminate()


def test_a_kopf_operator(newest: Kubectl, operator: Path) -> None:
    newest("apply", "-f", "-", stdin=gauge(1))
    seen = ("get", "gauge", "main", "-o", "jsonpath={.status.seen}")
    eventually("the new size", lambda: newest(*seen) == "1")
    newest("apply", "-f", "-", stdin=gauge(5))
    eventually("the other size", lambda: newest(*seen) == "5")
    assert newest("get", "gg").split()[:5] == ["NAME", "SIZE", "main", "5"][:5]
    newest("apply", "-f", "-", stdin=gauge(0), code=1)
    newest("delete", "gauge", "main", "--timeout=20s")
    assert "gone main" in operator.read_text()
    newest("delete", "crd", "gauges.example.org")
