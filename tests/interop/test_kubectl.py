"""kubectl, unchanged: what a course on workloads types, and what goes on to the node."""

import contextlib
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop import manifests
from tests.interop.cluster import Kubectl, eventually


@contextlib.contextmanager
def in_background(kubectl: Kubectl, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run kubectl while the block runs."""
    command = [str(kubectl.tools.kubectl), "-n", kubectl.namespace, *arguments]
    with subprocess.Popen(
        command,
        env=kubectl.cluster.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None, "its output is piped"
    return process.stdout.readline()


def ready(kubectl: Kubectl, kind: str = "pod/web") -> None:
    kubectl("wait", kind, "--for=condition=Ready", "--timeout=20s")


def test_a_deployment_rolls_and_goes_back(kubectl: Kubectl) -> None:
    drafted = kubectl(
        *("create", "deployment", "draft", "--image=nginx:1.15", "--port=80", "--replicas=1"),
        *("--dry-run=client", "-oyaml"),
    )
    assert "image: nginx:1.15" in drafted
    kubectl("create", "-f", "-", stdin=manifests.DEPLOYMENT)
    kubectl("rollout", "status", "deployment/nginx-deployment", "--timeout=30s")
    listed = kubectl("get", "pod,deploy,rs")
    assert "deployment.apps/nginx-deployment   2/2" in listed
    assert "nginx" in kubectl("get", "pods", "-o", "wide", "--show-labels")
    name = "deployment/nginx-deployment"
    kubectl("set", "image", name, "nginx=example.org/idle:2")
    kubectl("rollout", "status", name, "--timeout=30s")
    assert len(kubectl("rollout", "history", name).strip().splitlines()) == 4
    kubectl("rollout", "undo", name)
    kubectl("rollout", "status", name, "--timeout=30s")
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    assert kubectl("get", name, "-o", path) == "example.org/idle:1"
    kubectl("rollout", "restart", name)
    kubectl("scale", name, "--replicas=1")
    kubectl("autoscale", name, "--min=1", "--max=3", "--cpu-percent=50")
    kubectl("expose", name, "--port=80", "--target-port=8099")
    assert "80/TCP" in kubectl("get", "svc")
    assert "RollingUpdateStrategy" in kubectl("describe", name)
    kubectl("delete", "-f", "-", "--wait=false", stdin=manifests.DEPLOYMENT)


def test_edit_opens_an_editor(kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBE_EDITOR", "sed -i s/replicas:.2/replicas:\\ 1/")
    kubectl("create", "-f", "-", stdin=manifests.DEPLOYMENT)
    assert "edited" in kubectl("edit", "deployment/nginx-deployment")
    assert kubectl("get", "deploy", "-o", "jsonpath={.items[*].spec.replicas}") == "1"


def test_a_stateful_set_grows_and_shrinks(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=manifests.STATEFUL_SET)
    kubectl("rollout", "status", "sts/myapp", "--timeout=30s")
    names = ("get", "pods", "-o", r'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}')
    assert kubectl(*names).split() == ["myapp-0", "myapp-1"]
    kubectl("scale", "sts", "myapp", "--replicas=3")
    eventually("the third pod", lambda: "myapp-2" in kubectl(*names))
    kubectl("patch", "sts", "myapp", "-p", '{"spec":{"replicas":1}}')
    eventually("one pod", lambda: kubectl(*names).split() == ["myapp-0"])
    assert kubectl("exec", "myapp-0", "--", "sh", "-c", "echo in").strip() == "in"
    kubectl("get", "pv")
    kubectl("delete", "-f", "-", "--wait=false", stdin=manifests.STATEFUL_SET)


def test_explains_kinds(kubectl: Kubectl) -> None:
    assert "GROUP:      apps" in kubectl("explain", "statefulset")
    assert "serviceName" in kubectl("explain", "statefulset.spec")
    assert "hostPath" in kubectl("explain", "pod.spec.volumes")


def test_watching_prints_what_happens(kubectl: Kubectl) -> None:
    with in_background(kubectl, "get", "configmaps", "-w", "-o", "name") as watch:
        line(watch)  # kube-root-ca.crt or the one below: the first proves that it watches.
        kubectl("create", "configmap", "seen", "--from-literal=a=1")
        assert any("seen" in line(watch) for _ in range(3))


def test_objects_are_changed_in_every_way(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("create", "configmap", "c", "--from-literal=a=1")
    kubectl("label", "configmap", "c", "tier=x")
    kubectl("annotate", "configmap", "c", "why=so")
    kubectl("patch", "configmap", "c", "--type=merge", "-p", '{"data":{"b":"2"}}')
    change = '[{"op":"add","path":"/data/c","value":"3"}]'
    kubectl("patch", "configmap", "c", "--type=json", "-p", change)
    found = json.loads(kubectl("get", "configmap", "-l", "tier=x", "-o", "json"))
    assert found["items"][0]["data"] == {"a": "1", "b": "2", "c": "3"}
    applied = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: other}\n"
    told = kubectl("apply", "--server-side", "-f", "-", stdin=applied, code=1)
    assert "conflict" in told
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=applied)
    assert kubectl("diff", "--server-side", "-f", "-", stdin=applied) == ""
    assert "other" in kubectl("get", "cm", "c", "-o", "custom-columns=A:.data.a")
    kubectl("replace", "--force", "-f", "-", stdin=applied)
    kubectl("create", "secret", "generic", "s", "--from-literal=k=v")
    kubectl("create", "token", "default")
    kubectl("create", "quota", "q", "--hard=pods=5")
    kubectl("create", "role", "r", "--verb=get", "--resource=pods")
    kubectl("create", "rolebinding", "rb", "--role=r", "--serviceaccount=default:default")
    assert kubectl("auth", "can-i", "create", "pods").strip() == "yes"
    subject = f"--as=system:serviceaccount:{kubectl.namespace}:default"
    assert "no" in kubectl("auth", "can-i", "create", "pods", subject, code=1)
    assert "system:authenticated" in kubectl("auth", "whoami")
    kubectl("delete", "cm,secret", "--all")


def test_lists_what_there_is(kubectl: Kubectl) -> None:
    assert "deployments" in kubectl("api-resources", "-o", "name")
    assert "apps/v1" in kubectl("api-versions")
    assert "Server Version: v1.36" in kubectl("version")
    assert "Ready" in kubectl("get", "nodes", "-o", "wide")
    assert "Allocated resources" in kubectl("describe", "nodes")
    kubectl("get", "all,events,pvc,ing,netpol", "-A")
    kubectl("cluster-info")
    kubectl("get", "--raw", "/readyz?verbose")


def test_what_goes_on_to_the_container(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("apply", "-f", "-", stdin=manifests.POD)
    ready(kubectl)
    assert kubectl("exec", "web", "--", "echo", "hi") == "hi\n"
    assert kubectl("exec", "-i", "web", "--", "tr", "a-c", "x-z", stdin="abc") == "xyz"
    kubectl("exec", "web", "--", "sh", "-c", "exit 7", code=7)
    assert "no-such-thing" in kubectl("exec", "web", "--", "no-such-thing", code=128)
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(bytes(range(256)) * 4096)
    kubectl("cp", str(source), f"web:{tmp_path}/copied")
    kubectl("cp", f"web:{tmp_path}/copied", str(back))
    assert back.read_bytes() == source.read_bytes()


def test_logs_are_followed(kubectl: Kubectl) -> None:
    command = "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.2; done"
    body = manifests.POD.replace(
        'python3, -u, -m, http.server, --bind, $(POD_IP), "8099"', f"sh, -c, {json.dumps(command)}"
    )
    kubectl("apply", "-f", "-", stdin=body)
    kubectl("wait", "pod/web", "--for=jsonpath={.status.phase}=Running", "--timeout=20s")
    with in_background(kubectl, "logs", "-f", "web") as logs:
        assert [line(logs) for _ in range(6)] == [f"line {n}\n" for n in range(1, 7)]
    assert len(kubectl("logs", "web", "--tail=2").splitlines()) == 2
    assert "T" in kubectl("logs", "web", "--tail=1", "--timestamps").split()[0]


def test_a_port_is_forwarded(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=manifests.POD)
    ready(kubectl)
    with in_background(kubectl, "port-forward", "pod/web", ":8099") as forward:
        place = line(forward).split()[2]
        for _ in range(3):
            with urllib.request.urlopen(f"http://{place}/", timeout=5) as answer:
                assert b"Directory listing" in answer.read()
    with in_background(kubectl, "port-forward", "pod/web", ":8098") as forward:
        place = line(forward).split()[2]
        with pytest.raises(OSError, match=r"closed|reset"):
            urllib.request.urlopen(f"http://{place}/", timeout=5)
