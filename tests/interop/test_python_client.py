"""The official Python client, unchanged."""

import base64
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.interop import manifests
from tests.interop.cluster import Cluster, eventually

client, config, dynamic, watch, streams, election, elections, locks = (
    pytest.importorskip(name, reason="pip install -r tests/interop/requirements.txt")
    for name in (
        "kubernetes.client",
        "kubernetes.config",
        "kubernetes.dynamic",
        "kubernetes.watch",
        "kubernetes.stream",
        "kubernetes.leaderelection.leaderelection",
        "kubernetes.leaderelection.electionconfig",
        "kubernetes.leaderelection.resourcelock.configmaplock",
    )
)
ApiException = client.ApiException


@pytest.fixture
def api(running: Cluster) -> Iterator[Any]:
    with config.new_client_from_config(str(running.kubeconfig)) as found:
        yield found


@pytest.fixture
def core(api: Any) -> Any:
    return client.CoreV1Api(api)


@pytest.fixture
def web(core: Any, namespace: str) -> str:
    """A pod that serves its folder."""
    eventually(
        "the namespace's account", lambda: core.list_namespaced_service_account(namespace).items
    )
    core.create_namespaced_pod(namespace, yaml.safe_load(manifests.POD))

    def ready() -> bool:
        conditions = core.read_namespaced_pod("web", namespace).status.conditions or []
        return any(one.type == "Ready" and one.status == "True" for one in conditions)

    eventually("a ready pod", ready)
    return "web"


def config_map(name: str, **data: str) -> Any:
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)


def test_objects_are_listed_changed_and_watched(core: Any, namespace: str) -> None:
    for number in range(5):
        core.create_namespaced_config_map(namespace, config_map(f"m{number}", a="1"))
    page = core.list_namespaced_config_map(namespace, limit=2, field_selector="metadata.name!=m0")
    assert len(page.items) == 2
    rest = core.list_namespaced_config_map(
        namespace, limit=500, _continue=page.metadata._continue, field_selector="metadata.name!=m0"
    )
    names = [one.metadata.name for one in (*page.items, *rest.items)]
    assert names == sorted(set(names))
    assert {"m1", "m4"} <= set(names)
    changed = core.patch_namespaced_config_map("m1", namespace, {"data": {"b": "2"}})
    assert changed.data == {"a": "1", "b": "2"}
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_config_map(namespace, config_map("m1"))
    assert (refused.value.status, "AlreadyExists" in refused.value.body) == (409, True)
    stale = core.read_namespaced_config_map("m2", namespace)
    core.patch_namespaced_config_map("m2", namespace, {"data": {"c": "3"}})
    with pytest.raises(ApiException) as conflict:
        core.replace_namespaced_config_map("m2", namespace, stale)
    assert conflict.value.reason == "Conflict"

    start = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.delete_namespaced_config_map("m3", namespace)
    core.create_namespaced_config_map(namespace, config_map("late"))
    seen = []
    watching = watch.Watch()
    for event in watching.stream(
        core.list_namespaced_config_map, namespace, resource_version=start, timeout_seconds=10
    ):
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == 2:
            watching.stop()
    assert seen == [("DELETED", "m3"), ("ADDED", "late")]


def test_commands_run_in_a_container(core: Any, namespace: str, web: str) -> None:
    run = core.connect_get_namespaced_pod_exec
    told = streams.stream(run, web, namespace, command=["echo", "hi"], stdout=True, stderr=True)
    assert told == "hi\n"
    session = streams.stream(
        run,
        web,
        namespace,
        command=["sh"],
        stdin=True,
        stdout=True,
        stderr=True,
        _preload_content=False,
    )
    session.write_stdin("echo out; echo err >&2; exit 3\n")
    session.run_forever(timeout=10)
    assert (session.read_stdout(), session.read_stderr()) == ("out\n", "err\n")
    assert session.returncode == 3
    session.close()


def test_logs_are_followed(core: Any, namespace: str, web: str) -> None:
    lines = watch.Watch().stream(core.read_namespaced_pod_log, web, namespace, follow=True)
    assert "Serving HTTP" in next(iter(lines))
    assert "Serving HTTP" in core.read_namespaced_pod_log(web, namespace, tail_lines=1)


def test_a_port_is_forwarded(core: Any, namespace: str, web: str) -> None:
    forward = streams.portforward(
        core.connect_get_namespaced_pod_portforward, web, namespace, ports="8099"
    )
    socket = forward.socket(8099)
    socket.setblocking(True)
    socket.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    told = b""
    while piece := socket.recv(4096):
        told += piece
    socket.close()
    assert told.startswith(b"HTTP/1.0 200 OK")
    assert b"</html>" in told
    assert forward.error(8099) is None


def test_one_of_two_leads(core: Any, namespace: str) -> None:
    led: list[str] = []
    over = threading.Event()

    def run(name: str) -> None:
        lock = locks.ConfigMapLock("leader", namespace, name)
        lock.api_instance = core
        config = elections.Config(
            lock,
            lease_duration=5,
            renew_deadline=4,
            retry_period=1,
            onstarted_leading=lambda: led.append(name),
            onstopped_leading=None,
        )
        try:
            election.LeaderElection(config).run()
        except Exception:
            # The client knows no way to stop: it goes on until the cluster is gone.
            if not over.is_set():
                raise

    for name in ("a", "b"):
        threading.Thread(target=run, args=(name,), daemon=True).start()
    eventually("a leader", lambda: led)
    time.sleep(1.5)
    assert len(led) == 1
    found = core.read_namespaced_config_map("leader", namespace)
    over.set()
    assert led[0] in found.metadata.annotations["control-plane.alpha.kubernetes.io/leader"]


def test_kinds_are_found_while_running(api: Any, namespace: str) -> None:
    finder = dynamic.DynamicClient(api)
    deployments = finder.resources.get(api_version="apps/v1", kind="Deployment")
    body = yaml.safe_load(manifests.DEPLOYMENT)
    deployments.create(body=body, namespace=namespace)
    patched = deployments.patch(
        name="nginx-deployment",
        namespace=namespace,
        body={"spec": {"replicas": 1}},
        content_type="application/merge-patch+json",
    )
    assert patched.spec.replicas == 1
    applied = deployments.server_side_apply(
        name="nginx-deployment",
        namespace=namespace,
        body={
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "nginx-deployment", "labels": {"x": "y"}},
        },
        field_manager="me",
    )
    assert applied.metadata.labels.x == "y"
    deployments.delete(name="nginx-deployment", namespace=namespace)


def test_what_a_pod_may_do_with_its_token(running: Cluster, core: Any, namespace: str) -> None:
    request = client.AuthenticationV1TokenRequest(
        spec=client.V1TokenRequestSpec(audiences=["https://kubernetes.default.svc"])
    )
    eventually(
        "the namespace's account", lambda: core.list_namespaced_service_account(namespace).items
    )
    token = core.create_namespaced_service_account_token("default", namespace, request)
    settings = client.Configuration()
    found = yaml.safe_load(running.kubeconfig.read_text())["clusters"][0]["cluster"]
    ca = running.home / "ca.crt"
    ca.write_bytes(base64.b64decode(found["certificate-authority-data"]))
    settings.host, settings.ssl_ca_cert = found["server"], str(ca)
    settings.api_key = {"authorization": f"Bearer {token.status.token}"}
    with client.ApiClient(settings) as weak:
        with pytest.raises(ApiException) as refused:
            client.CoreV1Api(weak).list_namespaced_secret(namespace)
        assert refused.value.status == 403
        me = client.AuthenticationV1Api(weak).create_self_subject_review({})
    assert me.status.user_info.username == f"system:serviceaccount:{namespace}:default"


def test_the_version(api: Any) -> None:
    assert client.VersionApi(api).get_code().git_version.startswith("v1.36")
