"""How plugins refuse, in Kubernetes' words."""

from apiserver.admission.admission import Attributes
from knarr.api.errors import ForbiddenError
from knarr.api.meta.status import StatusDetails


def refusal(attributes: Attributes, why: str) -> ForbiddenError:
    """What a plugin raises that does not let a request pass."""
    kind, name = attributes.kind, attributes.name
    what = f'{kind.resource} "{name}"' if name else kind.resource
    return ForbiddenError(
        f"{what} is forbidden: {why}",
        details=StatusDetails(name=name, group=kind.group, kind=kind.plural),
    )
