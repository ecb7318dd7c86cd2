"""Containers, volumes and tolerations: what pods and pod templates have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

from knarr.cli.describing.sheet import NONE, Sheet, local_time
from knarr.cli.describing.volumes import volume

Json = dict[str, Any]


def template(sheet: Sheet, pod_template: Json) -> None:
    """A pod template."""
    meta, spec = pod_template.get("metadata") or {}, pod_template.get("spec") or {}
    sheet.line("Pod Template:")
    sheet.map("Labels", meta.get("labels"), 1)
    if meta.get("annotations"):
        sheet.annotations(meta["annotations"], 1)
    if spec.get("serviceAccountName"):
        sheet.field("Service Account", spec["serviceAccountName"], 1)
    if spec.get("initContainers"):
        containers(sheet, "Init Containers", spec["initContainers"], {}, level=1, pad=" ")
    containers(sheet, "Containers", spec.get("containers") or [], {}, level=1, pad=" ")
    volumes(sheet, spec.get("volumes"), level=1)
    if spec.get("priorityClassName"):
        sheet.field("Priority Class Name", spec["priorityClassName"], 1)
    sheet.map("Node-Selectors", spec.get("nodeSelector"), 1)
    tolerations(sheet, spec.get("tolerations"), 1)


def containers(
    sheet: Sheet,
    title: str,
    listed: Sequence[Json],
    statuses: Mapping[str, Json],
    *,
    level: int = 0,
    pad: str = "  ",
) -> None:
    """Containers, with their statuses where there are any."""
    sheet.line(f"{title}:", level)
    for one in listed:
        inner = _Container(sheet)
        sheet.line(f"{pad}{one['name']}:", level)
        inner.write(one, statuses.get(one["name"]))


class _Container:
    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._level = 2

    def write(self, container: Json, status: Json | None) -> None:
        state = status or {}
        if state.get("containerID"):
            self._field("Container ID", state["containerID"])
        self._field("Image", container.get("image", ""))
        if state.get("imageID"):
            self._field("Image ID", state["imageID"])
        self._ports(container.get("ports") or [])
        self._command(container)
        if status is not None:
            self._status(status)
        self._resources(container.get("resources") or {})
        for name, title in _PROBES:
            if container.get(name):
                self._field(title, probe_text(container[name]))
        self._env_from(container.get("envFrom") or [])
        self._env(container.get("env") or [])
        self._mounts(container.get("volumeMounts") or [])

    def _command(self, container: Json) -> None:
        for name in ("command", "args"):
            if not container.get(name):
                continue
            self._sheet.line(f"{name.capitalize()}:", self._level)
            for word in container[name]:
                for line in str(word).split("\n"):
                    self._sheet.line(line, self._level + 1)

    def _field(self, name: str, value: Any, more: int = 0) -> None:
        self._sheet.field(name, value, self._level + more)

    def _ports(self, ports: Sequence[Json]) -> None:
        texts = [_port(one, "containerPort") for one in ports]
        hosts = [_port(one, "hostPort") for one in ports]
        plural = "s" if len(ports) > 1 else ""
        self._field(f"Port{plural}", ", ".join(texts) or NONE)
        self._field(f"Host Port{plural}", ", ".join(hosts) or NONE)

    def _status(self, status: Json) -> None:
        self._state("State", status.get("state") or {})
        last = status.get("lastState") or {}
        if last.get("terminated"):
            self._state("Last State", last)
        self._field("Ready", str(bool(status.get("ready"))))
        self._field("Restart Count", status.get("restartCount", 0))

    def _state(self, title: str, state: Json) -> None:
        if state.get("running"):
            self._field(title, "Running")
            self._field("Started", local_time(state["running"].get("startedAt")), 1)
        elif state.get("terminated"):
            ended = state["terminated"]
            self._field(title, "Terminated")
            if ended.get("reason"):
                self._field("Reason", ended["reason"], 1)
            if ended.get("message"):
                self._field("Message", ended["message"], 1)
            self._field("Exit Code", ended.get("exitCode", 0), 1)
            if ended.get("signal"):
                self._field("Signal", ended["signal"], 1)
            self._field("Started", local_time(ended.get("startedAt")), 1)
            self._field("Finished", local_time(ended.get("finishedAt")), 1)
        else:
            waiting = state.get("waiting") or {}
            self._field(title, "Waiting")
            if waiting.get("reason"):
                self._field("Reason", waiting["reason"], 1)

    def _resources(self, resources: Json) -> None:
        for name in ("limits", "requests"):
            amounts = resources.get(name) or {}
            if amounts:
                self._sheet.line(f"{name.capitalize()}:", self._level)
                for key in sorted(amounts):
                    self._field(key, amounts[key], 1)

    def _env_from(self, sources: Sequence[Json]) -> None:
        if not sources:
            return
        self._sheet.line("Environment Variables from:", self._level)
        for one in sources:
            kind = "ConfigMap" if one.get("configMapRef") else "Secret"
            reference = one.get("configMapRef") or one.get("secretRef") or {}
            prefix = f" with prefix '{one['prefix']}'" if one.get("prefix") else ""
            optional = str(bool(reference.get("optional"))).lower()
            self._sheet.line(
                f"{reference.get('name')}\t{kind}{prefix}\tOptional: {optional}", self._level + 1
            )

    def _env(self, variables: Sequence[Json]) -> None:
        if not variables:
            self._field("Environment", NONE)
            return
        self._sheet.line("Environment:", self._level)
        for one in variables:
            value = env_value(one)
            for place, line in enumerate(value.split("\n")):
                name = f"{one['name']}:" if place == 0 else ""
                self._sheet.line(f"{name}\t{line}", self._level + 1)

    def _mounts(self, mounts: Sequence[Json]) -> None:
        if not mounts:
            self._field("Mounts", NONE)
            return
        self._sheet.line("Mounts:", self._level)
        for one in sorted(mounts, key=lambda mount: str(mount.get("mountPath"))):
            flags = ["ro" if one.get("readOnly") else "rw"]
            if one.get("subPath"):
                flags.append(f'path="{one["subPath"]}"')
            self._sheet.line(
                f"{one.get('mountPath')} from {one.get('name')} ({','.join(flags)})",
                self._level + 1,
            )


_PROBES = (
    ("livenessProbe", "Liveness"),
    ("readinessProbe", "Readiness"),
    ("startupProbe", "Startup"),
)


def _port(port: Json, key: str) -> str:
    name = f" ({port['name']})" if port.get("name") else ""
    return f"{port.get(key, 0)}/{port.get('protocol', 'TCP')}{name}"


def env_value(variable: Json) -> str:
    """Where the value of a variable comes from, or itself."""
    source = variable.get("valueFrom")
    if not source:
        return str(variable.get("value", ""))
    if source.get("fieldRef"):
        found = source["fieldRef"]
        return f" ({found.get('apiVersion', 'v1')}:{found['fieldPath']})"
    if source.get("resourceFieldRef"):
        found = source["resourceFieldRef"]
        return f"{found.get('divisor', 0)} ({found['resource']})"
    kind = "secret" if source.get("secretKeyRef") else "config map"
    found = source.get("secretKeyRef") or source.get("configMapKeyRef") or {}
    optional = str(bool(found.get("optional"))).lower()
    key, name = found.get("key"), found.get("name")
    return f"<set to the key '{key}' in {kind} '{name}'>\tOptional: {optional}"


def probe_text(probe: Json) -> str:
    """A probe on one line."""
    what = "unknown"
    if probe.get("exec"):
        what = f"exec [{' '.join(probe['exec'].get('command') or [])}]"
    elif probe.get("httpGet"):
        get = probe["httpGet"]
        scheme = str(get.get("scheme", "HTTP")).lower()
        what = f"http-get {scheme}://{get.get('host', '')}:{get.get('port')}{get.get('path', '')}"
    elif probe.get("tcpSocket"):
        found = probe["tcpSocket"]
        what = f"tcp-socket {found.get('host', '')}:{found.get('port')}"
    elif probe.get("grpc"):
        what = f"grpc <pod>:{probe['grpc'].get('port')} {probe['grpc'].get('service', '')}"
    return (
        f"{what} delay={probe.get('initialDelaySeconds', 0)}s "
        f"timeout={probe.get('timeoutSeconds', 0)}s period={probe.get('periodSeconds', 0)}s "
        f"successThreshold={probe.get('successThreshold', 0)} "
        f"failureThreshold={probe.get('failureThreshold', 0)}"
    )


def volumes(sheet: Sheet, listed: Sequence[Json] | None, *, level: int = 0) -> None:
    """The volumes of a pod."""
    if not listed:
        sheet.line(f"Volumes:\t{NONE}", level)
        return
    sheet.line("Volumes:", level)
    pad = " " if level else "  "
    for one in listed:
        sheet.line(f"{pad}{one['name']}:", level)
        volume(sheet, one, 2)


def tolerations(sheet: Sheet, listed: Sequence[Json] | None, level: int = 0) -> None:
    """Which taints are tolerated."""
    if not listed:
        sheet.line(f"Tolerations:\t{NONE}", level)
        return
    for place, one in enumerate(sorted(listed, key=lambda found: str(found.get("key", "")))):
        sheet.line(f"{'Tolerations:' if place == 0 else ''}\t{_toleration(one)}", level)


def _toleration(one: Json) -> str:
    text = str(one.get("key", ""))
    if one.get("value"):
        text += f"={one['value']}"
    if one.get("effect"):
        text += f":{one['effect']}"
    if one.get("operator") == "Exists" and not one.get("value"):
        text += " op=Exists" if one.get("key") or one.get("effect") else "op=Exists"
    if one.get("tolerationSeconds") is not None:
        text += f" for {one['tolerationSeconds']}s"
    return text


def spread(sheet: Sheet, listed: Sequence[Json] | None, *, level: int = 0) -> None:
    """How pods spread; nothing where nothing is said."""
    from knarr.cli.selectors_of import selector_text  # noqa: PLC0415

    lines = []
    for one in sorted(listed or (), key=lambda one: str(one.get("topologyKey"))):
        text = (
            f"{one.get('topologyKey')}:{one.get('whenUnsatisfiable')} when max skew "
            f"{one.get('maxSkew')} is exceeded"
        )
        if one.get("labelSelector") is not None:
            text += f" for selector {selector_text(one['labelSelector'])}"
        lines.append(text)
    for place, text in enumerate(lines):
        head = "Topology Spread Constraints:" if place == 0 else ""
        sheet.line(f"{head}\t{text}", level)
