"""Rules that many kinds share, each yielding the errors of one field."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from knarr.api import names
from knarr.api.core.references import TypedLocalObjectReference
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    forbidden,
    invalid,
    not_supported,
    required,
)
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import IntOrString

NOT_NEGATIVE = "must be greater than or equal to 0"
POSITIVE = "must be greater than 0"
IMMUTABLE = "field is immutable"
BAD_PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)

_PERCENT = re.compile(r"[0-9]+%")


def not_negative(value: int | None, path: str) -> Iterator[FieldError]:
    """A number, where there is one, is at least zero."""
    if value is not None and value < 0:
        yield invalid(path, value, NOT_NEGATIVE)


def positive(value: int | None, path: str) -> Iterator[FieldError]:
    """A number, where there is one, is at least one."""
    if value is not None and value <= 0:
        yield invalid(path, value, POSITIVE)


def immutable(new: Any, old: Any, path: str) -> Iterator[FieldError]:
    """A field that keeps the value it was created with."""
    if new != old:
        yield invalid(path, new, IMMUTABLE)


def one_of(value: str | None, path: str, known: Iterable[str]) -> Iterator[FieldError]:
    """A word, where there is one, that is among those known."""
    if value is not None and value not in known:
        yield not_supported(path, value, known)


def stated(value: Any, path: str, detail: str = "") -> Iterator[FieldError]:
    """A value that may not be empty."""
    if not value:
        yield required(path, detail)


def number_or_percent(value: IntOrString, path: str) -> Iterator[FieldError]:
    """A count of zero or more, or a percentage."""
    if isinstance(value, str):
        if not _PERCENT.fullmatch(value):
            yield invalid(path, value, BAD_PERCENT)
    else:
        yield from not_negative(value, path)


def at_most_whole(value: IntOrString | None, path: str) -> Iterator[FieldError]:
    """A percentage of no more than a hundred; other values pass."""
    percent = percent_of(value)
    if percent is not None and percent > 100:
        yield invalid(path, value, "must not be greater than 100%")


def percent_of(value: IntOrString | None) -> int | None:
    """25 for `25%`, None for what is no percentage."""
    if isinstance(value, str) and _PERCENT.fullmatch(value):
        return int(value[:-1])
    return None


def is_zero(value: IntOrString | None) -> bool:
    """Whether a count or percentage comes to nothing; text that is neither counts as nothing."""
    return not (percent_of(value) if isinstance(value, str) else value)


def may_not_shrink(new: int | None, old: int | None, path: str) -> Iterator[FieldError]:
    """A counter in a status that only grows."""
    if old is not None and (new is None or new < old):
        yield invalid(path, new or 0, "cannot be decremented")


def at_most(value: int, path: str, *, limit: int, of: str) -> Iterator[FieldError]:
    """A count of some among all of which there are `limit`, in field `of`."""
    if value > limit:
        yield invalid(path, value, f"cannot be greater than {of}")


def none_of(value: Any, path: str, detail: str) -> Iterator[FieldError]:
    """A value that may not be set here."""
    if value:
        yield forbidden(path, detail)


def labels_or_null(meta: ObjectMeta) -> Any:
    """An object's labels as messages show them: null where there are none."""
    return dict(meta.labels) or None


def typed_reference(reference: TypedLocalObjectReference, path: str) -> Iterator[FieldError]:
    """A reference to an object of any group by kind and name."""
    group = reference.api_group
    if group is not None:
        yield from broken_names(f"{path}.apiGroup", group, names.dns_subdomain(group))
    for value, name in ((reference.kind, "kind"), (reference.name, "name")):
        if not value:
            yield required(f"{path}.{name}", f"{name} is required")
        else:
            yield from broken_names(f"{path}.{name}", value, names.path_segment(value))


def domain_prefixed_path(value: str, path: str) -> Iterator[FieldError]:
    """A domain, a slash and a path, such as `example.com/thing`."""
    if not value:
        yield required(path)
        return
    domain, slash, rest = value.partition("/")
    if not slash or not domain or not rest:
        yield invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')
        return
    yield from broken_names(path, domain, names.dns_subdomain(domain))
    for told in _url_path(rest):
        yield invalid(path, value, told)


def _url_path(rest: str) -> list[str]:
    allowed = set("-._~!$&'()*+,;=:@/%")
    good = all(char in allowed or (char.isascii() and char.isalnum()) for char in rest)
    return [] if good else ["must be a valid path"]
