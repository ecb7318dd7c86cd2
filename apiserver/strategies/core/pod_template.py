"""Rules of a PodTemplate."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.pod_spec.template import (
    default_pod_template,
    pod_template_warnings,
    validate_pod_template,
)
from apiserver.strategies.strategy import Strategy
from knarr.api.core.pod import PodSpec, PodTemplateSpec
from knarr.api.core.pod_template import PodTemplate
from knarr.api.field_errors import FieldError
from knarr.api.printing.core import pod_template_row

_NO_TEMPLATE = PodTemplateSpec(spec=PodSpec(containers=()))


class PodTemplateRules(Strategy[PodTemplate]):
    """What holds for a PodTemplate."""

    has_status = False

    def default(self, obj: PodTemplate) -> PodTemplate:
        """What every pod template gets."""
        return replace(obj, template=default_pod_template(obj.template or _NO_TEMPLATE))

    def validate(self, obj: PodTemplate) -> Iterable[FieldError]:
        """What holds for every pod template."""
        return validate_pod_template(obj.template or _NO_TEMPLATE, "template")

    def warnings(self, obj: PodTemplate, old: PodTemplate | None) -> Iterable[str]:
        """What is odd in the template."""
        before = old.template if old is not None else None
        return pod_template_warnings(obj.template or _NO_TEMPLATE, "template", old=before)

    def row(self, obj: PodTemplate, now: datetime) -> Sequence[Any]:
        """Name, containers, images, labels of the pods."""
        return pod_template_row(obj, now)
