"""Rules of what a custom resource is called."""

from collections.abc import Iterator

from knarr.api import names as words
from knarr.api.apiextensions.custom_resource_definition import CustomResourceDefinitionNames
from knarr.api.field_errors import FieldError, invalid

MIXED = "may have mixed case, but should otherwise match: "


def names(given: CustomResourceDefinitionNames, path: str) -> Iterator[FieldError]:
    """Names fit into URLs, kinds into manifests."""
    yield from _label(given.plural, f"{path}.plural")
    yield from _label(given.singular, f"{path}.singular")
    yield from _kind(given.kind, f"{path}.kind")
    yield from _kind(given.list_kind, f"{path}.listKind")
    for i, short in enumerate(given.short_names):
        yield from _label(short, f"{path}.shortNames[{i}]")
    if given.kind and given.kind == given.list_kind:
        yield invalid(f"{path}.listKind", given.list_kind, "kind and listKind may not be the same")
    for i, category in enumerate(given.categories):
        yield from _label(category, f"{path}.categories[{i}]")


def _label(name: str, path: str) -> Iterator[FieldError]:
    broken = words.dns_label_1035(name) if name else ()
    if broken:
        yield invalid(path, name, ",".join(broken))


def _kind(kind: str, path: str) -> Iterator[FieldError]:
    broken = words.dns_label_1035(kind.lower()) if kind else ()
    if broken:
        yield invalid(path, kind, MIXED + ",".join(broken))
