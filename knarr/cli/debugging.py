"""The containers and pods that `debug` makes, by kubectl's profiles."""

from pathlib import Path
from typing import Any

from knarr.cli.changing import copied
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, pairs
from knarr.daemon.clock import seeded

Json = dict[str, Any]

PROFILES: dict[str, Json] = {
    "legacy": {},
    "general": {"capabilities": {"add": ["SYS_PTRACE"]}},
    "baseline": {},
    "restricted": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "netadmin": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}},
    "sysadmin": {"privileged": True},
}
"""What each profile lets the container of a pod do."""

_ON_NODES = {**PROFILES, "general": {}}
_FIXED = ("name", "command", "image", "lifecycle", "volumeDevices")
"""What `--custom` may not say of the container."""

_PROBES = ("readiness", "liveness", "startup")
_SEES_HOST = ("legacy", "general", "netadmin", "sysadmin")
_MOUNTS_HOST = ("legacy", "general", "sysadmin")


def profile_of(arguments: Arguments) -> str:
    """The profile that is meant. Raise CliError."""
    profile = arguments.text("profile")
    if profile not in PROFILES:
        raise CliError(f"unknown profile: {profile}; there are {', '.join(PROFILES)}")
    return profile


def debugger(arguments: Arguments, command: list[str], *, on_node: bool = False) -> Json:
    """The container that is added. Raise CliError."""
    name = arguments.text("container") or f"debugger-{seeded().randrange(16**5):05x}"
    container: Json = {
        "name": name,
        "image": arguments.text("image"),
        "terminationMessagePolicy": "File",
    }
    if arguments.text("image-pull-policy"):
        container["imagePullPolicy"] = arguments.text("image-pull-policy")
    if command:
        container["args" if arguments.truth("arguments-only") else "command"] = command
    if arguments.list("env"):
        container["env"] = [
            {"name": key, "value": value} for key, value in pairs(arguments.list("env")).items()
        ]
    for flag in ("stdin", "tty"):
        if arguments.truth(flag):
            container[flag] = True
    allowed = (_ON_NODES if on_node else PROFILES)[profile_of(arguments)]
    if allowed:
        container["securityContext"] = copied(allowed)
    return _customised(arguments, container)


def _customised(arguments: Arguments, container: Json) -> Json:
    """The container with what `--custom` says merged in."""
    path = arguments.text("custom")
    if not path:
        return container
    from knarr.api.core.container import Container  # noqa: PLC0415
    from knarr.api.patches.strategic import apply  # noqa: PLC0415
    from knarr.cli.yaml_reader import YamlTextError, read_yaml  # noqa: PLC0415

    try:
        custom: Json = next(read_yaml(Path(path).read_text()), {})
    except (OSError, YamlTextError) as error:
        raise CliError(f"unable to read the container of --custom {path}: {error}") from None
    fixed = [
        key for key in ("name", "command", "image", "lifecycle", "volumeDevices") if key in custom
    ]
    if fixed:
        raise CliError(f"--custom: {fixed[0]} cannot be customised")
    return apply(Container, container, custom)


def copy_of(arguments: Arguments, pod: Json, command: list[str]) -> tuple[Json, str]:
    """A copy of a pod to try things on, and the container to join in it. Raise CliError."""
    keeps_all = profile_of(arguments) == "legacy"
    spec = _copied_spec(arguments, pod, keeps_all=keeps_all)
    name = _changed(arguments, spec, command)
    metadata: Json = {"name": arguments.text("copy-to")}
    for key in ("labels", "annotations"):
        is_kept = arguments.truth(f"keep-{key}") or (keeps_all and key == "annotations")
        if is_kept and pod["metadata"].get(key):
            metadata[key] = pod["metadata"][key]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, name


def _copied_spec(arguments: Arguments, pod: Json, *, keeps_all: bool) -> Json:
    spec: Json = copied(pod["spec"])
    spec.pop("ephemeralContainers", None)
    if not arguments.truth("same-node"):
        spec.pop("nodeName", None)
    if not arguments.truth("keep-init-containers"):
        spec.pop("initContainers", None)
    if keeps_all:
        return spec
    if arguments.truth("share-processes"):
        spec["shareProcessNamespace"] = True
    probes = [one for one in _PROBES if not arguments.truth(f"keep-{one}")]
    for container in spec["containers"]:
        for probe in probes:
            container.pop(f"{probe}Probe", None)
    return spec


def _changed(arguments: Arguments, spec: Json, command: list[str]) -> str:
    """Change images and commands of a copy, or add a container; answer its name."""
    images = pairs(arguments.list("set-image"))
    every = [*spec["containers"], *(spec.get("initContainers") or [])]
    known = {one["name"]: one for one in every}
    unknown = [one for one in images if one not in ("*", *known)]
    if unknown:
        raise CliError(f'unable to find container named "{unknown[0]}"')
    for name, container in known.items():
        container["image"] = images.get(name, images.get("*", container["image"]))
    wanted = arguments.text("container")
    if wanted in known:
        container = known[wanted]
        if arguments.text("image"):
            container["image"] = arguments.text("image")
        if command:
            container["args" if arguments.truth("arguments-only") else "command"] = command
        container |= {flag: True for flag in ("stdin", "tty") if arguments.truth(flag)}
        return wanted
    if not arguments.text("image"):
        if wanted:
            raise CliError("you must specify an existing container or a new image when --copy-to")
        return str(spec["containers"][0]["name"])
    added = debugger(arguments, command)
    spec["containers"].append(added)
    return str(added["name"])


def node_pod(arguments: Arguments, node: str, command: list[str]) -> Json:
    """A pod that looks at a node."""
    profile = profile_of(arguments)
    container = {**debugger(arguments, command, on_node=True)}
    container["name"] = arguments.text("container") or "debugger"
    spec: Json = {
        "containers": [container],
        "nodeName": node,
        "restartPolicy": "Never",
        "tolerations": [{"operator": "Exists"}],
    }
    if profile in _SEES_HOST:
        spec |= {"hostNetwork": True, "hostPID": True, "hostIPC": True}
    if profile in _MOUNTS_HOST:
        container["volumeMounts"] = [{"mountPath": "/host", "name": "host-root"}]
        spec["volumes"] = [{"name": "host-root", "hostPath": {"path": "/"}}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"node-debugger-{node}-{seeded().randrange(16**5):05x}",
            "labels": {"app.kubernetes.io/managed-by": "kubectl-debug"},
        },
        "spec": spec,
    }
