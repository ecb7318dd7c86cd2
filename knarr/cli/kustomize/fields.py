"""Where labels, annotations, images and replicas stand in the kinds that have them."""

import re
from typing import Any

from knarr.cli.kustomize.item import Item, Json, KustomizeError, visit

_TEMPLATED = (
    "ReplicationController", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job",
)  # fmt: skip
_SCALED = ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")

_SELECTORS: dict[str, tuple[tuple[str, bool], ...]] = {
    "Service": (("spec/selector", True),),
    "ReplicationController": (("spec/selector", True),),
    "Deployment": (("spec/selector/matchLabels", True),),
    "ReplicaSet": (("spec/selector/matchLabels", True),),
    "DaemonSet": (("spec/selector/matchLabels", True),),
    "StatefulSet": (("spec/selector/matchLabels", True),),
    "Job": (("spec/selector/matchLabels", False),),
    "CronJob": (("spec/jobTemplate/spec/selector/matchLabels", False),),
    "PodDisruptionBudget": (("spec/selector/matchLabels", False),),
    "NetworkPolicy": (
        ("spec/podSelector/matchLabels", False),
        ("spec/ingress[]/from[]/podSelector/matchLabels", False),
        ("spec/egress[]/to[]/podSelector/matchLabels", False),
    ),
}
"""Per kind: where its selectors are, and whether one that is not there is made."""

_AFFINITIES = (
    "affinity/{}/preferredDuringSchedulingIgnoredDuringExecution[]/podAffinityTerm/labelSelector",
    "affinity/{}/requiredDuringSchedulingIgnoredDuringExecution[]/labelSelector",
)


def template_of(kind: str) -> str:
    """Where a kind's pod template is; empty for kinds without one."""
    if kind in _TEMPLATED:
        return "spec/template"
    return "spec/jobTemplate/spec/template" if kind == "CronJob" else ""


def pod_spec_of(kind: str) -> str:
    """Where a kind's pod spec is; empty for kinds without one."""
    template = template_of(kind)
    if template:
        return f"{template}/spec"
    return "spec" if kind == "Pod" else ""


def add_labels(item: Item, labels: Json, *, selectors: bool, templates: bool) -> None:
    """Put labels on an object; on what it selects and on its pods where asked."""
    add = _adder(labels)
    visit(item.object, "metadata/labels", add, create=True)
    if templates or selectors:
        for path in _labelled(item.kind, claims=True):
            visit(item.object, path, add, create=True)
    if not selectors:
        return
    for path, create in _SELECTORS.get(item.kind, ()):
        visit(item.object, path, add, create=create)
    spec = pod_spec_of(item.kind)
    if item.kind in ("Deployment", "ReplicaSet", "StatefulSet"):
        for which in ("podAffinity", "podAntiAffinity"):
            for path in _AFFINITIES:
                visit(item.object, f"{spec}/{path.format(which)}/matchLabels", add)
        visit(item.object, f"{spec}/topologySpreadConstraints[]/labelSelector/matchLabels", add)


def add_annotations(item: Item, annotations: Json) -> None:
    """Put annotations on an object and on its pods."""
    add = _adder(annotations)
    visit(item.object, "metadata/annotations", add, create=True)
    for path in _labelled(item.kind, claims=False):
        where = path.replace("/labels", "/annotations")
        visit(item.object, where, add, create=True)


def _labelled(kind: str, *, claims: bool) -> list[str]:
    """Where labels of what a kind makes are."""
    template = template_of(kind)
    paths = [f"{template}/metadata/labels"] if template else []
    if kind == "CronJob":
        paths.append("spec/jobTemplate/metadata/labels")
    if kind == "StatefulSet" and claims:
        paths.append("spec/volumeClaimTemplates[]/metadata/labels")
    return paths


def _adder(more: Json) -> Any:
    texts = {str(key): _text(value) for key, value in more.items()}

    def add(parent: Any, key: Any) -> None:
        parent[key] = {**(parent[key] or {}), **texts}

    return add


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def set_replicas(items: list[Item], wanted: Json) -> None:
    """Set how many replicas the objects of a name have. Raise KustomizeError."""
    name, count = str(wanted.get("name", "")), wanted.get("count")
    found = [item for item in items if item.kind in _SCALED and name in item.names]
    if not found:
        raise KustomizeError(
            f"resource with name {name} does not match a config with the following GVK "
            f"[{', '.join(_SCALED)}]"
        )
    for item in found:
        item.object.setdefault("spec", {})["replicas"] = count


def set_image(value: Any, wanted: Json) -> None:
    """Change the image of every container below that has the name that is meant."""
    if isinstance(value, list):
        for one in value:
            set_image(one, wanted)
        return
    if not isinstance(value, dict):
        return
    for key, below in value.items():
        if key in ("containers", "initContainers") and isinstance(below, list):
            for container in below:
                if isinstance(container, dict) and isinstance(container.get("image"), str):
                    container["image"] = _image(container["image"], wanted)
        else:
            set_image(below, wanted)


def _image(image: str, wanted: Json) -> str:
    name = str(wanted.get("name", ""))
    found = re.fullmatch(
        rf"{re.escape(name)}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?", image
    )
    if not found:
        return image
    tag, digest = found[1] or "", found[2] or ""
    if wanted.get("newTag"):
        tag, digest = f":{wanted['newTag']}", ""
    if wanted.get("digest"):
        tag = tag if wanted.get("newTag") else ""
        digest = f"@{wanted['digest']}"
    if wanted.get("tagSuffix"):
        tag, digest = f"{tag}{wanted['tagSuffix']}", ""
    return f"{wanted.get('newName') or name}{tag}{digest}"
