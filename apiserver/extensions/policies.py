"""Admission policies: expressions that refuse, warn or change, bound to what they concern."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, cast

import msgspec
from msgspec import Struct

from apiserver.admission.admission import Admission, Attributes, Operation, View
from apiserver.extensions.authorizer import Decide, authorizer_for
from apiserver.extensions.matching import is_exempt, labels_match, matched_kind
from apiserver.extensions.mutations import mutated
from apiserver.extensions.review import objects, plain, request_of
from apiserver.extensions.variables import Variables
from apiserver.registry.core import Core
from apiserver.schemas.rules import message_of
from knarr.api import selectors
from knarr.api.admissionregistration.matching import MatchResources, ParamKind, ParamRef
from knarr.api.admissionregistration.mutating_admission_policy import (
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
)
from knarr.api.admissionregistration.validating_admission_policy import (
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    Validation,
)
from knarr.api.core.namespace import Namespace
from knarr.api.errors import ApiError
from knarr.api.kind import Kind
from knarr.api.meta.status import Status, StatusCause, StatusDetails
from knarr.cel.errors import CelError, CelSyntaxError
from knarr.cel.program import program

FAILURES = "validation.policy.admission.k8s.io/validation_failure"
"""The annotation of the audit log that lists failed validations."""

_CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413, "Invalid": 422}


class PolicyError(Exception):
    """A policy cannot be evaluated."""


class PolicyDenialError(ApiError):
    """What a policy refused, for the reason it gave."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.message, details=status.details)
        self._status = status

    def to_status(self) -> Status:
        """The refusal."""
        return self._status


class _Bound(Struct, frozen=True):
    """A policy with a binding and one of its parameters."""

    policy: Any
    binding: Any
    kind: Kind
    variables: Mapping[str, Any]


class _Policies(Admission):
    operations: ClassVar[frozenset[Operation]] = frozenset(
        {"CREATE", "UPDATE", "DELETE", "CONNECT"}
    )
    subresources: ClassVar[frozenset[str]] = frozenset({"*"})

    def __init__(self, policy_type: type[Any], binding_type: type[Any], decide: Decide) -> None:
        self._policy_type = policy_type
        self._binding_type = binding_type
        self._decide = decide

    def _bound(self, attributes: Attributes, core: Core) -> Iterator[_Bound]:
        policies = core.list(self._policy_type)
        if not policies or is_exempt(attributes.kind):
            return
        bindings = core.list(self._binding_type)
        for policy in policies:
            kind = _concerns(policy.spec.match_constraints, attributes, core)
            if kind is None:
                continue
            for binding in bindings:
                if binding.spec.policy_name == policy.metadata.name and _is_in(
                    binding.spec.match_resources, attributes, core
                ):
                    yield from self._with_params(policy, binding, kind, attributes, core)

    def _with_params(
        self, policy: Any, binding: Any, kind: Kind, attributes: Attributes, core: Core
    ) -> Iterator[_Bound]:
        known = _variables(attributes, kind, core)
        known["authorizer"] = authorizer_for(self._decide, attributes)
        try:
            params = list(_params(policy.spec.param_kind, binding.spec.param_ref, attributes, core))
        except PolicyError as error:
            self._failed(policy, binding, attributes, f"failed to configure binding: {error}")
            return
        for param in params:
            variables = {**known, "params": param} if policy.spec.param_kind else known
            variables = {**variables, "variables": Variables(policy.spec.variables, variables)}
            try:
                if _conditions_hold(policy, variables):
                    yield _Bound(policy, binding, kind, variables)
            except PolicyError as error:
                self._failed(policy, binding, attributes, str(error))

    def _failed(self, policy: Any, binding: Any, attributes: Attributes, why: str) -> None:
        """A policy that cannot be evaluated refuses, unless its failures are to be ignored."""
        if policy.spec.failure_policy != "Ignore":
            raise denial(attributes, policy, binding, why, "")


class ValidatingPolicies(_Policies):
    """Refuses what policies do not allow, or warns of it."""

    def __init__(self, decide: Decide) -> None:
        super().__init__(ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, decide)

    async def validate(self, attributes: Attributes, view: View) -> None:
        """Raise what the first policy refuses."""
        refused: list[ApiError] = []
        failures: list[dict[str, Any]] = []
        for bound in self._bound(attributes, cast("Core", view)):
            for index, validation, told in _all_broken(bound):
                actions = bound.binding.spec.validation_actions
                if "Warn" in actions:
                    attributes.warnings.append(_warning(bound, told))
                if "Audit" in actions:
                    failures.append(_failure(bound, index, told))
                if "Deny" in actions:
                    reason = validation.reason or ""
                    refused.append(denial(attributes, bound.policy, bound.binding, told, reason))
            _annotate(attributes, bound)
        if failures:
            attributes.audit[FAILURES] = msgspec.json.encode(failures).decode()
        if refused:
            raise refused[0]


class MutatingPolicies(_Policies):
    """Changes what is stored as policies say."""

    def __init__(self, decide: Decide) -> None:
        super().__init__(MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, decide)

    async def admit(self, attributes: Attributes, view: View) -> Any:
        """The object as the policies want it."""
        core = cast("Core", view)
        if attributes.object is None:
            return None
        for bound in self._bound(attributes, core):
            policy = bound.policy
            if attributes.is_reinvocation and policy.spec.reinvocation_policy != "IfNeeded":
                continue
            for mutation in policy.spec.mutations:
                variables = {**bound.variables, "object": plain(attributes.object, attributes.kind)}
                try:
                    attributes.object = mutated(core, attributes, mutation, variables)
                except (CelError, CelSyntaxError) as error:
                    self._failed(policy, bound.binding, attributes, str(error))
        return attributes.object


def _concerns(
    constraints: MatchResources | None, attributes: Attributes, core: Core
) -> Kind | None:
    """The kind under which a policy looks at a request, None where it does not."""
    if constraints is None:
        return None
    policy = constraints.match_policy
    kind = matched_kind(constraints.resource_rules, attributes, core.kinds, policy)
    if kind is None or not labels_match(
        constraints.namespace_selector, constraints.object_selector, attributes, core
    ):
        return None
    excluded = matched_kind(constraints.exclude_resource_rules, attributes, core.kinds, policy)
    return kind if excluded is None else None


def _is_in(resources: MatchResources | None, attributes: Attributes, core: Core) -> bool:
    """Whether a binding concerns a request; one that says nothing concerns all."""
    if resources is None:
        return True
    if resources.resource_rules:
        return _concerns(resources, attributes, core) is not None
    excluded = matched_kind(
        resources.exclude_resource_rules, attributes, core.kinds, resources.match_policy
    )
    return excluded is None and labels_match(
        resources.namespace_selector, resources.object_selector, attributes, core
    )


def _variables(attributes: Attributes, kind: Kind, core: Core) -> dict[str, Any]:
    namespace = core.get(Namespace, "", attributes.namespace) if attributes.namespace else None
    return {
        **objects(attributes),
        "request": request_of(attributes, kind),
        "namespaceObject": plain(namespace, core.resource(Namespace).kind),
    }


def _params(
    kind: ParamKind | None, reference: ParamRef | None, attributes: Attributes, core: Core
) -> Iterator[Any]:
    """The parameters of a binding; null for a policy that takes none."""
    if kind is None or reference is None:
        yield None
        return
    row = core.kinds.by_kind(kind.api_version, kind.kind)
    if row is None:
        raise PolicyError(f"failed to find resource referenced by paramKind: '{kind.kind}'")
    namespace = (reference.namespace or attributes.namespace) if row.namespaced else ""
    if row.namespaced and not namespace:
        raise PolicyError(
            "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
        )
    found = list(_found(core, row, reference, namespace))
    if not found:
        if reference.parameter_not_found_action == "Allow":
            return
        raise PolicyError("no params found for policy binding with `Deny` parameterNotFoundAction")
    yield from found


def _found(core: Core, kind: Kind, reference: ParamRef, namespace: str) -> Iterator[Any]:
    resource = core.resource_of(kind)
    if reference.name:
        entry = resource.cache.get(resource.key(namespace, reference.name))
        if entry is not None:
            yield plain(entry.object, kind)
        return
    chosen = selectors.from_object(reference.selector)
    for entry in resource.cache.entries(namespace):
        if chosen.matches(entry.labels):
            yield plain(entry.object, kind)


def _conditions_hold(policy: Any, variables: Mapping[str, Any]) -> bool:
    failed: list[str] = []
    for condition in policy.spec.match_conditions:
        try:
            if program(condition.expression).evaluate(variables) is not True:
                return False
        except (CelError, CelSyntaxError) as error:
            failed.append(f"expression '{condition.expression}' resulted in error: {error}")
    if failed:
        raise PolicyError("; ".join(failed))
    return True


def _all_broken(bound: _Bound) -> Iterator[tuple[int, Validation, str]]:
    """The validations that fail, with their places and why."""
    for index, validation in enumerate(bound.policy.spec.validations):
        told = _broken(validation, bound)
        if told is not None:
            yield index, validation, told


def _broken(validation: Validation, bound: _Bound) -> str | None:
    """Why a validation fails; None when it holds or its failure is to be ignored."""
    text = validation.expression.strip()
    try:
        if program(validation.expression).evaluate(bound.variables) is True:
            return None
    except (CelError, CelSyntaxError) as error:
        if bound.policy.spec.failure_policy == "Ignore":
            return None
        return f"expression '{text}' resulted in error: {error}"
    if validation.message_expression:
        told = message_of(program(validation.message_expression), bound.variables)
        if told:
            return told
    return validation.message.strip() or f"failed expression: {text}"


def _failure(bound: _Bound, index: int, told: str) -> dict[str, Any]:
    """A failed validation as the audit log has it."""
    return {
        "message": told,
        "policy": bound.policy.metadata.name,
        "binding": bound.binding.metadata.name,
        "expressionIndex": str(index),
        "validationActions": list(bound.binding.spec.validation_actions),
    }


def _annotate(attributes: Attributes, bound: _Bound) -> None:
    """Note what a policy wants in the audit log; what cannot be worked out is left out."""
    for annotation in bound.policy.spec.audit_annotations:
        try:
            value = program(annotation.value_expression).evaluate(bound.variables)
        except (CelError, CelSyntaxError):
            continue
        if not isinstance(value, str) or not value.strip():
            continue
        key = f"{bound.policy.metadata.name}/{annotation.key}"
        before = attributes.audit.get(key)
        said = before.split(", ") if before else []
        if value.strip() not in said:
            attributes.audit[key] = ", ".join([*said, value.strip()])


def _warning(bound: _Bound, told: str) -> str:
    return (
        f"Validation failed for ValidatingAdmissionPolicy '{bound.policy.metadata.name}' with "
        f"binding '{bound.binding.metadata.name}': {told}"
    )


def denial(
    attributes: Attributes, policy: Any, binding: Any, told: str, reason: str
) -> PolicyDenialError:
    """The refusal of a policy in Kubernetes' words."""
    kind, name = attributes.kind, attributes.name
    reason = reason or "Invalid"
    message = (
        f"{type(policy).__name__} '{policy.metadata.name}' with binding "
        f"'{binding.metadata.name}' denied request: {told}"
    )
    what = f'{kind.resource} "{name}"' if name else kind.resource
    return PolicyDenialError(
        Status(
            status="Failure",
            message=f"{what} is forbidden: {message}",
            reason=reason,
            code=_CODES.get(reason, 422),
            details=StatusDetails(
                name=name,
                group=kind.group,
                kind=kind.plural,
                causes=(StatusCause(message=message),),
            ),
        )
    )
