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
    """Something to be written into the audit log."""

    key: str
    """Key of the annotation."""
    value_expression: str
    """CEL expression that makes its value."""


class ExpressionWarning(ApiStruct):
    """A doubt about an expression."""

    field_ref: str
    """Field the expression stands in."""
    warning: str
    """What is doubtful."""


class TypeChecking(ApiStruct):
    """What a check of the expressions' types found."""

    expression_warnings: tuple[ExpressionWarning, ...] = ()
    """The doubts."""


class Validation(ApiStruct):
    """A rule that objects must meet."""

    expression: str
    """CEL expression that must be true."""
    message: str = ""
    """Why, in words for people."""
    message_expression: str = ""
    """CEL expression that makes the message."""
    reason: str | None = None
    """Why, in one word for programs."""


class ValidatingAdmissionPolicySpec(ApiStruct):
    """What a policy asks of objects, and when."""

    audit_annotations: tuple[AuditAnnotation, ...] = ()
    """Entries for the audit log."""
    failure_policy: str | None = None
    """Fail or Ignore when an expression cannot be evaluated."""
    match_conditions: Annotated[
        tuple[MatchCondition, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """Further conditions, as CEL expressions."""
    match_constraints: MatchResources | None = None
    """Requests that are looked at."""
    param_kind: ParamKind | None = None
    """Kind of the parameters."""
    validations: tuple[Validation, ...] = ()
    """The rules."""
    variables: Annotated[tuple[Variable, ...], ListMap("name"), PatchMerge("name")] = ()
    """Values for the expressions."""


class ValidatingAdmissionPolicyStatus(ApiStruct):
    """What is known of a policy."""

    conditions: Annotated[tuple[Condition, ...], ListMap("type")] = ()
    """What holds and what does not, one entry a type."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    type_checking: TypeChecking | None = None
    """What a check of the expressions' types found."""


class ValidatingAdmissionPolicy(ApiStruct):
    """Refuses objects that break rules written in CEL."""

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
    """Where a policy holds and what it does."""

    match_resources: MatchResources | None = None
    """Narrows the requests further."""
    param_ref: ParamRef | None = None
    """Parameters it gets."""
    policy_name: str
    """Policy that is meant."""
    validation_actions: Annotated[tuple[str, ...], ListSet()]
    """Deny, Warn and Audit."""


class ValidatingAdmissionPolicyBinding(ApiStruct):
    """Puts a validating policy in force."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ValidatingAdmissionPolicyBindingSpec
    """What is wanted."""
