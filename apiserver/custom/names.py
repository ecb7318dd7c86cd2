"""Which of the names a definition asks for it gets."""

from collections.abc import Iterable, Sequence

from knarr.api.apiextensions.custom_resource_definition import (
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
)

_EMPTY = CustomResourceDefinitionNames(kind="", plural="")


def taken(others: Iterable[CustomResourceDefinition]) -> tuple[set[str], set[str]]:
    """The words for resources and for kinds that other definitions of the group hold."""
    resources: set[str] = set()
    kinds: set[str] = set()
    for other in others:
        names = other.status.accepted_names
        resources |= {names.plural, names.singular, *names.short_names}
        kinds |= {names.kind, names.list_kind}
    return resources - {""}, kinds - {""}


def accepted(
    definition: CustomResourceDefinition, others: Sequence[CustomResourceDefinition]
) -> tuple[CustomResourceDefinitionNames, str, str]:
    """The names it gets, and the reason and message of the last that it does not."""
    resources, kinds = taken(others)
    wanted = definition.spec.names
    before = definition.status.accepted_names
    reason = message = ""

    def ask(word: str, held: set[str], why: str, kept: str) -> str:
        nonlocal reason, message
        if not word or word not in held:
            return word
        reason, message = why, f'"{word}" is already in use'
        return kept

    plural = ask(wanted.plural, resources, "PluralConflict", before.plural)
    singular = ask(wanted.singular, resources, "SingularConflict", before.singular)
    conflicting = [word for word in wanted.short_names if word in resources]
    short_names = wanted.short_names
    if conflicting:
        reason, message = "ShortNamesConflict", _all(conflicting)
        short_names = before.short_names
    kind = ask(wanted.kind, kinds, "KindConflict", before.kind)
    list_kind = ask(wanted.list_kind, kinds, "ListKindConflict", before.list_kind)
    found = CustomResourceDefinitionNames(
        plural=plural,
        singular=singular,
        short_names=short_names,
        kind=kind,
        list_kind=list_kind,
        categories=wanted.categories,
    )
    return found, reason, message


def _all(words: Sequence[str]) -> str:
    told = [f'"{word}" is already in use' for word in words]
    return told[0] if len(told) == 1 else f"[{', '.join(told)}]"
