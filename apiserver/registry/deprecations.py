"""What every answer about an old kind warns of."""

from collections.abc import Mapping

from knarr.api.kind import Kind

DEPRECATED: Mapping[tuple[str, str, str], str] = {
    ("", "v1", "componentstatuses"): "v1 ComponentStatus is deprecated in v1.19+",
    ("", "v1", "endpoints"): (
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    ),
}
"""By group, version and plural."""


def deprecation_of(kind: Kind) -> str:
    """The warning about a kind; nothing for most."""
    return kind.deprecation or DEPRECATED.get((kind.group, kind.version, kind.plural), "")
