"""The types of validating admission policy in admissionregistration."""

from typing import Annotated

from knarr.api.admissionregistration.matching import (
    MatchCondition,
    MatchResources,
    ParamKind,
    ParamRef,
    Variable,
)
from knarr.api.meta.condition import Condition
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct, ListMap, ListSet, PatchMerge


class AuditAnnotation(ApiStruct):
    """TODO."""

    key: str
    """TODO."""
    value_expression: str
    """TODO."""


class ExpressionWarning(ApiStruct):
    """TODO."""

    field_ref: str
    """TODO."""
    warning: str
    """TODO."""


class TypeChecking(ApiStruct):
    """TODO."""

    expression_warnings: tuple[ExpressionWarning, ...] = ()
    """TODO."""


class Validation(ApiStruct):
    """TODO."""

    expression: str
    """TODO."""
    message: str = ""
    """Why, in words for people."""
    message_expression: str = ""
    """TODO."""
    reason: str | None = None
    """Why, in one word for programs."""


class ValidatingAdmissionPolicySpec(ApiStruct):
    """TODO."""

    audit_annotations: tuple[AuditAnnotation, ...] = ()
    """TODO."""
    failure_policy: str | None = None
    """TODO."""
    match_conditions: Annotated[
        tuple[MatchCondition, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """TODO."""
    match_constraints: MatchResources | None = None
    """TODO."""
    param_kind: ParamKind | None = None
    """TODO."""
    validations: tuple[Validation, ...] = ()
    """TODO."""
    variables: Annotated[tuple[Variable, ...], ListMap("name"), PatchMerge("name")] = ()
    """TODO."""


class ValidatingAdmissionPolicyStatus(ApiStruct):
    """TODO."""

    conditions: Annotated[tuple[Condition, ...], ListMap("type")] = ()
    """What holds and what does not, one entry a type."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    type_checking: TypeChecking | None = None
    """TODO."""


class ValidatingAdmissionPolicy(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ValidatingAdmissionPolicySpec = ValidatingAdmissionPolicySpec()
    """What is wanted."""
    status: ValidatingAdmissionPolicyStatus = ValidatingAdmissionPolicyStatus()
    """What was observed last."""


class ValidatingAdmissionPolicyBindingSpec(ApiStruct):
    """TODO."""

    match_resources: MatchResources | None = None
    """TODO."""
    param_ref: ParamRef | None = None
    """TODO."""
    policy_name: str
    """TODO."""
    validation_actions: Annotated[tuple[str, ...], ListSet()]
    """TODO."""


class ValidatingAdmissionPolicyBinding(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ValidatingAdmissionPolicyBindingSpec
    """What is wanted."""
