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


@pytest.mark.conformance(
    "[sig-cli] Kubectl client Kubectl label should update the label on a resource",
)
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


@pytest.mark.conformance(
    "[sig-cli] Kubectl client Kubectl api-versions should check if v1 is in available api versions",
    "[sig-cli] Kubectl client Kubectl cluster-info should check "
    "if Kubernetes control plane services is included in cluster-info",
    "[sig-cli] Kubectl client Kubectl version should check is all data is printed",
)
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


@pytest.mark.conformance(
    "[sig-cli] Kubectl logs logs should be able to retrieve and filter logs",
)
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


CONTROLLER = f"""
apiVersion: v1
kind: ReplicationController
metadata: {{name: demo}}
spec:
  replicas: 1
  selector: {{app: demo}}
  template:
    metadata: {{labels: {{app: demo}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: demo{manifests.IDLE}
"""


@pytest.mark.conformance(
    "[sig-cli] Kubectl client Kubectl describe should check if k"
    "ubectl describe prints relevant information for rc and pods",
    "[sig-cli] Kubectl client Kubectl expose should create services for rc",
    "[sig-cli] Kubectl client Kubectl patch should add annotations for pods in rc",
    "[sig-cli] Kubectl client Update Demo should create and stop a replication controller",
    "[sig-cli] Kubectl client Update Demo should scale a replication controller",
)
def test_a_replication_controller(newest: Kubectl) -> None:
    newest("create", "-f", "-", stdin=CONTROLLER)
    newest("scale", "rc", "demo", "--replicas=2")
    eventually("two pods", lambda: len(newest("get", "pods", "-o", "name").split()) == 2)
    assert "2 desired" in newest("describe", "rc", "demo")
    pod = newest("get", "pods", "-o", "name").split()[0]
    assert "Controlled By:  ReplicationController/demo" in newest("describe", pod)
    newest("patch", pod, "-p", '{"metadata":{"annotations":{"x":"y"}}}')
    assert newest("get", pod, "-o", "jsonpath={.metadata.annotations.x}") == "y"
    newest("expose", "rc", "demo", "--name=front", "--port=1234", "--target-port=8099")
    assert newest("get", "svc", "front", "-o", "jsonpath={.spec.ports[0].port}") == "1234"
    newest("delete", "rc", "demo", "--cascade=foreground", "--timeout=30s")


@pytest.mark.conformance(
    "[sig-cli] Kubectl client Kubectl run pod should create a po"
    "d from an image when restart is Never",
    "[sig-cli] Kubectl client Kubectl replace should update a single-container pod's image",
    "[sig-cli] Kubectl client Kubectl server-side dry-run should"
    " check if kubectl can dry-run update Pods",
    "[sig-cli] Kubectl client Kubectl diff should check if kubec"
    "tl diff finds a difference for Deployments",
)
def test_what_kubectl_makes_and_compares(newest: Kubectl) -> None:
    newest("run", "once", "--image=example.org/a:1", "--restart=Never", "--", "true")
    image = ("get", "pod", "once", "-o", "jsonpath={.spec.containers[0].image}")
    change = '{"spec":{"containers":[{"name":"once","image":"example.org/a:2"}]}}'
    newest("patch", "pod", "once", "-p", change, "--dry-run=server")
    assert newest(*image) == "example.org/a:1"
    pod = json.loads(newest("get", "pod", "once", "-o", "json"))
    del pod["metadata"]["resourceVersion"]  # It is being started: its status changes.
    pod["spec"]["containers"][0]["image"] = "example.org/a:3"
    newest("replace", "-f", "-", stdin=json.dumps(pod))
    assert newest(*image) == "example.org/a:3"
    newest("apply", "-f", "-", stdin=manifests.DEPLOYMENT)
    other = manifests.DEPLOYMENT.replace("replicas: 2", "replicas: 1")
    assert "replicas: 1" in newest("diff", "-f", "-", stdin=other, code=1)


@pytest.mark.conformance(
    "[sig-cli] Kubectl client Proxy server should support proxy with --port 0",
)
def test_kubectl_as_a_proxy(newest: Kubectl) -> None:
    with in_background(newest, "proxy", "--port=0") as proxy:
        place = line(proxy).split()[-1]
        with urllib.request.urlopen(f"http://{place}/api/", timeout=5) as answer:
            assert "v1" in json.load(answer)["versions"]


def test_jobs_and_daemon_sets(newest: Kubectl) -> None:
    newest("create", "-f", "-", stdin=manifests.JOB)
    newest("wait", "job/pi", "--for=condition=Complete", "--timeout=30s")
    assert newest("logs", "job/pi") == "3.14159\n"
    assert "Completed" in newest("describe", "jobs.batch")
    newest("apply", "-f", "-", stdin=manifests.DAEMON_SET)
    newest("rollout", "status", "ds/nginx-daemonset", "--timeout=30s")
    newest("create", "-f", "-", stdin=manifests.CRON_JOB)
    newest("create", "job", "--from=cronjob/hello", "now")
    newest("wait", "job/now", "--for=condition=Complete", "--timeout=30s")
    assert "Hello" in newest("logs", "job/now")
    assert "hello" in newest("get", "cronjob,job,pods")
