"""The pod that a template describes, as the child of its owner."""

from collections.abc import Mapping

from knarr.api.core.pod import Pod, PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.owners import controller_reference
from knarr.api.structs import ApiStruct


def pod_of(
    owner: ApiStruct,
    template: PodTemplateSpec,
    *,
    name: str = "",
    labels: Mapping[str, str] = {},
    annotations: Mapping[str, str] = {},
    finalizers: tuple[str, ...] = (),
) -> Pod:
    """Make a pod from `template`, named by the server unless `name` is given.

    `labels`, `annotations` and `finalizers` come on top of the template's.
    """
    metadata: ObjectMeta = owner.metadata  # type: ignore[attr-defined]  # every kind has metadata
    return Pod(
        metadata=ObjectMeta(
            name=name,
            generate_name=f"{metadata.name}-",
            namespace=metadata.namespace,
            labels={**template.metadata.labels, **labels},
            annotations={**template.metadata.annotations, **annotations},
            finalizers=(*template.metadata.finalizers, *finalizers),
            owner_references=(controller_reference(owner),),
        ),
        spec=template.spec,
    )
