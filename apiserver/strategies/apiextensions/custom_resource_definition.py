"""Rules of a CustomResourceDefinition."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.apiextensions.names import names as name_rules
from apiserver.strategies.apiextensions.schema import unknown_formats
from apiserver.strategies.apiextensions.versions import conversion, shared, versions
from apiserver.strategies.rules import immutable
from apiserver.strategies.strategy import Context, Strategy
from knarr.api import codec, conditions, names
from knarr.api.apiextensions.custom_resource_definition import (
    CustomResourceConversion,
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
)
from knarr.api.field_errors import FieldError, invalid, not_supported, required
from knarr.api.printing.cells import plain_row

HTTPS_PORT = 443
APPROVAL = "api-approved.kubernetes.io"
PROTECTED = ("k8s.io", "kubernetes.io")
USE_EXTENSION = (
    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
    "spec.versions[*].schema instead"
)


class CustomResourceDefinitionRules(Strategy[CustomResourceDefinition]):
    """What holds for a CustomResourceDefinition."""

    unconditional_update = False
    finalizer_on_delete = "customresourcecleanup.apiextensions.k8s.io"

    def default(self, obj: CustomResourceDefinition) -> CustomResourceDefinition:
        """Fill in names and how versions are converted."""
        spec = replace(
            obj.spec,
            names=_default_names(obj.spec.names),
            conversion=_default_conversion(obj.spec.conversion),
        )
        return replace(obj, spec=spec)

    def prepare_for_create(
        self, obj: CustomResourceDefinition, context: Context
    ) -> CustomResourceDefinition:
        """Objects will be stored in the storage version."""
        return _with_stored_version(obj)

    def prepare_for_update(
        self, obj: CustomResourceDefinition, old: CustomResourceDefinition, context: Context
    ) -> CustomResourceDefinition:
        """Remember every version that objects were ever stored in."""
        return _with_stored_version(obj)

    def prepare_for_status_update(
        self, obj: CustomResourceDefinition, old: CustomResourceDefinition, context: Context
    ) -> CustomResourceDefinition:
        """The storage version stays among the stored ones."""
        return _with_stored_version(obj)

    def validate(self, obj: CustomResourceDefinition) -> Iterable[FieldError]:
        """The rules of every CustomResourceDefinition."""
        return _all(obj, no_versions=[])

    def validate_create(self, obj: CustomResourceDefinition) -> Iterable[FieldError]:
        """A new one is named after its plural and group, and approved where that is asked."""
        if obj.metadata.name != f"{obj.spec.names.plural}.{obj.spec.group}":
            yield invalid(
                "metadata.name", obj.metadata.name, 'must be spec.names.plural+"."+spec.group'
            )
        yield from _all(obj, no_versions=None)
        yield from _approval(obj)
        if obj.spec.preserve_unknown_fields:
            yield invalid(
                "spec.preserveUnknownFields", obj.spec.preserve_unknown_fields, USE_EXTENSION
            )

    def validate_update(
        self, obj: CustomResourceDefinition, old: CustomResourceDefinition
    ) -> Iterable[FieldError]:
        """What is served keeps its names."""
        if not conditions.is_true(old.status.conditions or (), "Established"):
            return
        new, before = obj.spec, old.spec
        yield from immutable(new.group, before.group, "spec.group")
        yield from immutable(new.scope, before.scope, "spec.scope")
        yield from immutable(new.names.kind, before.names.kind, "spec.names.kind")
        yield from immutable(new.names.plural, before.names.plural, "spec.names.plural")

    def validate_status_update(
        self, obj: CustomResourceDefinition, old: CustomResourceDefinition
    ) -> Iterable[FieldError]:
        """Stored versions are versions."""
        return _stored_versions(obj)

    def warnings(
        self, obj: CustomResourceDefinition, old: CustomResourceDefinition | None
    ) -> Iterable[str]:
        """Formats that nothing checks."""
        for version in obj.spec.versions:
            if version.schema is not None and version.schema.open_api_v3_schema is not None:
                for name in unknown_formats(codec.to_plain(version.schema.open_api_v3_schema)):
                    yield f'unrecognized format "{name}"'

    def row(self, obj: CustomResourceDefinition, now: datetime) -> Sequence[Any]:
        """Name and moment of creation."""
        return plain_row(obj.metadata)


def _default_names(given: CustomResourceDefinitionNames) -> CustomResourceDefinitionNames:
    return replace(
        given,
        singular=given.singular or given.kind.lower(),
        list_kind=given.list_kind or (f"{given.kind}List" if given.kind else ""),
    )


def _default_conversion(given: CustomResourceConversion | None) -> CustomResourceConversion:
    given = given or CustomResourceConversion(strategy="None")
    webhook = given.webhook
    if webhook is None or webhook.client_config is None:
        return given
    service = webhook.client_config.service
    if service is None or service.port is not None:
        return given
    config = replace(webhook.client_config, service=replace(service, port=HTTPS_PORT))
    return replace(given, webhook=replace(webhook, client_config=config))


def _with_stored_version(obj: CustomResourceDefinition) -> CustomResourceDefinition:
    storage = next((each.name for each in obj.spec.versions if each.storage), None)
    stored = obj.status.stored_versions
    if storage is None or storage in stored:
        return obj
    return replace(obj, status=replace(obj.status, stored_versions=(*stored, storage)))


def _all(obj: CustomResourceDefinition, *, no_versions: list[Any] | None) -> Iterator[FieldError]:
    yield from _spec(obj.spec, "spec", no_versions=no_versions)
    yield from _stored_versions(obj)


def _spec(
    spec: CustomResourceDefinitionSpec, path: str, *, no_versions: list[Any] | None
) -> Iterator[FieldError]:
    yield from _group(spec.group, f"{path}.group")
    if not spec.scope:
        yield required(f"{path}.scope")
    elif spec.scope not in ("Cluster", "Namespaced"):
        yield not_supported(f"{path}.scope", spec.scope, ("Cluster", "Namespaced"))
    yield from versions(spec, path, no_versions=no_versions)
    for value, name in (
        (spec.names.plural, "plural"),
        (spec.names.singular, "singular"),
        (spec.names.kind, "kind"),
        (spec.names.list_kind, "listKind"),
    ):
        if not value:
            yield required(f"{path}.names.{name}")
    yield from name_rules(spec.names, f"{path}.names")
    yield from shared(spec, path)
    yield from conversion(spec.conversion, f"{path}.conversion")


def _group(group: str, path: str) -> Iterator[FieldError]:
    if not group:
        yield required(path)
        return
    broken = names.dns_subdomain(group)
    if broken:
        yield invalid(path, group, ",".join(broken))
    elif "." not in group:
        yield invalid(path, group, "should be a domain with at least one dot")


def _stored_versions(obj: CustomResourceDefinition) -> Iterator[FieldError]:
    path, stored = "status.storedVersions", obj.status.stored_versions
    if not stored:
        yield invalid(path, None, "must have at least one stored version")
        return
    for version in obj.spec.versions:
        if version.storage and version.name not in stored:
            yield invalid(path, stored, f"must have the storage version {version.name}")
    known = {version.name for version in obj.spec.versions}
    for i, name in enumerate(stored):
        if name not in known:
            yield invalid(
                f"{path}[{i}]",
                name,
                f"missing from spec.versions; {name} was previously a storage version, and must "
                "remain in spec.versions until a storage migration ensures no data remains "
                f"persisted in {name} and removes {name} from status.storedVersions",
            )


def _approval(obj: CustomResourceDefinition) -> Iterator[FieldError]:
    group = obj.spec.group
    if not any(group == each or group.endswith(f".{each}") for each in PROTECTED):
        return
    path, approved = f"metadata.annotations[{APPROVAL}]", obj.metadata.annotations.get(APPROVAL)
    if not approved:
        yield required(
            path,
            f'protected groups must have approval annotation "{APPROVAL}", see '
            "https://github.com/kubernetes/enhancements/pull/1111",
        )
    elif not approved.startswith(("unapproved", "https://", "http://")):
        yield invalid(
            path,
            approved,
            f'protected groups must have approval annotation "{APPROVAL}" with either a URL or a '
            'reason starting with "unapproved", see '
            "https://github.com/kubernetes/enhancements/pull/1111",
        )
