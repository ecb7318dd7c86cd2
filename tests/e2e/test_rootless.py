"""A cluster of a user without root: each pod has a network, Services are carried by the kernel."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from knarr.cluster.rootless import why_not
from knarr.daemon.addresses import own_address
from tests.e2e.cluster import ROOT, Cluster

NOBODY = 65534

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: none
        command: [sh, -c, "mkdir -p w; cp /etc/hosts w/hosts; exec busybox httpd -f -p 80 -h w"]
        ports: [{containerPort: 80}]
        readinessProbe: {httpGet: {path: /hosts, port: 80}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{port: 8080, targetPort: 80}]
"""


class UsersCluster(Cluster):
    """Commands run by a user without privilege."""

    @cached_property
    def interpreter(self) -> str:
        """A Python that user may run: ours, or the machine's of the same version."""
        return next(
            one
            for one in (sys.executable, "/usr/bin/python3")
            if os.geteuid() != 0 or _runs(_as_nobody(one, "-c", ""), self.environment)
        )

    def words(self, *words: str) -> list[str]:
        command = (self.interpreter, "-m", "knarr.cluster", *words)
        return list(command if os.geteuid() else _as_nobody(*command))

    def knarr(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            self.words(*words),
            env=self.environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout if check else done.stdout + done.stderr

    @property
    def environment(self) -> dict[str, str]:
        packages = [str(ROOT), *(one for one in sys.path if one.endswith("site-packages"))]
        return {**super().environment, "PYTHONPATH": ":".join(packages), "HOME": str(self.folder)}


def _as_nobody(*command: str) -> tuple[str, ...]:
    # The first program after setpriv may still read what root may: let that be env.
    ids = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return ("setpriv", *ids, "env", *command)


def _runs(words: tuple[str, ...], environment: dict[str, str]) -> bool:
    needed = (*words[:-1], "import msgspec, grpc, numpy, uvloop, knarr.cluster.one_process")
    done = subprocess.run(needed, env=environment, cwd="/", capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture(scope="module")
def users() -> Iterator[UsersCluster]:
    why = why_not()
    if why is None and shutil.which("busybox") is None:
        why = "busybox is not installed"
    if why is not None:
        pytest.skip(why)
    folder = Path("/tmp") / f"knarr-rootless-{os.getpid()}"  # Not below root's own folders.
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    made = UsersCluster(f"rootless{os.getpid()}", folder)
    try:
        try:
            assert made.interpreter
        except StopIteration:
            pytest.skip("no Python that a user without root may run has what is needed")
        told = made.up(*FLAGS)
        assert "rootless network" in told
        (folder / "web.yaml").write_text(WEB)
        (folder / "web.yaml").chmod(0o644)
        made.knarr("apply", "-f", str(folder / "web.yaml"))
        made.knarr("rollout", "status", "deployment/web", "--timeout=30s")
        yield made
        made.knarr("delete", "--name", made.name)
        eventually(lambda: _nobody_is_left(folder), 60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def eventually(look: Callable[[], str], timeout_s: float = 15.0) -> str:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return look()
        except (AssertionError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _nobody_is_left(folder: Path) -> str:
    left = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            told = path.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in told and int(path.parent.name) != os.getpid():
            left.append(path.parent.name)
    assert not left
    return ""


FLAGS = ("--runtime", "process", "--nodes", "2")


def fetch(address: str, port: int) -> str:
    with urllib.request.urlopen(f"http://{address}:{port}/hosts", timeout=3) as answer:
        text: str = answer.read().decode()
    return text.rsplit(maxsplit=1)[-1]


def test_the_log_says_which_network_and_why(users: UsersCluster) -> None:
    log = (users.folder / "state" / "knarr" / users.name / "log").read_text()
    assert 'event="chose a network" network=rootless reason="user namespaces are allowed"' in log


def test_pods_share_no_ports_and_reach_each_other(users: UsersCluster) -> None:
    pods = users.objects("pods")
    assert len({pod["status"]["podIP"] for pod in pods}) == 2, "both have port 80 of theirs"
    name, other = pods[0]["metadata"]["name"], pods[1]
    ask = f"busybox wget -qO- http://{other['status']['podIP']}/hosts | tail -1"
    told = users.knarr("exec", name, "--", "sh", "-c", ask)
    assert told.split()[-1] == other["metadata"]["name"]
    ask = "for i in 1 2 3 4 5 6 7 8 9 10; do busybox wget -qO- http://web:8080/hosts|tail -1;done"
    told = users.knarr("exec", name, "--", "sh", "-c", ask)
    assert {line.split()[-1] for line in told.splitlines()} == {
        pod["metadata"]["name"] for pod in pods
    }, "by name, itself too"


def test_services_answer_on_the_machine(users: UsersCluster) -> None:
    service = next(one for one in users.objects("services") if one["metadata"]["name"] == "web")
    names = {pod["metadata"]["name"] for pod in users.objects("pods")}
    port = service["spec"]["ports"][0]["nodePort"]
    assert {fetch("127.0.0.1", port) for _ in range(10)} == names
    balancer = service["status"]["loadBalancer"]["ingress"][0]["ip"]
    assert fetch(balancer, 8080) in names
    resolved = users.knarr("resolve", "--name", users.name, "web.default.svc.cluster.local")
    assert service["spec"]["clusterIP"] in resolved


class Greeting(BaseHTTPRequestHandler):
    """Says whom it sees."""

    def do_GET(self) -> None:
        body = f"hello {self.client_address[0]}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002
        """Say nothing."""


def test_pods_reach_other_machines(users: UsersCluster) -> None:
    address = own_address()
    if not address:
        pytest.skip("this machine has no address that others could have")
    name = users.objects("pods")[0]["metadata"]["name"]
    with ThreadingHTTPServer((address, 0), Greeting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            fetch = "timeout 10 busybox wget -qO- http://"
            ask = f"{fetch}{address}:{server.server_address[1]}/; echo; "
            ask += f"{fetch}$KUBERNETES_SERVICE_HOST:9/ 2>&1; true"
            told = users.knarr("exec", name, "--", "sh", "-c", ask).splitlines()
        finally:
            server.shutdown()
            thread.join()
    assert told[0] == f"hello {address}", "as if the machine itself asked"
    assert "refused" in told[1], "the cluster's own addresses are not led out"


ASK_BOTH = """
import socket, sys
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.settimeout(10)
places = [(sys.argv[1], int(port)) for port in sys.argv[2:]]
for size in (1, 60_000):
    for place in places:
        asking.sendto(b"x" * size, place)
        told, source = asking.recvfrom(65535)
        print(source == place, len(told) - size, told[:1].decode())
"""


def test_datagrams_reach_other_machines(users: UsersCluster) -> None:
    address = own_address()
    if not address:
        pytest.skip("this machine has no address that others could have")
    with ExitStack() as stack:
        servers = [stack.enter_context(Echo(address, word)) for word in ("a", "b")]
        (users.folder / "ask.py").write_text(ASK_BOTH)
        (users.folder / "ask.py").chmod(0o644)
        ports = " ".join(str(one.port) for one in servers)
        ask = f"{users.interpreter} -I {users.folder}/ask.py {address} {ports}"
        for pod in users.objects("pods"):
            told = users.knarr("exec", pod["metadata"]["name"], "--", "sh", "-c", ask)
            # One socket of the client, two servers: each answer comes from whom it asked.
            assert told.splitlines() == ["True 1 a", "True 1 b"] * 2


class Echo:
    """Answers datagrams with a letter before what came."""

    def __init__(self, address: str, word: str) -> None:
        self._word = word.encode()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "Echo":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, client = self._socket.recvfrom(65535)
            if not data:
                return
            self._socket.sendto(self._word + data, client)


USERS = """
apiVersion: v1
kind: Pod
metadata: {name: users}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {runAsUser: 1001, runAsGroup: 2002, fsGroup: 4004, runAsNonRoot: true}
  volumes: [{name: data, emptyDir: {}}]
  containers:
  - name: main
    image: none
    command: [sh, -c, "id -u >/data/own; id -g >>/data/own; exec busybox httpd -f -p 80 -h /data"]
    volumeMounts: [{name: data, mountPath: /data}]
    readinessProbe: {httpGet: {path: /own, port: 80}, periodSeconds: 1}
  - name: root
    image: none
    command: [sleep, "1000"]
    securityContext: {runAsUser: 0, runAsNonRoot: false}
---
apiVersion: v1
kind: Pod
metadata: {name: groups}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {supplementalGroups: [3003]}
  containers: [{name: main, image: none, command: [sleep, "1000"]}]
"""


def test_containers_run_as_the_user_they_ask_for(users: UsersCluster) -> None:
    (users.folder / "users.yaml").write_text(USERS)
    (users.folder / "users.yaml").chmod(0o644)
    users.knarr("apply", "-f", str(users.folder / "users.yaml"))
    users.knarr("wait", "pod/users", "--for=condition=Ready", "--timeout=30s")
    assert users.knarr("exec", "users", "--", "cat", "/data/own").split() == ["1001", "2002"]
    assert users.knarr("exec", "users", "--", "id", "-u").strip() == "1001"
    users.knarr("exec", "users", "--", "touch", "/data/more")
    assert users.knarr("exec", "users", "-c", "root", "--", "id", "-u").strip() == "0"

    def refused() -> str:
        (pod,) = (one for one in users.objects("pods") if one["metadata"]["name"] == "groups")
        waiting = pod["status"]["containerStatuses"][0]["state"]["waiting"]
        assert waiting["reason"] == "CreateContainerConfigError"
        return str(waiting["message"])

    assert "supplementalGroups 3003 cannot be had without root" in eventually(refused)
    told = users.knarr("get", "events", "--field-selector", "involvedObject.name=groups")
    assert "supplementalGroups 3003 cannot be had" in told
    users.knarr("delete", "-f", str(users.folder / "users.yaml"))


def test_ports_are_forwarded(users: UsersCluster) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    forwarding = subprocess.Popen(
        users.words("port-forward", "deployment/web", f"{port}:80"),
        env=users.environment,
        cwd="/",
        stdout=subprocess.DEVNULL,
    )
    try:
        assert eventually(lambda: fetch("127.0.0.1", port), 30).startswith("web-")
    finally:
        forwarding.kill()
        forwarding.wait()


def test_what_a_killed_cluster_left_is_ended_and_starts_anew(users: UsersCluster) -> None:
    os.kill(users.running()["pid"], signal.SIGKILL)
    eventually(lambda: _is_down(users))
    users.up(*FLAGS)
    service = next(one for one in users.objects("services") if one["metadata"]["name"] == "web")
    port = service["spec"]["ports"][0]["nodePort"]
    assert eventually(lambda: fetch("127.0.0.1", port), 60).startswith("web-")
    users.knarr("rollout", "status", "deployment/web", "--timeout=30s")
    assert len(users.objects("pods")) == 2


def test_every_part_is_a_process_of_its_own(users: UsersCluster) -> None:
    users.knarr("down", "--name", users.name)
    assert "rootless network" in users.up(*FLAGS, "--separate")
    users.knarr("rollout", "status", "deployment/web", "--timeout=60s")
    services = {one["metadata"]["name"]: one for one in users.objects("services")}
    web = services["web"]
    eventually(lambda: fetch("127.0.0.1", web["spec"]["ports"][0]["nodePort"]), 30)
    eventually(lambda: fetch(web["status"]["loadBalancer"]["ingress"][0]["ip"], 8080), 30)
    pod = users.objects("pods")[0]["metadata"]["name"]
    ask = "busybox wget -qO- http://web:8080/hosts | tail -1"

    def asked() -> str:
        told = users.knarr("exec", pod, "--", "sh", "-c", ask)
        assert "\tweb-" in told, "by name, through the kernel"
        return told

    eventually(asked, 30)  # The name server is a process that takes its time as well.
    resolved = users.knarr("resolve", "--name", users.name, "web.default.svc.cluster.local")
    assert web["spec"]["clusterIP"] in resolved
    kubelet = _part(users, f"kubelet.*{users.name}-0")
    os.kill(kubelet, signal.SIGKILL)
    eventually(lambda: _other(users, f"kubelet.*{users.name}-0", kubelet), 30)
    eventually(lambda: _answers_from_all(users, web["spec"]["ports"][0]["nodePort"]), 60)


def _part(users: UsersCluster, pattern: str) -> int:
    """The pid of a part of the cluster."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if re.search(f" -m {pattern}", words) and str(users.folder) in words:
                return int(path.parent.name)
    raise AssertionError(f"no {pattern}")


def _other(users: UsersCluster, pattern: str, than: int) -> str:
    found = _part(users, pattern)
    assert found != than
    return str(found)


def _answers_from_all(users: UsersCluster, port: int) -> str:
    names = {pod["metadata"]["name"] for pod in users.objects("pods")}
    assert {fetch("127.0.0.1", port) for _ in range(10)} == names
    return ""


def _is_down(users: UsersCluster) -> str:
    assert "stopped" in users.knarr("status", "--name", users.name, check=False)
    return ""


RANGES = "nobody:200000:65536\n"

GROUPS = """
apiVersion: v1
kind: Pod
metadata: {name: many}
spec:
  terminationGracePeriodSeconds: 0
  securityContext:
    {runAsUser: 1001, runAsGroup: 2002, fsGroup: 4004, supplementalGroups: [3003]}
  volumes: [{name: data, emptyDir: {}}]
  containers:
  - name: main
    image: none
    command: [sh, -c, "touch here /data/own; id -u >/data/id; id -G >>/data/id; exec sleep 1000"]
    volumeMounts: [{name: data, mountPath: /data}]
"""


def _both_lines(made: UsersCluster) -> str:
    told = made.knarr("exec", "many", "--", "cat", "/data/id")
    assert told.count("\n") == 2, "it has begun only"
    return told


class RangesCluster(UsersCluster):
    """Commands of a user who has further ids, as the machine's files say for these commands."""

    def words(self, *words: str) -> list[str]:
        bind = 'for f in subuid subgid; do mount --bind $0 /etc/$f; done && exec "$@"'
        shown = ("unshare", "--mount", "sh", "-c", bind, str(self.folder / "ranges"))
        return [*shown, *super().words(*words)]


def test_with_ranges_all_users_and_groups_are_there() -> None:
    why = why_not() or (None if os.geteuid() == 0 else "only root can show other ranges")
    why = why or (None if shutil.which("newuidmap") else "newuidmap is not installed")
    why = why or (None if Path("/etc/subuid").exists() else "there is no /etc/subuid")
    if why is not None:
        pytest.skip(why)
    folder = Path("/tmp") / f"knarr-ranges-{os.getpid()}"
    folder.mkdir(mode=0o700)
    os.chown(folder, NOBODY, NOBODY)
    (folder / "ranges").write_text(RANGES)
    made = RangesCluster(f"ranges{os.getpid()}", folder)
    try:
        made.up("--runtime", "process")
        (folder / "groups.yaml").write_text(GROUPS)
        (folder / "groups.yaml").chmod(0o644)
        made.knarr("apply", "-f", str(folder / "groups.yaml"))
        made.knarr("wait", "pod/many", "--for=condition=Ready", "--timeout=30s")
        told = eventually(lambda: _both_lines(made), 60)
        assert told.splitlines()[0] == "1001"
        assert set(told.split()[1:]) == {"2002", "3003", "4004"}
        told = made.knarr("exec", "many", "--", "stat", "-c", "%u %g", "/data/own")
        assert told.split() == ["1001", "4004"], "new files are the pod's group's"
        (own,) = folder.glob("state/knarr/*/nodes/*/**/own")
        assert own.stat().st_uid == 200_000 + 1000, "outside they are of our range"
        os.kill(made.running()["pid"], signal.SIGKILL)
        eventually(lambda: _is_down(made), 60)
        made.knarr("delete", "--name", made.name)
        assert not (folder / "state" / "knarr" / made.name).exists()
        eventually(lambda: _nobody_is_left(folder), 60)
    finally:
        made.knarr("delete", "--name", made.name, check=False)
        shutil.rmtree(folder, ignore_errors=True)
