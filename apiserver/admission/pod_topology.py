"""Copies zone and region of the node to pods that are created with a node."""

from typing import ClassVar

from msgspec.structs import replace

from apiserver.admission.admission import Admission, Attributes, Interest, Operation, View
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod

PLACES = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
"""The labels that are copied; those of other pods come with their binding."""


class PodTopologyLabels(Admission):
    """Labels pods with where they are."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"CREATE"})
    interests: ClassVar[frozenset[Interest]] = frozenset({("", "pods")})

    async def admit(self, attributes: Attributes, view: View) -> Pod:
        """Add the labels of the node."""
        pod: Pod = attributes.object
        if not pod.spec.node_name:
            return pod
        node: Node | None = view.get(Node, "", pod.spec.node_name)
        found = node.metadata.labels if node is not None else {}
        places = {label: found[label] for label in PLACES if label in found}
        if not places:
            return pod
        metadata = replace(pod.metadata, labels={**pod.metadata.labels, **places})
        return replace(pod, metadata=metadata)
