"""Rules of admission policies, validating and mutating, and of their bindings."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies import expressions
from apiserver.strategies.admissionregistration.matching import (
    NO_EXPRESSION,
    default_match,
    match_conditions,
    match_resources,
    param_kind,
    param_ref,
    variables,
)
from apiserver.strategies.admissionregistration.validation import (
    audit_annotations,
    validation,
    validation_actions,
)
from apiserver.strategies.rules import one_of
from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.admissionregistration.matching import MatchResources
from knarr.api.admissionregistration.mutating_admission_policy import (
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    MutatingAdmissionPolicySpec,
    Mutation,
)
from knarr.api.admissionregistration.validating_admission_policy import (
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicySpec,
)
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    forbidden,
    not_supported,
    required,
)
from knarr.api.printing.admissionregistration import binding_row, policy_row

FAILURES = ("Fail", "Ignore")
NO_RULES = "validations or auditAnnotations must contain at least one item"


class ValidatingAdmissionPolicyRules(Strategy[ValidatingAdmissionPolicy]):
    """What holds for a ValidatingAdmissionPolicy."""

    def default(self, obj: ValidatingAdmissionPolicy) -> ValidatingAdmissionPolicy:
        """A policy that cannot be asked denies; what it matches is spelt out."""
        spec = obj.spec
        constraints, policy = spec.match_constraints, spec.failure_policy
        defaulted = replace(
            spec,
            failure_policy="Fail" if policy is None else policy,
            match_constraints=default_match(constraints) if constraints is not None else None,
        )
        return replace(obj, spec=defaulted)

    def validate(self, obj: ValidatingAdmissionPolicy) -> Iterable[FieldError]:
        """What it is asked for and the expressions it asks."""
        return _validating(obj.spec, obj.metadata.name, "spec")

    def row(self, obj: ValidatingAdmissionPolicy, now: datetime) -> Sequence[Any]:
        """Name, validations, kind of parameters, age."""
        return policy_row(obj.metadata, len(obj.spec.validations), obj.spec.param_kind, now)


def _validating(spec: ValidatingAdmissionPolicySpec, name: str, path: str) -> Iterator[FieldError]:
    has_params = spec.param_kind is not None
    known = [each.name for each in spec.variables]
    yield from one_of(spec.failure_policy, f"{path}.failurePolicy", FAILURES)
    if spec.param_kind is not None:
        yield from param_kind(spec.param_kind, f"{path}.paramKind")
    yield from _constraints(spec.match_constraints, f"{path}.matchConstraints")
    yield from match_conditions(spec.match_conditions, f"{path}.matchConditions")
    yield from variables(spec.variables, f"{path}.variables", has_params=has_params)
    if not spec.validations and not spec.audit_annotations:
        yield required(f"{path}.validations", NO_RULES)
        yield required(f"{path}.auditAnnotations", NO_RULES)
    for i, each in enumerate(spec.validations):
        yield from validation(
            each, f"{path}.validations[{i}]", has_params=has_params, variables=known
        )
    yield from audit_annotations(spec.audit_annotations, name, f"{path}.auditAnnotations")


def _constraints(match: MatchResources | None, path: str) -> Iterator[FieldError]:
    if match is None:
        yield required(path)
        return
    yield from match_resources(match, path)
    if not match.resource_rules:
        yield required(f"{path}.resourceRules")


class ValidatingAdmissionPolicyBindingRules(Strategy[ValidatingAdmissionPolicyBinding]):
    """What holds for a ValidatingAdmissionPolicyBinding."""

    has_status = False

    def default(self, obj: ValidatingAdmissionPolicyBinding) -> ValidatingAdmissionPolicyBinding:
        """What it matches is spelt out."""
        match = obj.spec.match_resources
        if match is None:
            return obj
        return replace(obj, spec=replace(obj.spec, match_resources=default_match(match)))

    def validate(self, obj: ValidatingAdmissionPolicyBinding) -> Iterable[FieldError]:
        """A policy, its parameters and what follows."""
        spec = obj.spec
        yield from _policy_name(spec.policy_name, "spec.policyName")
        yield from param_ref(spec.param_ref, "spec.paramRef")
        if spec.match_resources is not None:
            yield from match_resources(spec.match_resources, "spec.matchResources")
        yield from validation_actions(spec.validation_actions, "spec.validationActions")

    def row(self, obj: ValidatingAdmissionPolicyBinding, now: datetime) -> Sequence[Any]:
        """Name, policy, parameters, age."""
        return binding_row(obj.metadata, obj.spec.policy_name, obj.spec.param_ref, now)


def _policy_name(name: str, path: str) -> Iterator[FieldError]:
    if not name:
        yield required(path)
    else:
        yield from broken_names(path, name, names.dns_subdomain(name))


class MutatingAdmissionPolicyRules(Strategy[MutatingAdmissionPolicy]):
    """What holds for a MutatingAdmissionPolicy."""

    has_status = False

    def default(self, obj: MutatingAdmissionPolicy) -> MutatingAdmissionPolicy:
        """A policy that cannot be asked denies; what it matches is spelt out."""
        spec = obj.spec
        constraints, policy = spec.match_constraints, spec.failure_policy
        defaulted = replace(
            spec,
            failure_policy="Fail" if policy is None else policy,
            match_constraints=default_match(constraints) if constraints is not None else None,
        )
        return replace(obj, spec=defaulted)

    def validate(self, obj: MutatingAdmissionPolicy) -> Iterable[FieldError]:
        """What it is asked for and what it changes."""
        return _mutating(obj.spec, "spec")

    def row(self, obj: MutatingAdmissionPolicy, now: datetime) -> Sequence[Any]:
        """Name, mutations, kind of parameters, age."""
        return policy_row(obj.metadata, len(obj.spec.mutations), obj.spec.param_kind, now)


def _mutating(spec: MutatingAdmissionPolicySpec, path: str) -> Iterator[FieldError]:
    yield from one_of(spec.failure_policy, f"{path}.failurePolicy", FAILURES)
    if spec.param_kind is not None:
        yield from param_kind(spec.param_kind, f"{path}.paramKind")
    yield from _constraints(spec.match_constraints, f"{path}.matchConstraints")
    yield from match_conditions(spec.match_conditions, f"{path}.matchConditions")
    has_params = spec.param_kind is not None
    yield from variables(spec.variables, f"{path}.variables", has_params=has_params)
    if not spec.mutations:
        yield required(f"{path}.mutations", "mutations must contain at least one item")
    for i, each in enumerate(spec.mutations):
        yield from _mutation(each, f"{path}.mutations[{i}]")
    policy = spec.reinvocation_policy
    if not policy:
        yield required(f"{path}.reinvocationPolicy")
    elif policy not in ("IfNeeded", "Never"):
        yield not_supported(f"{path}.reinvocationPolicy", policy, ("IfNeeded", "Never"))


def _mutation(mutation: Mutation, path: str) -> Iterator[FieldError]:
    sources = {
        "ApplyConfiguration": ("applyConfiguration", mutation.apply_configuration),
        "JSONPatch": ("jsonPatch", mutation.json_patch),
    }
    if not mutation.patch_type:
        yield required(f"{path}.patchType")
    elif mutation.patch_type not in sources:
        yield not_supported(f"{path}.patchType", mutation.patch_type, sources)
    for kind, (name, source) in sources.items():
        if kind != mutation.patch_type:
            if source is not None and mutation.patch_type in sources:
                yield forbidden(
                    f"{path}.{name}", f"must not be specified when patchType is not {kind}"
                )
        elif source is None:
            yield required(f"{path}.{name}", f"must be specified when patchType is {kind}")
        elif not source.expression.strip():
            yield required(f"{path}.{name}.expression", NO_EXPRESSION)
        else:
            told = expressions.syntax_complaint(source.expression)
            yield from broken_names(f"{path}.{name}.expression", source.expression, told)


class MutatingAdmissionPolicyBindingRules(Strategy[MutatingAdmissionPolicyBinding]):
    """What holds for a MutatingAdmissionPolicyBinding."""

    has_status = False

    def default(self, obj: MutatingAdmissionPolicyBinding) -> MutatingAdmissionPolicyBinding:
        """What it matches is spelt out."""
        match = obj.spec.match_resources
        if match is None:
            return obj
        return replace(obj, spec=replace(obj.spec, match_resources=default_match(match)))

    def validate(self, obj: MutatingAdmissionPolicyBinding) -> Iterable[FieldError]:
        """A policy and its parameters."""
        spec = obj.spec
        yield from _policy_name(spec.policy_name, "spec.policyName")
        yield from param_ref(spec.param_ref, "spec.paramRef")
        if spec.match_resources is not None:
            yield from match_resources(spec.match_resources, "spec.matchResources")

    def row(self, obj: MutatingAdmissionPolicyBinding, now: datetime) -> Sequence[Any]:
        """Name, policy, parameters, age."""
        return binding_row(obj.metadata, obj.spec.policy_name, obj.spec.param_ref, now)
