"""What workload kinds call for the pod template they carry."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from apiserver.strategies.label_rules import validate_labels
from apiserver.strategies.pod_defaults import default_pod_spec
from apiserver.strategies.pod_spec.spec import validate_pod_spec
from apiserver.strategies.pod_spec.warnings import pod_warnings
from knarr.api import names
from knarr.api.core.pod import PodTemplateSpec
from knarr.api.field_errors import FieldError, broken_names, forbidden
from knarr.api.meta.object_meta import ObjectMeta

_NO_METADATA = PodTemplateSpec.__struct_defaults__[0]


def default_pod_template(template: PodTemplateSpec) -> PodTemplateSpec:
    """Fill in what users may leave out of a pod template."""
    metadata = template.metadata
    # Metadata of its own, if empty, is on the wire as {}; the shared default is not.
    if metadata is _NO_METADATA:
        metadata = ObjectMeta()
    return replace(template, metadata=metadata, spec=default_pod_spec(template.spec))


def validate_pod_template(
    template: PodTemplateSpec, path: str, *, old: PodTemplateSpec | None = None
) -> Iterator[FieldError]:
    """The rules a template breaks: labels, annotations and spec, in Kubernetes' order.

    `path` is where the template stands, such as `spec.template`. With `old` the
    rules that only bind new objects are not held against what was there before.
    """
    yield from validate_labels(template.metadata.labels, f"{path}.labels")
    for key in sorted(template.metadata.annotations):
        broken = names.qualified_name(key.lower())
        yield from broken_names(f"{path}.annotations", key, broken)
    yield from validate_pod_spec(template.spec, f"{path}.spec")
    if template.spec.ephemeral_containers:
        detail = "ephemeral containers not allowed in pod template"
        yield forbidden(f"{path}.spec.ephemeralContainers", detail)


def pod_template_warnings(
    template: PodTemplateSpec, path: str, *, old: PodTemplateSpec | None = None
) -> Iterable[str]:
    """What the client should be told of a template that is good."""
    return pod_warnings(template.spec, template.metadata, f"{path}.", of_template=True)
