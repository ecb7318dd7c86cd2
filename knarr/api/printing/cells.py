"""Words that the tables of many kinds share."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from knarr.api import times
from knarr.api.core.container import Container
from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Time

NONE = "<none>"
UNKNOWN = "<unknown>"
UNSET = "<unset>"
INVALID = "<invalid>"

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_YEAR = 365 * _DAY


def age(meta: ObjectMeta, now: datetime) -> str:
    """How long an object has been there: `5d3h`."""
    return since(meta.creation_timestamp, now)


def since(moment: Time | None, now: datetime) -> str:
    """How long ago a moment was, `<unknown>` for none."""
    return UNKNOWN if moment is None else duration(times.seconds_between(moment, now))


def duration(seconds: float) -> str:
    """A length of time in the two units that matter: `90s`, `3m10s`, `5h`, `2y40d`."""
    whole = int(seconds)
    if whole < 0:
        return INVALID if whole < -1 else "0s"
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if whole < 3 * _HOUR:
        return _two(whole, _MINUTE, "m", 1, "s", fine_below=10)
    if whole < 2 * _DAY:
        return _two(whole, _HOUR, "h", _MINUTE, "m", fine_below=8)
    if whole < 2 * _YEAR:
        return _two(whole, _DAY, "d", _HOUR, "h", fine_below=8)
    return _two(whole, _YEAR, "y", _DAY, "d", fine_below=8)


def _two(
    seconds: int, large: int, large_unit: str, small: int, small_unit: str, *, fine_below: int
) -> str:
    count, rest = divmod(seconds, large)
    rest //= small
    if count >= fine_below or not rest:
        return f"{count}{large_unit}"
    return f"{count}{large_unit}{rest}{small_unit}"


def created(meta: ObjectMeta) -> str:
    """The moment of creation, for kinds whose table shows that."""
    return meta.creation_timestamp or UNKNOWN


def plain_row(meta: ObjectMeta) -> Sequence[Any]:
    """The line of a kind that has no columns of its own."""
    return [meta.name, created(meta)]


def labels(given: Mapping[str, str]) -> str:
    """Labels as `a=b,c=d`."""
    return ",".join(f"{key}={given[key]}" for key in sorted(given)) or NONE


def names_of(containers: Iterable[Container]) -> str:
    """Containers' names with commas between."""
    return ",".join(container.name for container in containers)


def images_of(containers: Iterable[Container]) -> str:
    """Containers' images with commas between."""
    return ",".join(container.image for container in containers)


def containers_and_images(template: PodTemplateSpec | None) -> list[str]:
    """The two cells that tell of a pod template."""
    containers = template.spec.containers if template is not None else ()
    return [names_of(containers), images_of(containers)]


def some(words: Sequence[str], *, at_most: int, empty: str, between: str = ",") -> str:
    """The first few of many, and how many more there are."""
    if not words:
        return empty
    told = between.join(words[:at_most])
    more = len(words) - at_most
    return f"{told} + {more} more..." if more > 0 else told


def truth(value: bool | None) -> str:  # noqa: FBT001 - it is what the function words
    """True or False as text, `<unset>` for neither."""
    return UNSET if value is None else str(value)
