"""The types of custom resource definition in apiextensions."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Base64, Int32, Raw, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class CustomResourceColumnDefinition(ApiStruct):
    """A column of the table that lists show."""

    description: str = ""
    """What the column tells."""
    format: str = ""
    """Format of the value, such as date-time."""
    json_path: str
    """Where in the object the value is."""
    name: str
    """Name of the object."""
    priority: Int32 = 0
    """0 for columns always shown, more for those of the wide form."""
    type: str
    """Type of the value."""


class ServiceReference(ApiStruct):
    """A Service that is asked."""

    name: str
    """Name of the object."""
    namespace: str
    """Namespace of the object."""
    path: str | None = None
    """Path of the URL."""
    port: Int32 | None = None
    """Port of the Service; 443 when absent."""


class WebhookClientConfig(ApiStruct):
    """Where a webhook is reached: a URL or a Service."""

    ca_bundle: Base64 = ""
    """Authorities its certificate is checked against, in base64."""
    service: ServiceReference | None = None
    """Service to ask."""
    url: str | None = None
    """URL to ask."""


class WebhookConversion(ApiStruct):
    """A program that converts objects between versions."""

    client_config: WebhookClientConfig | None = None
    """Where it is reached."""
    conversion_review_versions: tuple[str, ...]
    """Versions of ConversionReview it understands."""


class CustomResourceConversion(ApiStruct):
    """How objects are converted between versions."""

    strategy: str
    """None, or Webhook."""
    webhook: WebhookConversion | None = None
    """The program, for Webhook."""


class CustomResourceDefinitionNames(ApiStruct):
    """What a custom kind is called."""

    categories: tuple[str, ...] = ()
    """Groups of resources it is listed with, such as all."""
    kind: str
    """Kind of the object."""
    list_kind: str = ""
    """Kind of its lists. The server fills in the kind with List behind it."""
    plural: str
    """Name in URLs."""
    short_names: tuple[str, ...] = ()
    """Short names for the command line."""
    singular: str = ""
    """Name for one. The server fills in the kind in small letters."""


class CustomResourceSubresourceScale(ApiStruct):
    """Where in the object scaling is."""

    label_selector_path: str | None = None
    """Where the selector is, as text, below .status or .spec."""
    spec_replicas_path: str
    """Where the number wanted is, below .spec."""
    status_replicas_path: str
    """Where the number observed is, below .status."""


class CustomResourceSubresourceStatus(ApiStruct):
    """Present when the status is written apart."""


class CustomResourceSubresources(ApiStruct):
    """Which subresources a custom kind has."""

    scale: CustomResourceSubresourceScale | None = None
    """Where scaling is."""
    status: CustomResourceSubresourceStatus | None = None
    """What was observed last."""


class ExternalDocumentation(ApiStruct):
    """Where more is written."""

    description: str = ""
    """What is written there."""
    url: str = ""
    """Where it is."""


class ValidationRule(ApiStruct):
    """A CEL rule that a value must meet."""

    field_path: str = ""
    """Path of the field that errors name."""
    message: str = ""
    """Why, in words for people."""
    message_expression: str = ""
    """CEL expression that makes the message."""
    optional_old_self: bool | None = None
    """Whether the rule holds on create too, where there is no old value."""
    reason: str | None = None
    """Why, in one word for programs."""
    rule: str
    """CEL expression over `self` and `oldSelf` that must be true."""


class JSONSchemaProps(ApiStruct):
    """What a value must look like, as OpenAPI schemas say it."""

    additional_items: Raw | None = None
    """Not supported."""
    additional_properties: Raw | None = None
    """Schema of the values of a map."""
    all_of: tuple["JSONSchemaProps", ...] = ()
    """Schemas that must all hold."""
    any_of: tuple["JSONSchemaProps", ...] = ()
    """Schemas of which one must hold."""
    default: Raw | None = None
    """Value that is filled in."""
    definitions: Mapping[str, "JSONSchemaProps"] = {}
    """Not supported."""
    dependencies: Mapping[str, Raw] = {}
    """Not supported."""
    description: str = ""
    """What the value means."""
    dollar_ref: str | None = None
    """Not supported."""
    dollar_schema: str = ""
    """Not supported."""
    enum: tuple[Raw, ...] = ()
    """Values that are allowed."""
    example: Raw | None = None
    """An example."""
    exclusive_maximum: bool = False
    """Whether the maximum itself is not allowed."""
    exclusive_minimum: bool = False
    """Whether the minimum itself is not allowed."""
    external_docs: ExternalDocumentation | None = None
    """Where more is written."""
    format: str = ""
    """Format of the value, such as int32 or date-time."""
    id: str = ""
    """Not supported."""
    items: Raw | None = None
    """Schema of the items of a list."""
    max_items: int | None = None
    """Most items of a list."""
    max_length: int | None = None
    """Most characters of a text."""
    max_properties: int | None = None
    """Most keys of a map."""
    maximum: float | None = None
    """Largest number."""
    min_items: int | None = None
    """Fewest items of a list."""
    min_length: int | None = None
    """Fewest characters of a text."""
    min_properties: int | None = None
    """Fewest keys of a map."""
    minimum: float | None = None
    """Smallest number."""
    multiple_of: float | None = None
    """Number that divides the value."""
    not_: "JSONSchemaProps | None" = None
    """Schema that must not hold."""
    nullable: bool = False
    """Whether null is allowed."""
    one_of: tuple["JSONSchemaProps", ...] = ()
    """Schemas of which exactly one must hold."""
    pattern: str = ""
    """Regular expression that a text must match."""
    pattern_properties: Mapping[str, "JSONSchemaProps"] = {}
    """Not supported."""
    properties: Mapping[str, "JSONSchemaProps"] = {}
    """Schemas of the fields."""
    required: tuple[str, ...] = ()
    """Fields that must be there."""
    title: str = ""
    """A title."""
    type: str = ""
    """object, array, string, integer, number or boolean."""
    unique_items: bool = False
    """Not supported."""
    x_kubernetes_embedded_resource: bool = False
    """Whether the value is a whole object with metadata."""
    x_kubernetes_int_or_string: bool = False
    """Whether a number or a text is allowed."""
    x_kubernetes_list_map_keys: tuple[str, ...] = ()
    """Fields that tell the items of a map-like list apart."""
    x_kubernetes_list_type: str | None = None
    """atomic, set or map."""
    x_kubernetes_map_type: str | None = None
    """granular or atomic."""
    x_kubernetes_preserve_unknown_fields: bool | None = None
    """Whether fields are kept that the schema does not name."""
    x_kubernetes_validations: Annotated[
        tuple[ValidationRule, ...], ListMap("rule"), PatchMerge("rule")
    ] = ()
    """Rules in CEL."""


class CustomResourceValidation(ApiStruct):
    """What objects of a custom kind must look like."""

    open_api_v3_schema: JSONSchemaProps | None = None
    """The schema."""


class SelectableField(ApiStruct):
    """A field that field selectors may name."""

    json_path: str
    """Where in the object it is."""


class CustomResourceDefinitionVersion(ApiStruct):
    """One version of a custom kind."""

    additional_printer_columns: tuple[CustomResourceColumnDefinition, ...] = ()
    """Columns of the table that lists show."""
    deprecated: bool = False
    """Whether clients are warned of it."""
    deprecation_warning: str | None = None
    """The warning, in place of the usual one."""
    name: str
    """Name of the object."""
    schema: CustomResourceValidation | None = None
    """What its objects must look like."""
    selectable_fields: tuple[SelectableField, ...] = ()
    """Fields that field selectors may name."""
    served: bool
    """Whether it is served."""
    storage: bool
    """Whether objects are stored in it; true for exactly one."""
    subresources: CustomResourceSubresources | None = None
    """Which subresources it has."""


class CustomResourceDefinitionSpec(ApiStruct):
    """What a custom kind is."""

    conversion: CustomResourceConversion | None = None
    """How its objects are converted between versions."""
    group: str
    """Group it belongs to."""
    names: CustomResourceDefinitionNames
    """What it is called."""
    preserve_unknown_fields: bool = False
    """Kept for old objects; must be false."""
    scope: str
    """Namespaced or Cluster."""
    versions: tuple[CustomResourceDefinitionVersion, ...]
    """Its versions."""


class CustomResourceDefinitionCondition(ApiStruct):
    """How far a custom kind has come."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """Established, NamesAccepted, NonStructuralSchema, Terminating and others."""
    status: str
    """What was observed last."""


class CustomResourceDefinitionStatus(ApiStruct):
    """How a custom kind is."""

    accepted_names: CustomResourceDefinitionNames = CustomResourceDefinitionNames(
        kind="", plural=""
    )
    """Names it is served under."""
    conditions: Annotated[tuple[CustomResourceDefinitionCondition, ...] | None, ListMap("type")] = (
        written(default=None)
    )
    """What holds and what does not, one entry a type."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    stored_versions: tuple[str, ...] = ()
    """Versions in which objects may be stored."""


class CustomResourceDefinition(ApiStruct):
    """Adds a kind to the API."""

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
