"""Every command has help, and its examples are lines that it understands."""

import shlex
from pathlib import Path

import pytest

from knarr.cli.command_table import PARTS, TABLE
from knarr.cli.flags import parse
from knarr.cli.main import _whole_name, load
from knarr.cli.session import GLOBAL_FLAGS
from tests.component.cli.conftest import Run

NAMES = [*TABLE, *(f"{head} {part}" for head, parts in PARTS.items() for part in parts)]
NEEDS_MORE = {
    "attach", "cp", "debug", "exec", "logs", "port-forward", "proxy", "top", "top node", "top pod",
    "kustomize", "plugin", "plugin list", "edit", "wait", "certificate", "certificate approve",
    "certificate deny", "rollout", "rollout undo",
    "rollout resume", "rollout status",
    "drain", "completion", "create secret tls", "diff", "auth reconcile", "kubeconfig",
    "apply view-last-applied", "replace", "config",
}  # fmt: skip
"""Commands whose examples need a kubelet, a terminal or metrics; they are only read here."""

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: "web:1"}]}
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
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: read}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: read}
"""
PAGE = "{apiVersion: v1, kind: ConfigMap, metadata: {name: page}}"


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_understood(name: str) -> None:
    command = load(name)
    assert command.about.endswith(".")
    lines = [line for line in _lines(command.examples) if not line.startswith("#")]
    assert lines, "a command has an example"
    for line in lines:
        words = shlex.split(line.partition(" > ")[0].replace("source <(", "").rstrip(")"))
        head = words.index("knarr") + 1
        whole, rest = _whole_name(words[head], words[head + 1 :])
        assert whole.startswith(name.split(maxsplit=1)[0]), line
        parse(rest, (*GLOBAL_FLAGS, *load(whole).flags), whole)


def test_every_command_prints_help(knarr: Run) -> None:
    overview = knarr("--help")
    for name in TABLE:
        assert f"  {name} " in overview.out
    for name in NAMES:
        shown = knarr(f"{name} --help")
        assert shown.code == 0
        assert "Examples:" in shown.out


def test_examples_run(knarr: Run, folder: Path) -> None:
    (folder / "web.yaml").write_text(PAGE)
    failures = []
    knarr("create serviceaccount default")
    for name in NAMES:
        if name in NEEDS_MORE:
            continue
        for line in _lines(load(name).examples):
            if not line.startswith("knarr "):
                continue
            knarr("delete all --all --wait=false --force --grace-period=0")
            assert knarr("apply -f -", stdin=WEB).code == 0
            knarr("config set-context other --cluster=knarr")
            knarr("config set-cluster other")
            knarr("config set-credentials other")
            knarr("delete cm page --ignore-not-found")
            if not line.startswith("knarr create"):
                knarr("create -f web.yaml")
            result = knarr(line.removeprefix("knarr "))
            if result.code:
                failures.append(f"{line}: {result.err}")
    assert not failures, "\n".join(failures)


def _lines(examples: str) -> list[str]:
    return [line for line in examples.replace("\\\n", "").splitlines() if line.strip()]
