"""Rules of a custom resource's versions and of what they have in common.

Where all versions say the same, Kubernetes tells of it once, at a path of its
own: `spec.validation` for the schemas, `spec.subresources` and so on.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from apiserver.strategies.admissionregistration.client_config import client_config
from apiserver.strategies.apiextensions.schema import schema as schema_rules
from knarr.api import codec, names
from knarr.api.apiextensions.custom_resource_definition import (
    CustomResourceColumnDefinition,
    CustomResourceConversion,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion,
    CustomResourceSubresources,
    CustomResourceSubresourceScale,
    CustomResourceValidation,
)
from knarr.api.field_errors import FieldError, Told, forbidden, invalid, not_supported, required

TYPES = ("boolean", "date", "integer", "number", "string")
FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")


def versions(
    spec: CustomResourceDefinitionSpec, path: str, *, no_versions: list[Any] | None
) -> Iterator[FieldError]:
    """Each version by name, one of them stored; what differs between them."""
    for i, version in enumerate(spec.versions):
        if version.schema is None or version.schema.open_api_v3_schema is None:
            yield required(f"{path}.versions[{i}].schema.openAPIV3Schema")
    for i, version in enumerate(spec.versions):
        yield from _name(version.name, f"{path}.versions[{i}].name")
        yield from _own(spec, version, f"{path}.versions[{i}]")
    told = [_told(spec, each) for each in spec.versions] or no_versions
    if len({each.name for each in spec.versions}) < len(spec.versions):
        yield invalid(f"{path}.versions", told, "must contain unique version names")
    if sum(each.storage for each in spec.versions) != 1:
        yield invalid(
            f"{path}.versions", told, "must have exactly one version marked as storage version"
        )
    for version in spec.versions[:1]:
        yield from _name(version.name, f"{path}.version")


def _name(name: str, path: str) -> Iterator[FieldError]:
    broken = names.dns_label_1035(name)
    if broken:
        yield invalid(path, name, ",".join(broken))


def _is_shared(spec: CustomResourceDefinitionSpec, name: str) -> bool:
    first = getattr(spec.versions[0], name)
    return all(getattr(each, name) == first for each in spec.versions[1:])


def _told(spec: CustomResourceDefinitionSpec, version: CustomResourceDefinitionVersion) -> Told:
    def own(name: str) -> Any:
        return None if _is_shared(spec, name) else getattr(version, name) or None

    return Told(
        Name=version.name,
        Served=version.served,
        Storage=version.storage,
        Deprecated=version.deprecated,
        DeprecationWarning=version.deprecation_warning,
        Schema=own("schema"),
        Subresources=own("subresources"),
        AdditionalPrinterColumns=own("additional_printer_columns"),
        SelectableFields=own("selectable_fields"),
    )


def _own(
    spec: CustomResourceDefinitionSpec, version: CustomResourceDefinitionVersion, path: str
) -> Iterator[FieldError]:
    if not _is_shared(spec, "schema"):
        yield from _schema(version.schema, f"{path}.schema")
    if not _is_shared(spec, "subresources"):
        yield from _subresources(version.subresources, f"{path}.subresources")
    if not _is_shared(spec, "additional_printer_columns"):
        columns = version.additional_printer_columns
        yield from _columns(columns, f"{path}.additionalPrinterColumns")


def shared(spec: CustomResourceDefinitionSpec, path: str) -> Iterator[FieldError]:
    """What all versions say alike."""
    if not spec.versions:
        return
    first = spec.versions[0]
    if _is_shared(spec, "schema"):
        yield from _schema(first.schema, f"{path}.validation")
    if _is_shared(spec, "subresources"):
        yield from _subresources(first.subresources, f"{path}.subresources")
    if _is_shared(spec, "additional_printer_columns"):
        columns = first.additional_printer_columns
        yield from _columns(columns, f"{path}.additionalPrinterColumns")


def _schema(given: CustomResourceValidation | None, path: str) -> Iterator[FieldError]:
    if given is not None and given.open_api_v3_schema is not None:
        plain = codec.to_plain(given.open_api_v3_schema)
        yield from schema_rules(plain, f"{path}.openAPIV3Schema")


def _subresources(given: CustomResourceSubresources | None, path: str) -> Iterator[FieldError]:
    if given is not None and given.scale is not None:
        yield from _scale(given.scale, f"{path}.scale")


def _scale(scale: CustomResourceSubresourceScale, path: str) -> Iterator[FieldError]:
    for value, name, parent in (
        (scale.spec_replicas_path, "specReplicasPath", ".spec"),
        (scale.status_replicas_path, "statusReplicasPath", ".status"),
    ):
        if not value:
            yield required(f"{path}.{name}")
        elif not value.startswith("."):
            yield invalid(f"{path}.{name}", value, "must be a simple json path starting with .")
        elif not value.startswith(f"{parent}."):
            yield invalid(f"{path}.{name}", value, f"should be a json path under {parent}")
    labels = scale.label_selector_path
    if not labels:
        return
    if not labels.startswith("."):
        yield invalid(
            f"{path}.labelSelectorPath", labels, "must be a simple json path starting with ."
        )
    elif not labels.startswith((".spec.", ".status.")):
        yield invalid(
            f"{path}.labelSelectorPath",
            labels,
            "should be a json path under either .spec or .status",
        )


def _columns(columns: Sequence[CustomResourceColumnDefinition], path: str) -> Iterator[FieldError]:
    for i, column in enumerate(columns):
        yield from _column(column, f"{path}[{i}]")


def _column(column: CustomResourceColumnDefinition, path: str) -> Iterator[FieldError]:
    if not column.name:
        yield required(f"{path}.name")
    if not column.type:
        yield required(f"{path}.type", f"must be one of {','.join(TYPES)}")
    elif column.type not in TYPES:
        yield invalid(f"{path}.type", column.type, f"must be one of {','.join(TYPES)}")
    if column.format and column.format not in FORMATS:
        yield invalid(f"{path}.format", column.format, f"must be one of {','.join(FORMATS)}")
    if not column.json_path:
        yield required(f"{path}.JSONPath")
    elif not column.json_path.startswith("."):
        yield invalid(
            f"{path}.JSONPath", column.json_path, "must be a simple json path starting with ."
        )


def conversion(given: CustomResourceConversion | None, path: str) -> Iterator[FieldError]:
    """How objects get from one version to another."""
    if given is None:
        return
    if not given.strategy:
        yield required(f"{path}.strategy")
    elif given.strategy not in ("None", "Webhook"):
        yield not_supported(f"{path}.strategy", given.strategy, ("None", "Webhook"))
    webhook = given.webhook
    if given.strategy == "Webhook":
        if webhook is None or webhook.client_config is None:
            yield required(
                f"{path}.webhookClientConfig", "required when strategy is set to Webhook"
            )
        else:
            yield from client_config(webhook.client_config, f"{path}.webhookClientConfig")
        yield from _review_versions(
            webhook.conversion_review_versions if webhook is not None else (),
            f"{path}.conversionReviewVersions",
        )
    elif webhook is not None:
        yield forbidden(
            f"{path}.webhookClientConfig", "should not be set when strategy is not set to Webhook"
        )


def _review_versions(given: Sequence[str], path: str) -> Iterator[FieldError]:
    if not given:
        yield required(path)
    elif not any(each in ("v1", "v1beta1") for each in given):
        yield invalid(path, given, "must include at least one of v1, v1beta1")
