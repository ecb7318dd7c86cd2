"""Named formats of texts: `format.dns1123Label().validate(x)`."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from knarr.api import names
from knarr.cel import network, times
from knarr.cel.errors import CelError
from knarr.cel.values import NONE, NamedFormat, Optional


def _checked(check: Callable[[str], Any], told: str) -> Callable[[str], Iterable[str]]:
    def rule(text: str) -> Iterable[str]:
        try:
            return () if check(text) is not False else (told,)
        except (ValueError, CelError, binascii.Error):
            return (told,)

    return rule


_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FORMATS: Mapping[str, Callable[[str], Iterable[str]]] = {
    "dns1123Label": names.dns_label,
    "dns1123Subdomain": names.dns_subdomain,
    "dns1035Label": names.dns_label_1035,
    "qualifiedName": names.qualified_name,
    "labelValue": names.label_value,
    "dns1123LabelPrefix": lambda text: names.dns_label(text.rstrip("-") or text),
    "dns1123SubdomainPrefix": lambda text: names.dns_subdomain(text.rstrip("-.") or text),
    "dns1035LabelPrefix": lambda text: names.dns_label_1035(text.rstrip("-") or text),
    "uri": _checked(network.url, "invalid URI"),
    "uuid": _checked(UUID, "does not match the UUID format"),
    "byte": _checked(lambda text: base64.b64decode(text, validate=True), "invalid base64"),
    "date": _checked(lambda text: bool(_DATE.fullmatch(text)), "invalid date"),
    "datetime": _checked(times.timestamp, "invalid datetime"),
}


def _named(name: str) -> Optional:
    return Optional(NamedFormat(name), is_there=True) if name in _FORMATS else NONE


def _validate(value: NamedFormat, text: str) -> Optional:
    broken = list(_FORMATS[value.name](text))
    return Optional(broken, is_there=True) if broken else NONE


def _maker(name: str) -> Callable[[], NamedFormat]:
    return lambda: NamedFormat(name)


GLOBAL: Mapping[str, Callable[..., Any]] = {
    "format.named": _named,
    **{f"format.{name}": _maker(name) for name in _FORMATS},
}
METHODS: Mapping[str, Callable[..., Any]] = {"validate": _validate}
