"""What the registry is to know of the versions of a CustomResourceDefinition."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from apiserver.custom.conversion import Converter, FieldsOfVersions, WebhookView
from apiserver.custom.strategy import CustomStrategy
from apiserver.custom.viewing import PlainView
from apiserver.extensions.calls import Calls
from apiserver.registry.core import Core
from apiserver.registry.custom_version import CustomVersion, Enrichment
from apiserver.schemas.structural import structural
from apiserver.strategies.strategy import ScalePaths
from knarr.api import codec
from knarr.api.apiextensions.custom_resource_definition import (
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionVersion,
    CustomResourceSubresourceScale,
)
from knarr.api.apply.schema import from_open_api
from knarr.api.kind import ALL_VERBS, Kind, PrinterColumn, Subresource

_PARTIAL = ("get", "patch", "update")
_KUBE_VERSION = re.compile(r"v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?")
_STAGES = {None: 3, "beta": 2, "alpha": 1}


def custom_versions(
    definition: CustomResourceDefinition, core: Core, calls: Calls
) -> tuple[tuple[CustomVersion, ...], Enrichment | None]:
    """All versions, best first, and what adds their own fields to entries where it takes that."""
    conversion = definition.spec.conversion
    webhook = conversion.webhook if conversion is not None else None
    if webhook is None or len(definition.spec.versions) == 1:
        selectable: dict[str, str] = {}
        for version in definition.spec.versions:
            selectable.update(_selectable(version))
        found = [_alike(definition, each, selectable) for each in definition.spec.versions]
        return _best_first(found), None
    converter = Converter(core, calls, webhook)
    found, fields = [], []
    for version in definition.spec.versions:
        made, view, strategy = _converted(definition, version, converter)
        found.append(made)
        if made.selectable:
            fields.append((made.own_fields, strategy, view))
    return _best_first(found), FieldsOfVersions(fields) if fields else None


def _best_first(found: list[CustomVersion]) -> tuple[CustomVersion, ...]:
    return tuple(sorted(found, key=lambda each: version_rank(each.kind.version), reverse=True))


def version_rank(version: str) -> tuple[Any, ...]:
    """Sorts versions: v2 over v1 over v1beta1 over v1alpha1 over all others by name."""
    match = _KUBE_VERSION.fullmatch(version)
    if match is None:
        return (0, 0, 0, tuple(-ord(c) for c in version))
    major, stage, minor = match.groups()
    return (_STAGES[stage], int(major), int(minor or 0), ())


def stored_version(definition: CustomResourceDefinition) -> CustomResourceDefinitionVersion:
    """The version objects are stored in."""
    return next(each for each in definition.spec.versions if each.storage)


def open_api_schema(version: CustomResourceDefinitionVersion) -> dict[str, Any]:
    """The schema of a version as plain JSON."""
    if version.schema is None or version.schema.open_api_v3_schema is None:
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    plain: dict[str, Any] = codec.to_plain(version.schema.open_api_v3_schema)
    return plain


def _converted(
    definition: CustomResourceDefinition,
    version: CustomResourceDefinitionVersion,
    converter: Converter,
) -> tuple[CustomVersion, WebhookView, CustomStrategy]:
    """A version of a definition whose versions a program converts."""
    kind = kind_of_version(definition, version)
    plain = open_api_schema(version)
    strategy = _strategy(kind, version, plain, _selectable(version))
    stored = kind_of_version(definition, stored_version(definition))
    view = WebhookView(converter, kind, stored, strategy)
    made = CustomVersion(
        kind=kind,
        strategy=strategy,
        merging=from_open_api(plain),
        coerce=strategy.coerce,
        selectable=_selectable(version),
        viewing=view,
        own_fields=f"{version.name}:",
    )
    return made, view, strategy


def _alike(
    definition: CustomResourceDefinition,
    version: CustomResourceDefinitionVersion,
    selectable: Mapping[str, str],
) -> CustomVersion:
    """A version of a definition whose versions differ only in their schemas."""
    kind = kind_of_version(definition, version)
    plain = open_api_schema(version)
    strategy = _strategy(kind, version, plain, selectable)
    viewing = None
    if not version.storage:
        stored = stored_version(definition)
        stored_kind = kind_of_version(definition, stored)
        viewing = PlainView(
            strategy, _strategy(stored_kind, stored, open_api_schema(stored), selectable)
        )
    return CustomVersion(
        kind=kind,
        strategy=strategy,
        merging=from_open_api(plain),
        coerce=strategy.coerce,
        selectable=_selectable(version),
        viewing=viewing,
    )


def _strategy(
    kind: Kind,
    version: CustomResourceDefinitionVersion,
    plain: dict[str, Any],
    selectable: Mapping[str, str],
) -> CustomStrategy:
    parts = version.subresources
    return CustomStrategy(
        kind,
        structural(plain),
        has_status=parts is not None and parts.status is not None,
        scale_paths=_scale(parts.scale) if parts is not None else None,
        selectable=selectable,
    )


def _scale(given: CustomResourceSubresourceScale | None) -> ScalePaths | None:
    if given is None:
        return None
    return ScalePaths(
        given.spec_replicas_path, given.status_replicas_path, given.label_selector_path or ""
    )


def _selectable(version: CustomResourceDefinitionVersion) -> Mapping[str, str]:
    return {each.json_path.removeprefix("."): each.json_path for each in version.selectable_fields}


def kind_of_version(
    definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion
) -> Kind:
    """The row of a version in the table of kinds, under the names that are accepted."""
    accepted = definition.status.accepted_names
    names = accepted if accepted.kind else definition.spec.names
    return Kind(
        definition.spec.group,
        version.name,
        names.plural,
        names.kind,
        "",
        namespaced=definition.spec.scope == "Namespaced",
        verbs=ALL_VERBS,
        short_names=names.short_names,
        categories=names.categories,
        subresources=_subresources(version, names),
        singular=names.singular or names.kind.lower(),
        list_name=names.list_kind or f"{names.kind}List",
        columns=_columns(version),
        stored_version=stored_version(definition).name,
        deprecation=_deprecation(definition, version),
    )


def _subresources(
    version: CustomResourceDefinitionVersion, names: CustomResourceDefinitionNames
) -> tuple[Subresource, ...]:
    given = version.subresources
    found = []
    if given is not None and given.status is not None:
        found.append(Subresource("status", _PARTIAL, names.kind))
    if given is not None and given.scale is not None:
        found.append(Subresource("scale", _PARTIAL, "Scale", "autoscaling", "v1"))
    return tuple(found)


def _columns(version: CustomResourceDefinitionVersion) -> tuple[PrinterColumn, ...]:
    return tuple(
        PrinterColumn(
            each.name, each.type, each.json_path, each.format, each.description, each.priority
        )
        for each in version.additional_printer_columns
    )


def _deprecation(
    definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion
) -> str:
    if not version.deprecated:
        return ""
    if version.deprecation_warning is not None:
        return version.deprecation_warning
    group, kind = definition.spec.group, definition.spec.names.kind
    told = f"{group}/{version.name} {kind} is deprecated"
    better = _replacement(definition.spec.versions, version)
    return f"{told}; use {group}/{better} {kind}" if better else told


def _replacement(
    versions: Sequence[CustomResourceDefinitionVersion], old: CustomResourceDefinitionVersion
) -> str:
    """The best version that is served and not deprecated, if it is better than the old one."""
    good = [each.name for each in versions if each.served and not each.deprecated]
    best = max(good, key=version_rank, default="")
    return best if best and version_rank(best) > version_rank(old.name) else ""
