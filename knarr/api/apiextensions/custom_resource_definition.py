"""The types of custom resource definition in apiextensions."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Base64, Int32, Raw, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class CustomResourceColumnDefinition(ApiStruct):
    """TODO."""

    description: str = ""
    """TODO."""
    format: str = ""
    """TODO."""
    json_path: str
    """TODO."""
    name: str
    """Name of the object."""
    priority: Int32 = 0
    """TODO."""
    type: str
    """TODO."""


class ServiceReference(ApiStruct):
    """TODO."""

    name: str
    """Name of the object."""
    namespace: str
    """Namespace of the object."""
    path: str | None = None
    """TODO."""
    port: Int32 | None = None
    """TODO."""


class WebhookClientConfig(ApiStruct):
    """TODO."""

    ca_bundle: Base64 = ""
    """TODO."""
    service: ServiceReference | None = None
    """TODO."""
    url: str | None = None
    """TODO."""


class WebhookConversion(ApiStruct):
    """TODO."""

    client_config: WebhookClientConfig | None = None
    """TODO."""
    conversion_review_versions: tuple[str, ...]
    """TODO."""


class CustomResourceConversion(ApiStruct):
    """TODO."""

    strategy: str
    """TODO."""
    webhook: WebhookConversion | None = None
    """TODO."""


class CustomResourceDefinitionNames(ApiStruct):
    """TODO."""

    categories: tuple[str, ...] = ()
    """TODO."""
    kind: str
    """Kind of the object."""
    list_kind: str = ""
    """TODO."""
    plural: str
    """TODO."""
    short_names: tuple[str, ...] = ()
    """TODO."""
    singular: str = ""
    """TODO."""


class CustomResourceSubresourceScale(ApiStruct):
    """TODO."""

    label_selector_path: str | None = None
    """TODO."""
    spec_replicas_path: str
    """TODO."""
    status_replicas_path: str
    """TODO."""


class CustomResourceSubresourceStatus(ApiStruct):
    """TODO."""


class CustomResourceSubresources(ApiStruct):
    """TODO."""

    scale: CustomResourceSubresourceScale | None = None
    """TODO."""
    status: CustomResourceSubresourceStatus | None = None
    """What was observed last."""


class ExternalDocumentation(ApiStruct):
    """TODO."""

    description: str = ""
    """TODO."""
    url: str = ""
    """TODO."""


class ValidationRule(ApiStruct):
    """TODO."""

    field_path: str = ""
    """TODO."""
    message: str = ""
    """Why, in words for people."""
    message_expression: str = ""
    """TODO."""
    optional_old_self: bool | None = None
    """TODO."""
    reason: str | None = None
    """Why, in one word for programs."""
    rule: str
    """TODO."""


class JSONSchemaProps(ApiStruct):
    """TODO."""

    additional_items: Raw | None = None
    """TODO."""
    additional_properties: Raw | None = None
    """TODO."""
    all_of: tuple["JSONSchemaProps", ...] = ()
    """TODO."""
    any_of: tuple["JSONSchemaProps", ...] = ()
    """TODO."""
    default: Raw | None = None
    """TODO."""
    definitions: Mapping[str, "JSONSchemaProps"] = {}
    """TODO."""
    dependencies: Mapping[str, Raw] = {}
    """TODO."""
    description: str = ""
    """TODO."""
    dollar_ref: str | None = None
    """TODO."""
    dollar_schema: str = ""
    """TODO."""
    enum: tuple[Raw, ...] = ()
    """TODO."""
    example: Raw | None = None
    """TODO."""
    exclusive_maximum: bool = False
    """TODO."""
    exclusive_minimum: bool = False
    """TODO."""
    external_docs: ExternalDocumentation | None = None
    """TODO."""
    format: str = ""
    """TODO."""
    id: str = ""
    """TODO."""
    items: Raw | None = None
    """TODO."""
    max_items: int | None = None
    """TODO."""
    max_length: int | None = None
    """TODO."""
    max_properties: int | None = None
    """TODO."""
    maximum: float | None = None
    """TODO."""
    min_items: int | None = None
    """TODO."""
    min_length: int | None = None
    """TODO."""
    min_properties: int | None = None
    """TODO."""
    minimum: float | None = None
    """TODO."""
    multiple_of: float | None = None
    """TODO."""
    not_: "JSONSchemaProps | None" = None
    """TODO."""
    nullable: bool = False
    """TODO."""
    one_of: tuple["JSONSchemaProps", ...] = ()
    """TODO."""
    pattern: str = ""
    """TODO."""
    pattern_properties: Mapping[str, "JSONSchemaProps"] = {}
    """TODO."""
    properties: Mapping[str, "JSONSchemaProps"] = {}
    """TODO."""
    required: tuple[str, ...] = ()
    """TODO."""
    title: str = ""
    """TODO."""
    type: str = ""
    """TODO."""
    unique_items: bool = False
    """TODO."""
    x_kubernetes_embedded_resource: bool = False
    """TODO."""
    x_kubernetes_int_or_string: bool = False
    """TODO."""
    x_kubernetes_list_map_keys: tuple[str, ...] = ()
    """TODO."""
    x_kubernetes_list_type: str | None = None
    """TODO."""
    x_kubernetes_map_type: str | None = None
    """TODO."""
    x_kubernetes_preserve_unknown_fields: bool | None = None
    """TODO."""
    x_kubernetes_validations: Annotated[
        tuple[ValidationRule, ...], ListMap("rule"), PatchMerge("rule")
    ] = ()
    """TODO."""


class CustomResourceValidation(ApiStruct):
    """TODO."""

    open_api_v3_schema: JSONSchemaProps | None = None
    """TODO."""


class SelectableField(ApiStruct):
    """TODO."""

    json_path: str
    """TODO."""


class CustomResourceDefinitionVersion(ApiStruct):
    """TODO."""

    additional_printer_columns: tuple[CustomResourceColumnDefinition, ...] = ()
    """TODO."""
    deprecated: bool = False
    """TODO."""
    deprecation_warning: str | None = None
    """TODO."""
    name: str
    """Name of the object."""
    schema: CustomResourceValidation | None = None
    """TODO."""
    selectable_fields: tuple[SelectableField, ...] = ()
    """TODO."""
    served: bool
    """TODO."""
    storage: bool
    """TODO."""
    subresources: CustomResourceSubresources | None = None
    """TODO."""


class CustomResourceDefinitionSpec(ApiStruct):
    """TODO."""

    conversion: CustomResourceConversion | None = None
    """TODO."""
    group: str
    """TODO."""
    names: CustomResourceDefinitionNames
    """TODO."""
    preserve_unknown_fields: bool = False
    """TODO."""
    scope: str
    """TODO."""
    versions: tuple[CustomResourceDefinitionVersion, ...]
    """TODO."""


class CustomResourceDefinitionCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """TODO."""
    status: str
    """What was observed last."""


class CustomResourceDefinitionStatus(ApiStruct):
    """TODO."""

    accepted_names: CustomResourceDefinitionNames = CustomResourceDefinitionNames(
        kind="", plural=""
    )
    """TODO."""
    conditions: Annotated[tuple[CustomResourceDefinitionCondition, ...], ListMap("type")] = ()
    """What holds and what does not, one entry a type."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    stored_versions: tuple[str, ...] = ()
    """TODO."""


class CustomResourceDefinition(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: CustomResourceDefinitionSpec
    """What is wanted."""
    status: CustomResourceDefinitionStatus = CustomResourceDefinitionStatus()
    """What was observed last."""
