"""Examples in help that need a cluster with nodes: the shell runs them as they stand."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from knarr.cli.flag_examples import example_of
from knarr.cli.flags import Flag
from knarr.cli.main import load
from tests.component.cli.test_help import NAMES, NEEDS_MORE
from tests.e2e.cluster import ROOT, Cluster
from tests.e2e.in_process import Here

EXAMPLE_S = 40
ENDLESS = ("--watch", "knarr attach")
"""Examples that end only when somebody stops them."""

SPEC = """
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: web, image: "web:1", command: [sh, -c, "echo up; exec sleep 3600"]}
"""
WEB = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:{SPEC}
"""
MORE = """
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: web, image: "web:1", command: [sh, -c, "echo up; exec sleep 3600"]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-1}
---
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: csr-1}
spec: {request: REQUEST, signerName: example.com/any, usages: [client auth]}
"""
ROLES = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
"""
PAGE = "{apiVersion: v1, kind: ConfigMap, metadata: {name: page}}"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(f"examples{os.getpid()}", tmp_path_factory.mktemp("examples"))
    made.up("--runtime", "process")
    _write_files(made.folder)
    yield made
    made.knarr("delete", "--name", made.name)


def _write_files(folder: Path) -> None:
    (folder / "bin").mkdir()
    command = folder / "bin" / "knarr"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m knarr.cluster "$@"\n')
    command.chmod(0o755)
    (folder / "bin" / "knarr-hello").write_text("#!/bin/sh\necho hello\n")
    (folder / "bin" / "knarr-hello").chmod(0o755)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a",
         "-keyout", "tls.key", "-out", "tls.crt"],
        cwd=folder, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    request = subprocess.run(
        "openssl req -new -key tls.key -subj /CN=a | base64 -w0",
        shell=True, cwd=folder, check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    (folder / "all.yaml").write_text(WEB + MORE.replace("REQUEST", request))
    (folder / "web.yaml").write_text(WEB)
    (folder / "roles.yaml").write_text(ROLES)
    (folder / "page.yaml").write_text(PAGE)
    (folder / "container.yaml").write_text("env: [{name: A, value: b}]")
    (folder / "overlay").mkdir()
    (folder / "overlay" / "page.yaml").write_text(PAGE)
    (folder / "overlay" / "kustomization.yaml").write_text("resources: [page.yaml]")
    (folder / "pages").mkdir()


@pytest.fixture
def prepared(cluster: Cluster) -> Cluster:
    """The objects that examples are about, as they are meant to be found."""
    here = Here(cluster)
    here("apply -f all.yaml", check=True)
    here("rollout resume deployment/web")
    here("rollout status deployment/web --timeout=60s", check=True)
    here("wait --for=condition=Ready pod/web --timeout=60s", check=True)
    return cluster


def _lines(name: str) -> list[str]:
    lines = load(name).examples.replace("\\\n", "").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made with openssl")
@pytest.mark.parametrize("name", [one for one in NAMES if one in NEEDS_MORE])
def test_examples_run_in_a_shell(prepared: Cluster, name: str) -> None:
    if name in ("rollout undo", "rollout", "replace"):
        Here(prepared)("set image deployment/web web=web:9", check=True)
    if name.startswith("certificate"):
        Here(prepared)("delete csr csr-1", check=True)
        Here(prepared)("apply -f all.yaml", check=True)
    if name == "rollout resume":
        Here(prepared)("rollout pause deployment/web", check=True)
    for line in _lines(name):
        if any(word in line for word in ENDLESS):
            line = f"timeout 3 {line}"  # noqa: PLW2901  # nobody stops it here
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=prepared.folder,
            env={
                **prepared.environment,
                "PATH": f"{prepared.folder / 'bin'}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=EXAMPLE_S,
            check=False,
        )
        is_stopped = "timeout " in line and done.returncode == 124
        is_different = name == "diff" and done.returncode == 1
        assert done.returncode == 0 or is_stopped or is_different, f"{line}: {done.stderr}"


WITH: dict[str, str] = {
    "attach": "attach web",
    "logs": "logs web",
    "exec": "exec web",
    "wait": "wait --for=condition=Ready pod/web",
    "debug": "debug web --image=busybox",
    "drain": "drain node-1 --force --ignore-daemonsets --dry-run=client",
}
"""What flags are added to; other commands' flags are added to their first example."""

APART = {
    "follow", "watch", "watch-only-logs", "interactive", "stdin", "tty", "attach", "filename",
    "kustomize", "copy-to", "target", "custom", "selector", "all-containers", "container",
    "set-image", "replace", "all", "previous", "field-selector", "all-namespaces",
}  # fmt: skip
"""Flags that change what the line is about; stories of their own hold them."""


def _flags() -> Iterator[tuple[str, Flag]]:
    seen: set[Flag] = set()
    for name in WITH:
        for flag in load(name).flags:
            if flag not in seen and flag.name not in APART:
                seen.add(flag)
                yield name, flag


def test_a_story_of_containers(prepared: Cluster) -> None:
    here = Here(prepared)
    prefixed = here("logs -l app=web --all-containers --prefix", check=True).out
    assert "[pod/web/web] up\n" in prefixed
    assert here("exec web -c web -- sh -c 'exit 7'").code == 7
    here("cp web.yaml web:/tmp/there.yaml", check=True)
    here("cp web:/tmp/there.yaml back.yaml", check=True)
    assert (prepared.folder / "back.yaml").read_text() == WEB
    command = "debug web --image=busybox -c target --target=web -- sleep 100"
    made = here(command, check=True)
    assert 'Targeting container "web"' in made.err
    here("debug web --copy-to=copy --set-image='*=web:2' --keep-labels", check=True)
    copy = here("get pod copy -o jsonpath={.spec.shareProcessNamespace},{.metadata.labels.app}")
    assert copy.out == "true,web"
    here("delete pod copy --wait=false", check=True)


def test_flags_of_commands_about_containers(prepared: Cluster) -> None:
    here, failures = Here(prepared), []
    for name, flag in _flags():
        if name in ("attach", "port-forward"):
            continue  # They go on for as long as the container does.
        tail = " -- true" if name in ("exec", "debug") else ""
        line = f"{WITH[name]} {example_of(name, flag)}{tail}"
        done = here(line)
        if done.code:
            failures.append(f"{line}: {done.err}")
    assert not failures, "\n".join(failures)


def test_plugins_and_typos(prepared: Cluster) -> None:
    environment = {
        **prepared.environment,
        "PATH": f"{prepared.folder / 'bin'}:{os.environ['PATH']}",
    }

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["knarr", *words], env=environment, capture_output=True, text=True,
            timeout=EXAMPLE_S, check=False,
        )  # fmt: skip

    assert run("hello").stdout == "hello\n"
    assert "knarr-hello" in run("plugin", "list").stdout
    assert "Did you mean this?\n\tdescribe" in run("descrbe").stderr
    assert 'did you mean "pod"?' in run("get", "podz").stderr
