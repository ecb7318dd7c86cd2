"""Turns a file into a static pod, and that into its mirror: what the API shows of it. Pure."""

from datetime import datetime
from hashlib import sha256
from typing import Any

import yaml
from msgspec.structs import replace

from knarr.api.codec import encode, from_plain
from knarr.api.core.container import Container
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.scheduling import Toleration
from knarr.api.meta.object_meta import OwnerReference
from knarr.api.thorough import DecodeError
from knarr.api.times import to_micro_time

HASH = "kubernetes.io/config.hash"
SEEN = "kubernetes.io/config.seen"
SOURCE = "kubernetes.io/config.source"
MIRROR = "kubernetes.io/config.mirror"

GRACE_S = 30


class ManifestError(ValueError):
    """The file holds no pod; the message says why."""


def static_pod(text: str, node_name: str, now: datetime) -> Pod:
    """The pod of a manifest, named after the node, with the defaults nobody else fills in.

    Its uid comes from what it says: another text is another pod.
    """
    try:
        plain: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ManifestError(f"not YAML: {error}") from None
    if not isinstance(plain, dict) or plain.get("kind") != "Pod":
        raise ManifestError("a manifest holds one Pod")
    try:
        read = from_plain(Pod, plain)
    except DecodeError as error:
        raise ManifestError(str(error)) from None
    if not read.metadata.name or not read.spec.containers:
        raise ManifestError("a pod has a name and containers")
    mark = sha256(encode(read.spec) + encode(read.metadata) + node_name.encode()).hexdigest()[:32]
    meta = replace(
        read.metadata,
        name=f"{read.metadata.name}-{node_name}",
        namespace=read.metadata.namespace or "default",
        uid=mark,
        annotations={
            **read.metadata.annotations,
            HASH: mark,
            SEEN: to_micro_time(now),
            SOURCE: "file",
        },
        generation=1,
    )
    return replace(read, metadata=meta, spec=_defaulted(read.spec, node_name))


def is_static(pod: Pod) -> bool:
    """Whether a pod comes from a file of this node."""
    return SOURCE in pod.metadata.annotations and not is_mirror(pod)


def is_mirror(pod: Pod) -> bool:
    """Whether an object of the API only shows a pod that some node has from a file."""
    return MIRROR in pod.metadata.annotations


def mirror_of(pod: Pod, node: Node | None) -> Pod:
    """What the API shows of a static pod."""
    owners: tuple[OwnerReference, ...] = ()
    if node is not None:
        owners = (
            OwnerReference(
                api_version="v1",
                kind="Node",
                name=node.metadata.name,
                uid=node.metadata.uid,
                controller=True,
            ),
        )
    meta = replace(
        pod.metadata,
        uid="",
        generation=0,
        annotations={**pod.metadata.annotations, MIRROR: pod.metadata.uid},
        owner_references=owners,
    )
    return replace(pod, metadata=meta)


def mirrors(shown: Pod, pod: Pod) -> bool:
    """Whether an object of the API is that of this very static pod."""
    return shown.metadata.annotations.get(MIRROR) == pod.metadata.uid


def _defaulted(spec: PodSpec, node_name: str) -> PodSpec:
    grace_s = spec.termination_grace_period_seconds
    return replace(
        spec,
        node_name=node_name,
        restart_policy=spec.restart_policy or "Always",
        dns_policy=spec.dns_policy or "ClusterFirst",
        termination_grace_period_seconds=GRACE_S if grace_s is None else grace_s,
        tolerations=(*spec.tolerations, Toleration(operator="Exists", effect="NoExecute")),
        containers=tuple(_pulling(one) for one in spec.containers),
        init_containers=tuple(_pulling(one) for one in spec.init_containers),
    )


def _pulling(container: Container) -> Container:
    if container.image_pull_policy:
        return container
    _, colon, tag = container.image.rpartition("/")[2].partition(":")
    newest = not colon or tag == "latest"
    return replace(container, image_pull_policy="Always" if newest else "IfNotPresent")
