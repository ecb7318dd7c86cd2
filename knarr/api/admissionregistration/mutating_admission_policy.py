"""The types of mutating admission policy in admissionregistration."""

from typing import Annotated

from knarr.api.admissionregistration.matching import (
    MatchCondition,
    MatchResources,
    ParamKind,
    ParamRef,
    Variable,
)
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct, ListMap, PatchMerge


class ApplyConfiguration(ApiStruct):
    """A mutation said as an apply configuration."""

    expression: str = ""
    """CEL expression that makes the configuration."""


class JSONPatch(ApiStruct):
    """A mutation said as a JSON patch."""

    expression: str = ""
    """CEL expression that makes the list of operations."""


class Mutation(ApiStruct):
    """One change that a policy makes."""

    apply_configuration: ApplyConfiguration | None = None
    """Change as an apply configuration."""
    json_patch: JSONPatch | None = None
    """Change as a JSON patch."""
    patch_type: str
    """ApplyConfiguration or JSONPatch."""


class MutatingAdmissionPolicySpec(ApiStruct):
    """What a policy changes, and when."""

    failure_policy: str | None = None
    """Fail or Ignore when an expression cannot be evaluated."""
    match_conditions: Annotated[
        tuple[MatchCondition, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """Further conditions, as CEL expressions."""
    match_constraints: MatchResources | None = None
    """Requests that are looked at."""
    mutations: tuple[Mutation, ...] = ()
    """Changes, in order."""
    param_kind: ParamKind | None = None
    """Kind of the parameters."""
    reinvocation_policy: str = ""
    """Never, or IfNeeded to run again when others changed the object."""
    variables: tuple[Variable, ...] = ()
    """Values for the expressions."""


class MutatingAdmissionPolicy(ApiStruct):
    """Changes objects on their way in, by CEL expressions."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: MutatingAdmissionPolicySpec = MutatingAdmissionPolicySpec()
    """What is wanted."""


class MutatingAdmissionPolicyBindingSpec(ApiStruct):
    """Where a policy holds."""

    match_resources: MatchResources | None = None
    """Narrows the requests further."""
    param_ref: ParamRef | None = None
    """Parameters it gets."""
    policy_name: str = ""
    """Policy that is meant."""


class MutatingAdmissionPolicyBinding(ApiStruct):
    """Puts a mutating policy in force."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: MutatingAdmissionPolicyBindingSpec = MutatingAdmissionPolicyBindingSpec()
    """What is wanted."""
