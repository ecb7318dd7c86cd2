"""kr8s and lightkube, unchanged."""

import importlib
import urllib.request
from typing import Any

import pytest
import yaml

from tests.interop import manifests
from tests.interop.cluster import Cluster, eventually


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
