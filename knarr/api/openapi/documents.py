"""The documents: one for OpenAPI v2, one a group version for v3."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from knarr.api.kind import Kind
from knarr.api.kinds import BUILT_IN
from knarr.api.meta.discovery import APIGroup, APIGroupList, APIResourceList, APIVersions
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.options import DeleteOptions
from knarr.api.meta.status import Status
from knarr.api.openapi.definitions import Definitions, Version
from knarr.api.openapi.operations import (
    CUSTOM_PATCH_TYPES,
    PATCH_TYPES,
    Operation,
    base_of,
    operations,
    parameter_type,
)
from knarr.api.structs import ApiStruct
from knarr.api.version.info import Info

Plain = dict[str, Any]

_ANSWERS = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
_TOKEN: Plain = {
    "type": "apiKey",
    "description": "Bearer Token authentication",
    "name": "authorization",
    "in": "header",
}
_ROOTS: Mapping[str, type[ApiStruct] | None] = {
    ".well-known/openid-configuration": None,
    "api": APIVersions,
    "apis": APIGroupList,
    "openid/v1/jwks": None,
    "version": Info,
}


class Source(Struct, frozen=True):
    """What documents are made of: the kinds served, and the schemas custom ones brought along."""

    kinds: Sequence[Kind] = BUILT_IN
    version: str = "v1.36.0"
    custom: Mapping[tuple[str, str, str], Plain] = field(default_factory=dict)
    """`openAPIV3Schema` by group, version and kind."""


def v3_paths(source: Source) -> list[str]:
    """The names of the v3 documents: `api/v1`, `apis/apps`, `apis/apps/v1` and so on."""
    found = set(_ROOTS)
    for kind in source.kinds:
        base = base_of(kind).removeprefix("/")
        found.add(base)
        if kind.group:
            found.add(base.rpartition("/")[0])
    return sorted(found)


def v3(source: Source, path: str) -> Plain | None:
    """One v3 document, None when there is none of this name."""
    if path not in v3_paths(source):
        return None
    definitions = Definitions(3)
    kinds = [kind for kind in source.kinds if base_of(kind) == f"/{path}"]
    paths = _paths(source, kinds, definitions, 3) | _root(path, kinds, definitions, 3)
    minor = ".".join(source.version.removeprefix("v").split(".")[:2])
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": minor},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": definitions.sorted(),
            "securitySchemes": {"BearerToken": _TOKEN},
        },
    }


def v2(source: Source) -> Plain:
    """The v2 document with everything in it."""
    definitions = Definitions(2)
    paths = _paths(source, source.kinds, definitions, 2)
    for path in v3_paths(source):
        kinds = [kind for kind in source.kinds if base_of(kind) == f"/{path}"]
        paths |= _root(path, kinds, definitions, 2)
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": source.version},
        "paths": dict(sorted(paths.items())),
        "definitions": definitions.sorted(),
        "securityDefinitions": {"BearerToken": _TOKEN},
        "security": [{"BearerToken": []}],
    }


def _root(path: str, kinds: Sequence[Kind], definitions: Definitions, version: Version) -> Plain:
    """The path that tells what lies below it."""
    answer = _ROOTS.get(path, APIResourceList if kinds else APIGroup)
    schema = definitions.reference(answer) if answer is not None else {"type": "string"}
    operation: Plain = {
        "description": "What there is below this path.",
        "operationId": "get" + "".join(word.title() for word in path.replace(".", "/").split("/")),
        "responses": _responses(schema, version),
    }
    if version == 2:
        operation["produces"] = list(_ANSWERS)
    slash = "" if path.startswith(".") else "/"
    return {f"/{path}{slash}": {"get": operation}}


def _paths(
    source: Source, kinds: Iterable[Kind], definitions: Definitions, version: Version
) -> Plain:
    paths: dict[str, Plain] = {}
    for operation in operations(kinds):
        at = paths.setdefault(operation.path, {"parameters": _in_path(operation.path, version)})
        at[operation.method] = _operation(source, operation, definitions, version)
    return paths


def _operation(
    source: Source, operation: Operation, definitions: Definitions, version: Version
) -> Plain:
    kind = operation.kind
    is_custom = not kind.type_path
    made: Plain = {
        "description": f"{operation.action} {kind.name}",
        "operationId": operation.id,
        "tags": [base_of(kind).removeprefix("/apis/").removeprefix("/api/").replace("/", "_")],
        "parameters": [_query(name, version) for name in operation.query],
        "responses": {"401": {"description": "Unauthorized"}},
        **operation.extensions(),
    }
    if operation.action != "connect":
        made["responses"] |= _responses(_answer(source, operation, definitions), version)
    body = _body(source, operation, definitions)
    types = CUSTOM_PATCH_TYPES if is_custom else PATCH_TYPES
    consumed = types if operation.action == "patch" else ("*/*",)
    if body is not None and version == 3:
        made["requestBody"] = {"content": {each: {"schema": body} for each in consumed}}
    elif version == 2:
        made["consumes"] = list(consumed)
        made["produces"] = list(_ANSWERS)
        made["schemes"] = ["https"]
        if body is not None:
            made["parameters"].append(
                {"name": "body", "in": "body", "required": True, "schema": body}
            )
    return made


def _responses(schema: Plain, version: Version) -> Plain:
    if version == 2:
        return {"200": {"description": "OK", "schema": schema}}
    content = {each: {"schema": schema} for each in _ANSWERS}
    return {"200": {"description": "OK", "content": content}}


def _answer(source: Source, operation: Operation, definitions: Definitions) -> Plain:
    if operation.subresource is not None and operation.subresource.name == "log":
        return {"type": "string"}
    if operation.action in ("delete", "deletecollection"):
        return definitions.reference(Status)
    if operation.action == "list" and operation.kind.type_path:
        return definitions.list_of(operation.kind)
    return _object(source, operation, definitions)


def _body(source: Source, operation: Operation, definitions: Definitions) -> Plain | None:
    if operation.action in ("post", "put"):
        return _object(source, operation, definitions)
    if operation.action == "patch":
        return {"type": "object", "description": "A patch of one of the types named."}
    if operation.action in ("delete", "deletecollection"):
        return definitions.reference(DeleteOptions)
    return None


def _object(source: Source, operation: Operation, definitions: Definitions) -> Plain:
    kind = operation.kind
    mark = operation.mark
    if (mark["group"], mark["kind"]) != (kind.group, kind.name):
        sub = (mark["group"], mark["version"], mark["kind"])
        return _by_name(sub, definitions)
    if kind.type_path:
        return definitions.kind(kind)
    schema = source.custom.get((kind.group, kind.version, kind.name)) or {"type": "object"}
    name = ".".join([*reversed(kind.group.split(".")), kind.version, kind.name])
    return definitions.custom(name, _whole(schema, definitions), [kind])


def _whole(schema: Plain, definitions: Definitions) -> Plain:
    properties = {
        **(schema.get("properties") or {}),
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": definitions.reference(ObjectMeta),
    }
    return {**schema, "type": "object", "properties": properties}


def _by_name(mark: tuple[str, str, str], definitions: Definitions) -> Plain:
    path = _SUBRESOURCE_TYPES.get(mark)
    if path is None:
        return {"type": "object"}
    group, version, name = mark
    return definitions.kind(Kind(group, version, "", name, path))


_SUBRESOURCE_TYPES: Mapping[tuple[str, str, str], str] = {
    ("autoscaling", "v1", "Scale"): "autoscaling.scale:Scale",
    ("policy", "v1", "Eviction"): "policy.eviction:Eviction",
    ("authentication.k8s.io", "v1", "TokenRequest"): "authentication.token_request:TokenRequest",
    ("", "v1", "Binding"): "core.binding:Binding",
}


def _in_path(path: str, version: Version) -> list[Plain]:
    names = [name for name in ("name", "namespace", "path") if f"{{{name}}}" in path]
    return [
        {"name": name, "in": "path", "required": True, **_typed("string", version)}
        for name in names
    ] + [_query("pretty", version)]


def _query(name: str, version: Version) -> Plain:
    return {"name": name, "in": "query", **_typed(parameter_type(name), version)}


def _typed(word: str, version: Version) -> Plain:
    if version == 2:
        return {"type": word, "uniqueItems": True}
    return {"schema": {"type": word, "uniqueItems": True}}
