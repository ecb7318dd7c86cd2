"""Carries out what a mutating policy's expressions make: a configuration or a patch."""

from collections.abc import Mapping
from typing import Any

from apiserver.admission.admission import Attributes
from apiserver.extensions.review import plain, typed
from apiserver.registry.core import Core
from knarr.api.admissionregistration.mutating_admission_policy import Mutation
from knarr.api.apply import managers
from knarr.api.apply.schema import schema_of
from knarr.api.kind import Kind
from knarr.api.patches import json_patch
from knarr.api.patches.errors import PatchError
from knarr.api.patches.json_patch import Operation
from knarr.cel.errors import CelError
from knarr.cel.program import program


def mutated(
    core: Core, attributes: Attributes, mutation: Mutation, variables: Mapping[str, Any]
) -> Any:
    """The object as a mutation wants it. Raise CelError."""
    before = plain(attributes.object, attributes.kind)
    assert before is not None, "only what is written is changed"
    if mutation.patch_type == "JSONPatch" and mutation.json_patch is not None:
        made = program(mutation.json_patch.expression).evaluate(variables)
        return typed(core, attributes.kind, _patched(before, made))
    if mutation.apply_configuration is None:
        return attributes.object
    made = program(mutation.apply_configuration.expression).evaluate(variables)
    return typed(core, attributes.kind, _merged(core, attributes.kind, before, made))


def _patched(before: Any, made: Any) -> Any:
    if not isinstance(made, list):
        raise CelError("type of JSONPatch expression is not a list of JSONPatch")
    try:
        operations = [_operation(each) for each in made]
        return json_patch.apply(before, operations)
    except (PatchError, TypeError, KeyError) as error:
        raise CelError(f"JSON Patch: {error}") from None


def _operation(given: Any) -> Operation:
    found: Operation = given
    return found


def _merged(core: Core, kind: Kind, before: dict[str, Any], made: Any) -> dict[str, Any]:
    if not isinstance(made, dict):
        raise CelError("type of ApplyConfiguration expression is not an object")
    schema = schema_of(kind.type) if kind.type_path else core.schema_of_custom(kind)
    writer = managers.Writer(
        manager="admission", api_version=kind.api_version, now=core.time_text()
    )
    head = ("apiVersion", "kind")
    live = {name: value for name, value in before.items() if name not in head}
    config = {name: value for name, value in made.items() if name not in head}
    applied = managers.apply((), live, config, schema, writer, force=True)
    return {name: before[name] for name in head} | applied.object
