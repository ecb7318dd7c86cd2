"""What workload kinds call for the pod template they carry."""

from collections.abc import Iterable, Iterator

from knarr.api.core.pod import PodTemplateSpec
from knarr.api.field_errors import FieldError


def default_pod_template(template: PodTemplateSpec) -> PodTemplateSpec:
    """Fill in what users may leave out of a pod template."""
    return template


def validate_pod_template(
    template: PodTemplateSpec, path: str, *, old: PodTemplateSpec | None = None
) -> Iterator[FieldError]:
    """The rules a template breaks: labels, annotations and spec, in Kubernetes' order.

    `path` is where the template stands, such as `spec.template`. With `old` the
    rules that only bind new objects are not held against what was there before.
    """
    yield from ()


def pod_template_warnings(
    template: PodTemplateSpec, path: str, *, old: PodTemplateSpec | None = None
) -> Iterable[str]:
    """What the client should be told of a template that is good."""
    return ()
