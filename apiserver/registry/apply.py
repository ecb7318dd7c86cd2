"""Server-side apply: merges what a manager wants with what there is and who owns it."""

from typing import Any, NoReturn

import yaml
from msgspec.structs import replace

from apiserver.registry import subresources
from apiserver.registry.core import Core
from apiserver.registry.custom_object import CustomObject, custom_object
from apiserver.registry.decode import warn
from apiserver.registry.ownership import plain_of, with_entries, writer_for
from apiserver.registry.parts import Object
from apiserver.registry.place import check_place
from apiserver.registry.request import Request
from apiserver.registry.resource import Resource
from apiserver.registry.yaml_body import fault, read_yaml
from apiserver.storage.entry import Entry
from knarr.api import codec, thorough
from knarr.api.apply import managers, validation
from knarr.api.apply.schema import schema_of
from knarr.api.errors import ApiError, BadRequestError
from knarr.api.kind import Kind
from knarr.api.meta.object_meta import ManagedFieldsEntry, ObjectMeta

Plain = dict[str, Any]


def applying(
    core: Core, request: Request, resource: Resource, kind: Kind, data: bytes, *, force: bool
) -> Any:
    """The change that server-side apply asks for. Raise what is wrong with the text."""
    config = _config(request, data)
    _check_config(request, kind, config)
    schema = schema_of(kind.type) if kind.type_path else core.schema_of_custom(kind)
    said = list(validation.complaints(_body(config), schema))
    if said:
        _refuse_config(config, validation.joined(said))
    writer = replace(writer_for(core, request, resource), api_version=kind.api_version)

    def change(entry: Entry | None) -> Object:
        if entry is None:
            live: Plain = {}
            entries: tuple[ManagedFieldsEntry, ...] = ()
        else:
            shown = subresources.object_shown(request, resource, entry.object)
            live, entries = plain_of(shown), shown.metadata.managed_fields
        applied = managers.apply(entries, live, _body(config), schema, writer, force=force)
        if applied.object is live and entry is not None:
            sent = subresources.object_shown(request, resource, entry.object)
        else:
            sent = _object_of(kind, applied.object, config)
        sent = with_entries(sent, applied.entries)
        if request.subresource != "scale":
            sent = check_place(sent, request)
        return subresources.taken_over(request, resource, sent, entry)

    return change


def _config(request: Request, data: bytes) -> Plain:
    try:
        config, complaints = read_yaml(data)
    except yaml.YAMLError as error:
        raise BadRequestError(
            f"error decoding YAML: error converting YAML to JSON: {fault(error)}"
        ) from None
    if complaints and request.field_validation == "Strict":
        told = "".join(f"\n  {each}" for each in complaints)
        raise BadRequestError(
            "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:"
            f"{told}"
        )
    if request.field_validation == "Warn":
        warn(request, complaints)
    if config is None:
        return {}
    if not isinstance(config, dict):
        word = {list: "array", str: "string", bool: "bool"}.get(type(config), "number")
        raise BadRequestError(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot "
            f"unmarshal {word} into Go value of type map[string]interface {{}}"
        )
    return config


def _check_config(request: Request, kind: Kind, config: Plain) -> None:
    version, name = config.get("apiVersion", ""), config.get("kind", "")
    if (version, name) != (kind.api_version, kind.name):
        group, _, short = str(version).rpartition("/")
        raise BadRequestError(f"invalid object type: {group}/{short}, Kind={name}")
    meta = config.get("metadata")
    if not isinstance(meta, dict):
        meta = {}
    if meta.get("managedFields"):
        raise BadRequestError("metadata.managedFields must be nil")
    place = ObjectMeta(name=str(meta.get("name") or ""), namespace=str(meta.get("namespace") or ""))
    check_place(CustomObject(metadata=place), request)


def _body(config: Plain) -> Plain:
    return {name: value for name, value in config.items() if name not in ("apiVersion", "kind")}


def _refuse_config(config: Plain, why: str) -> NoReturn:
    meta = config.get("metadata") or {}
    group, _, short = config["apiVersion"].rpartition("/")
    raise ApiError(
        f"failed to create typed patch object ({meta.get('namespace', '')}/{meta.get('name')}; "
        f"{group}/{short}, Kind={config['kind']}): {why}"
    )


def _object_of(kind: Kind, plain: Plain, config: Plain) -> Object:
    try:
        if kind.type_path:
            return codec.from_plain(kind.type, plain)
        return custom_object(plain, codec.from_plain(ObjectMeta, plain.get("metadata") or {}))
    except thorough.DecodeError as error:
        _refuse_config(config, str(error))
