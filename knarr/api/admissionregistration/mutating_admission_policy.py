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
    """TODO."""

    expression: str = ""
    """TODO."""


class JSONPatch(ApiStruct):
    """TODO."""

    expression: str = ""
    """TODO."""


class Mutation(ApiStruct):
    """TODO."""

    apply_configuration: ApplyConfiguration | None = None
    """TODO."""
    json_patch: JSONPatch | None = None
    """TODO."""
    patch_type: str
    """TODO."""


class MutatingAdmissionPolicySpec(ApiStruct):
    """TODO."""

    failure_policy: str | None = None
    """TODO."""
    match_conditions: Annotated[
        tuple[MatchCondition, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """TODO."""
    match_constraints: MatchResources | None = None
    """TODO."""
    mutations: tuple[Mutation, ...] = ()
    """TODO."""
    param_kind: ParamKind | None = None
    """TODO."""
    reinvocation_policy: str = ""
    """TODO."""
    variables: tuple[Variable, ...] = ()
    """TODO."""


class MutatingAdmissionPolicy(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: MutatingAdmissionPolicySpec = MutatingAdmissionPolicySpec()
    """What is wanted."""


class MutatingAdmissionPolicyBindingSpec(ApiStruct):
    """TODO."""

    match_resources: MatchResources | None = None
    """TODO."""
    param_ref: ParamRef | None = None
    """TODO."""
    policy_name: str = ""
    """TODO."""


class MutatingAdmissionPolicyBinding(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: MutatingAdmissionPolicyBindingSpec = MutatingAdmissionPolicyBindingSpec()
    """What is wanted."""
