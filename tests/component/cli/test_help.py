"""Every command has help, and its examples are lines that it understands."""

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from knarr.cli.command_table import PARTS, TABLE
from knarr.cli.flag_examples import example_of
from knarr.cli.flags import Flag, parse
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
EXAMPLE_S = 10
"""An example that takes longer hangs."""

READS = ("explain", "kustomize", "api-resources", "api-versions", "options", "version")
"""Commands that need nothing and change nothing."""

BASES: dict[tuple[str, str], str] = {
    ("delete", "cascade"): "delete pod web --wait=false",
    ("delete", "all"): "delete pod --wait=false",
    ("auth can-i", "list"): "auth can-i",
    ("cordon", "selector"): "cordon",
    ("patch", "patch-file"): "patch deployment web",
    ("patch", "filename"): "patch -p '{}'",
    ("create configmap", "from-literal"): "create configmap settings --dry-run=server",
    ("create configmap", "from-env-file"): "create configmap settings --dry-run=server",
    ("create configmap", "from-file"): "create configmap settings --dry-run=server",
    ("create rolebinding", "role"): "create rolebinding alice --user=alice --dry-run=server",
    ("create poddisruptionbudget", "max-unavailable"): (
        "create poddisruptionbudget keep --selector=app=web --dry-run=server"
    ),
    ("create token", "bound-object-kind"): "create token default --bound-object-name=web",
    ("create service clusterip", "tcp"): "create service clusterip inner --dry-run=server",
    ("set env", "from"): "set env deployment/web",
    ("get", "raw"): "get",
    ("get", "watch"): "get pods --request-timeout=1s",
    ("get", "watch-only"): "get pods --request-timeout=1s",
    ("get", "output-watch-events"): "get pods -w -o json --request-timeout=1s",
    ("events", "watch"): "events --request-timeout=1s",
    ("trace", "watch"): "trace deployment/web --request-timeout=1s",
}
"""Lines for flags that do not go with the command's first example."""

ENDS: dict[tuple[str, str], str] = {
    ("expose", "filename"): "cannot expose a ConfigMap",
    ("expose", "kustomize"): "cannot expose a ConfigMap",
    ("scale", "filename"): "cannot scale a ConfigMap",
    ("scale", "resource-version"): "Expected resource version to be 1",
    ("scale", "timeout"): "timed out waiting for deployment.apps/web to have 3 replicas",
    ("autoscale", "filename"): "cannot autoscale a ConfigMap",
    ("label", "resource-version"): "the object has been modified",
    ("create quota", "scopes"): "unsupported scope applied to resource",
    ("create secret docker-registry", "from-file"): "invalid character 'a' looking for beginning",
    ("rollout history", "filename"): "no history viewer has been implemented for ConfigMap",
    ("rollout history", "revision"): "unable to find the specified revision 1",
    ("config set-credentials", "auth-provider"): "use --exec-command",
    ("config set-credentials", "auth-provider-arg"): "use --exec-command",
    ("get", "client-certificate"): "its key go together",
    ("get", "client-key"): "its key go together",
    ("get", "user"): 'User "system:anonymous" cannot list',
    ("get", "as"): 'User "alice" cannot list',
    ("get", "as-group"): "without impersonating a user name",
    ("get", "as-uid"): "without impersonating a user name",
    ("get", "tls-server-name"): "certificate is not valid for",
}
"""What is said where a flag's example cannot end well by itself."""

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


def test_examples_run(knarr: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = []
    for name in NAMES:
        if name in NEEDS_MORE:
            continue
        for line in _lines(load(name).examples):
            settings, _, words = line.partition("knarr ")
            if line.startswith("#"):
                continue
            for one in shlex.split(settings):
                monkeypatch.setenv(*one.split("=", 1))
            _prepare(knarr, folder, f"knarr {words}")
            result = knarr(words)
            if result.code:
                failures.append(f"{line}: {result.err}")
    assert not failures, "\n".join(failures)


def test_examples_of_flags_run(knarr: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each flag once, where it comes first, with the command's own example."""
    monkeypatch.setenv("KUBE_EDITOR", "true")
    failures = []
    for name, flag in _flags():
        line = f"{_base(name, flag.name)} {example_of(name, flag)}"
        _prepare(knarr, folder, line)
        with _bounded(line):
            result = knarr(line.removeprefix("knarr "))
        wanted = ENDS.get((name, flag.name))
        if wanted is not None and wanted in result.err + result.out:
            continue
        if result.code or wanted is not None:
            failures.append(f"{line}: {result.code} {result.err}")
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("name", NAMES)
def test_every_flag_has_help_and_an_example_that_is_understood(name: str) -> None:
    for flag in load(name).flags:
        assert flag.help, f"--{flag.name} has no help"
        words = shlex.split(example_of(name, flag))
        assert parse(words, (*GLOBAL_FLAGS, *load(name).flags), name).given == {flag.name}


@contextmanager
def _bounded(line: str) -> Iterator[None]:
    """End a command that hangs, and say which."""

    def late(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"{line}: took longer than {EXAMPLE_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(EXAMPLE_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _flags() -> Iterator[tuple[str, Flag]]:
    """Every flag that runs here, with the first command that has it."""
    seen: set[Flag] = set()
    for name in NAMES:
        if name in NEEDS_MORE or name in PARTS:
            continue
        for flag in load(name).flags:
            if flag not in seen:
                seen.add(flag)
                yield name, flag
    for flag in GLOBAL_FLAGS:
        yield "get", flag


def _base(name: str, flag: str) -> str:
    """A line of the command that the flag fits on."""
    known = BASES.get((name, flag)) or BASES.get((name, ""))
    if known is not None:
        return f"knarr {known}"
    lines = [one for one in _lines(load(name).examples) if "knarr " in one]
    return "knarr " + lines[0].partition("knarr ")[2]


def _prepare(knarr: Run, folder: Path, line: str) -> None:
    """What examples are about, made anew where the last one may have changed it."""
    files = {
        "web.yaml": PAGE, "settings.env": "a=1\n", "patch.yaml": "metadata: {labels: {a: b}}",
        "ca.crt": (folder / "pki" / "ca.crt").read_text(),
        "tls.crt": "-----BEGIN x", "tls.key": "-----BEGIN x",
        "overlay/kustomization.yaml": "resources: [page.yaml]",
        "overlay/page.yaml": PAGE,
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    if line.split()[1] in READS:
        return
    knarr("create serviceaccount default")
    knarr("delete all --all --wait=false --force --grace-period=0")
    assert knarr("apply -f -", stdin=WEB).code == 0
    if "settings" in line and not line.startswith("knarr create"):
        knarr("create configmap settings --from-literal=a=1")
    elif "settings" in line:
        knarr("delete configmap settings --ignore-not-found")
    knarr("config set-context other --cluster=knarr")
    knarr("config set-cluster other")
    knarr("config set-credentials other")
    knarr("delete cm page --ignore-not-found")
    if not line.startswith("knarr create"):
        knarr("create -f web.yaml")


def _lines(examples: str) -> list[str]:
    return [line for line in examples.replace("\\\n", "").splitlines() if line.strip()]
