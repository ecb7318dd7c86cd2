"""The base of every API type, and the marks that say how lists and maps merge.

A type is frozen, its fields are snake_case in Python and Kubernetes' own
spelling on the wire, and what equals its default is absent on the wire.
Unknown fields make the fast decoder stop; `knarr.api.codec` then says which.
"""

from functools import partial
from typing import Any, TypeVar, dataclass_transform

import msgspec

T = TypeVar("T")

_INITIALISMS = {
    "api": "API",
    "cidr": "CIDR",
    "cidrs": "CIDRs",
    "cpu": "CPU",
    "dns": "DNS",
    "fqdn": "FQDN",
    "id": "ID",
    "ids": "IDs",
    "ip": "IP",
    "ipc": "IPC",
    "ips": "IPs",
    "pid": "PID",
    "tls": "TLS",
    "uid": "UID",
    "uids": "UIDs",
    "uri": "URI",
    "url": "URL",
    "urls": "URLs",
    "uuid": "UUID",
    "wwns": "WWNs",
}

_ODD_SPELLINGS = {
    "cluster_ips": "clusterIPs",
    "daemon_port": "Port",
    "dollar_ref": "$ref",
    "dollar_schema": "$schema",
    "external_ips": "externalIPs",
    "open_api_v3_schema": "openAPIV3Schema",
    "scale_io": "scaleIO",
    "target_wwns": "targetWWNs",
}


def wire_name(field: str) -> str:
    """pod_ips -> podIPs, cluster_ip -> clusterIP, continue_ -> continue."""
    if field in _ODD_SPELLINGS:
        return _ODD_SPELLINGS[field]
    if field.startswith("x_kubernetes_"):
        return field.replace("_", "-")
    first, *rest = field.rstrip("_").split("_")
    return first + "".join(_INITIALISMS.get(word, word.capitalize()) for word in rest)


def _same(value: Any) -> Any:
    return value


def written(*, default: T) -> T:
    """A field that is written even when it holds its default, as `null`, `""` or `0`."""
    made: T = msgspec.field(default_factory=partial(_same, default))
    return made


class _ApiStructMeta(msgspec.StructMeta):
    """Gives every API type the same msgspec settings, so that none can forget one.

    A default that is itself a struct becomes a factory of that one shared
    object: msgspec always writes what a factory made, and Kubernetes always
    writes such fields (`resources: {}`, `status: {}`).
    """

    def __new__(
        mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **_: Any
    ) -> Any:
        for field, value in namespace.items():
            if isinstance(type(value), _ApiStructMeta):
                namespace[field] = msgspec.field(default_factory=partial(_same, value))
        return super().__new__(
            mcls,
            name,
            bases,
            namespace,
            frozen=True,
            kw_only=True,
            omit_defaults=True,
            forbid_unknown_fields=True,
            rename=wire_name,
        )


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field, written)
)
class ApiStruct(msgspec.Struct, frozen=True, metaclass=_ApiStructMeta):
    """An immutable piece of the Kubernetes API."""


class ListMap:
    """Marks a list whose items are told apart by the values of `keys` (wire names)."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys


class ListSet:
    """Marks a list of distinct scalars that merges item by item."""


class Atomic:
    """Marks a list, map or struct field that is replaced as a whole by server-side apply."""


class Granular:
    """Marks a struct field whose type is atomic elsewhere and merges field by field here."""


class PatchMerge:
    """Marks how strategic merge patch treats a field.

    `key` (wire name) tells list items apart; None merges by value.
    `retain_keys` allows the `$retainKeys` directive.
    """

    def __init__(self, key: str | None = None, *, retain_keys: bool = False) -> None:
        self.key = key
        self.retain_keys = retain_keys


class PatchRetainKeys:
    """Marks a struct field that strategic merge patch may trim with `$retainKeys`."""


class Defaulted:
    """Marks the default that the published schema states for a field."""

    def __init__(self, value: str | int) -> None:
        self.value = value
