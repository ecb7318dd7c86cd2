"""TODO."""

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
    """TODO."""
    message_expression: str = ""
    """TODO."""
    reason: str | None = None
    """TODO."""


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
    """TODO."""
    observed_generation: int = 0
    """TODO."""
    type_checking: TypeChecking | None = None
    """TODO."""


class ValidatingAdmissionPolicy(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: ValidatingAdmissionPolicySpec = ValidatingAdmissionPolicySpec()
    """TODO."""
    status: ValidatingAdmissionPolicyStatus = ValidatingAdmissionPolicyStatus()
    """TODO."""


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
    """TODO."""
    spec: ValidatingAdmissionPolicyBindingSpec
    """TODO."""
