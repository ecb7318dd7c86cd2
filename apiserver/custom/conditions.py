"""What a definition's status says of it."""

from collections.abc import Sequence

from msgspec.structs import replace

from apiserver.custom.names import accepted
from knarr.api.apiextensions.custom_resource_definition import (
    CustomResourceDefinition,
    CustomResourceDefinitionCondition,
    CustomResourceDefinitionStatus,
)
from knarr.api.scalars import Time

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer that holds a definition until its objects are gone."""

_APPROVAL = "api-approved.kubernetes.io"
_PROTECTED = ("k8s.io", "kubernetes.io")

Condition = CustomResourceDefinitionCondition


def condition(definition: CustomResourceDefinition, name: str) -> Condition | None:
    """The condition of a type."""
    return next((each for each in definition.status.conditions or () if each.type == name), None)


def is_established(definition: CustomResourceDefinition) -> bool:
    """Whether the kind is to be served."""
    found = condition(definition, "Established")
    return found is not None and found.status == "True"


def with_condition(
    conditions: Sequence[Condition], wanted: Condition, now: Time
) -> tuple[Condition, ...]:
    """The conditions with this one; its time is that of the last change of its status."""
    before = next((each for each in conditions if each.type == wanted.type), None)
    if before is None:
        return (*conditions, replace(wanted, last_transition_time=now))
    since = before.last_transition_time if before.status == wanted.status else now
    made = replace(wanted, last_transition_time=since)
    return tuple(made if each.type == wanted.type else each for each in conditions)


def judged(
    definition: CustomResourceDefinition, others: Sequence[CustomResourceDefinition], now: Time
) -> CustomResourceDefinitionStatus:
    """The status with the names that are accepted and whether the kind is served."""
    names, reason, message = accepted(definition, others)
    conditions: tuple[Condition, ...] = definition.status.conditions or ()
    conditions = with_condition(
        conditions,
        Condition(
            type="NamesAccepted",
            status="False" if reason else "True",
            reason=reason or "NoConflicts",
            message=message or "no conflicts found",
        ),
        now,
    )
    if not is_established(definition):
        conditions = with_condition(conditions, _established(is_accepted=not reason), now)
    approval = _approval(definition)
    if approval is not None:
        conditions = with_condition(conditions, approval, now)
    return replace(definition.status, accepted_names=names, conditions=conditions)


def _established(*, is_accepted: bool) -> Condition:
    if not is_accepted:
        return Condition(
            type="Established",
            status="False",
            reason="NotAccepted",
            message="not all names are accepted",
        )
    return Condition(
        type="Established",
        status="True",
        reason="InitialNamesAccepted",
        message="the initial names have been accepted",
    )


def _approval(definition: CustomResourceDefinition) -> Condition | None:
    group = definition.spec.group
    if not any(group == each or group.endswith(f".{each}") for each in _PROTECTED):
        return None
    told = definition.metadata.annotations.get(_APPROVAL, "")
    name = "KubernetesAPIApprovalPolicyConformant"
    if told.startswith(("http://", "https://")):
        return Condition(
            type=name, status="True", reason="ApprovedAnnotation", message=f"approved in {told}"
        )
    if told.startswith("unapproved"):
        return Condition(
            type=name,
            status="False",
            reason="UnapprovedAnnotation",
            message=f'not approved: "{told}"',
        )
    why = f'protected groups must have approval annotation "{_APPROVAL}"'
    return Condition(type=name, status="False", reason="MissingAnnotation", message=why)


def terminating(
    definition: CustomResourceDefinition, reason: str, message: str, now: Time, *, status: str
) -> CustomResourceDefinitionStatus:
    """The status of a definition that goes."""
    wanted = Condition(type="Terminating", status=status, reason=reason, message=message)
    conditions = with_condition(definition.status.conditions or (), wanted, now)
    return replace(definition.status, conditions=conditions)
