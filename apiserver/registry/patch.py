"""Makes the wanted object from a stored one and a patch.

The text is read once; the patch is carried out on the object as the client
sees it, and again on a newer one when another write was faster.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import msgspec
from msgspec import Struct

from apiserver.registry import subresources
from apiserver.registry.apply import applying
from apiserver.registry.core import Core
from apiserver.registry.custom_object import CustomObject, custom_object
from apiserver.registry.decode import custom_metadata, warn
from apiserver.registry.parts import Object
from apiserver.registry.place import check_place
from apiserver.registry.request import Body, PatchType, Request
from apiserver.registry.resource import Resource
from apiserver.storage.entry import Entry
from knarr.api import codec, json_text, thorough
from knarr.api.errors import (
    ApiError,
    BadRequestError,
    InvalidError,
    RequestEntityTooLargeError,
)
from knarr.api.field_errors import show
from knarr.api.kind import Kind
from knarr.api.meta.status import StatusCause, StatusDetails
from knarr.api.patches import json_patch, merge_patch, strategic
from knarr.api.patches.errors import (
    PatchError,
    PatchFormatError,
    PatchTestError,
    PatchTextError,
    go_text,
)

_META_ORDER = (
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)
_ENTRY_ORDER = (
    "manager",
    "operation",
    "apiVersion",
    "time",
    "fieldsType",
    "fieldsV1",
    "subresource",
)

_MAPS = frozenset({"data", "binaryData", "stringData"})
"""Fields that are maps, whose keys are written by alphabet."""

Plain = dict[str, Any]
Change = Callable[[Entry | None], Object]


class Patch(Struct, frozen=True):
    """A patch as it was sent."""

    type: PatchType
    body: Body
    force: bool = False

    @property
    def data(self) -> bytes:
        """The text."""
        if isinstance(self.body.data, bytes):
            return json_text.whole_text(self.body.data)
        return codec.encode(self.body.data)


def patching(core: Core, request: Request, resource: Resource, kind: Kind, patch: Patch) -> Change:
    """The change a patch asks for. Raise what is wrong with its text."""
    if patch.type is PatchType.APPLY:
        change: Change = applying(core, request, resource, kind, patch.data, force=patch.force)
        return change
    carry_out = _reader(request, kind, patch)

    def patched(entry: Entry | None) -> Object:
        assert entry is not None, "only apply creates what it patches"
        shown = subresources.object_shown(request, resource, entry.object)
        before = plain_of(shown, kind)
        try:
            after = carry_out(before)
        except PatchError as error:
            _raise_patch_error(error)
        sent = _object_of(core, request, kind, patch, after)
        if request.subresource != "scale":
            sent = check_place(sent, request)
        return subresources.taken_over(request, resource, sent, entry)

    return patched


def _reader(request: Request, kind: Kind, patch: Patch) -> Callable[[Plain], Any]:
    """Read the text of a patch; answer what carries it out."""
    try:
        if patch.type is PatchType.JSON:
            return _json(request, patch)
        if patch.type is PatchType.MERGE:
            merge = merge_patch.read(patch.data)
            return lambda before: merge_patch.apply(before, merge)
        directed = strategic.read(patch.data)
    except PatchError as error:
        _raise_patch_error(error)
    if not kind.type_path:
        return lambda before: merge_patch.apply(before, directed)
    object_type = kind.type
    return lambda before: _strategic(object_type, before, directed)


def _json(request: Request, patch: Patch) -> Callable[[Plain], Any]:
    try:
        operations = json_patch.read(patch.data)
    except PatchTextError as error:
        raise BadRequestError(f"error decoding patch: {error}") from None
    if len(operations) > json_patch.OPERATIONS_MAX:
        raise RequestEntityTooLargeError(
            "Request entity too large: The allowed maximum operations in a JSON patch is "
            f"{json_patch.OPERATIONS_MAX}, got {len(operations)}"
        )
    if request.field_validation == "Warn":
        warn(request, json_patch.complaints(operations))
    return lambda before: json_patch.apply(before, operations)


def _strategic(object_type: Any, before: Plain, patch: Plain) -> Plain:
    after = strategic.apply(object_type, before, patch)
    # The object stays of its kind whatever the patch says.
    if isinstance(after, dict):
        for name in ("kind", "apiVersion"):
            if name in after:
                after[name] = before[name]
    return after


def _raise_patch_error(error: PatchError) -> NoReturn:
    if isinstance(error, PatchTestError):
        raise InvalidError(
            "the server rejected our request due to an error in our request",
            details=StatusDetails(),
        ) from None
    if isinstance(error, PatchTextError | PatchFormatError):
        raise BadRequestError(str(error)) from None
    raise ApiError(str(error)) from None


def plain_of(obj: Object, kind: Kind) -> Plain:
    """An object as its JSON would be read, `kind` and `apiVersion` included."""
    head: Plain = {"apiVersion": kind.api_version, "kind": kind.name}
    if isinstance(obj, CustomObject):
        return {**head, "metadata": codec.to_plain(obj.metadata), **obj.content}
    plain: Plain = codec.to_plain(obj)
    return {**head, **plain}


def _object_of(core: Core, request: Request, kind: Kind, patch: Patch, after: Any) -> Object:
    """The patched object. Raise InvalidError when it is none."""
    if not isinstance(after, dict):
        after = {} if after is None else {"": after}
    _check_type(kind, patch, after)
    if not kind.type_path:
        return _custom(core, request, kind, patch, after)
    complaints: list[str] = []
    if request.field_validation != "Ignore" and patch.type is not PatchType.JSON:
        complaints.extend(thorough.duplicates(patch.data))
    try:
        reading = codec.read(kind.type, after)
    except thorough.DecodeError as error:
        raise _no_object(patch, after, str(error)) from None
    complaints.extend(reading.complaints)
    if complaints and request.field_validation == "Strict":
        raise _no_object(patch, after, codec.strict_error(tuple(complaints)))
    if request.field_validation == "Warn":
        warn(request, complaints)
    return reading.object


def _custom(core: Core, request: Request, kind: Kind, patch: Patch, after: Plain) -> Object:
    try:
        metadata, complaints = custom_metadata(after)
    except thorough.DecodeError as error:
        raise _no_object(patch, after, str(error)) from None
    version = core.custom_version(kind)
    if version is not None:
        after, dropped = version.coerce(after)
        complaints.extend(f'unknown field "{path}"' for path in dropped)
    if complaints and request.field_validation == "Strict":
        raise _no_object(patch, after, codec.strict_error(tuple(complaints)))
    if request.field_validation == "Warn":
        warn(request, complaints)
    return custom_object(after, metadata)


def _check_type(kind: Kind, patch: Patch, after: Plain) -> None:
    name, version = after.get("kind", kind.name), after.get("apiVersion", kind.api_version)
    if version != kind.api_version:
        why = (
            f'no kind "{name}" is registered for version "{version}" in scheme '
            '"pkg/api/legacyscheme/scheme.go:30"'
        )
        raise _no_object(patch, after, why)
    if name != kind.name:
        group = kind.group.split(".", maxsplit=1)[0] or "core"
        why = f"converting ({kind.version}.{name}) to ({group}.{kind.name}): unknown conversion"
        raise _no_object(patch, after, why)


def _no_object(patch: Patch, after: Plain, why: str) -> InvalidError:
    """What is left after a patch is no object of the kind."""
    if patch.type is PatchType.STRATEGIC:
        shown, why = go_text(msgspec.json.decode(patch.data)), _go_words(why)
    else:
        shown = codec.encode(_in_order(after)).decode()
    words = f"Invalid value: {show(shown)}: {why}"
    return InvalidError(
        f' "" is invalid: patch: {words}',
        details=StatusDetails(
            causes=(StatusCause(reason="FieldValueInvalid", message=words, field="patch"),)
        ),
    )


_MISMATCH = re.compile(r"json: cannot unmarshal (\w+) into Go .* of type (.+)")
_GO_TYPES: Mapping[str, str] = {"number": "int64", "string": "string", "bool": "bool"}


def _go_words(why: str) -> str:
    """What is said of a value that does not fit where values were converted, not read."""
    found = _MISMATCH.fullmatch(why)
    if found is None:
        return why
    word, wanted = _GO_TYPES.get(found[1], found[1]), found[2]
    if wanted.startswith("[]"):
        return f"cannot restore slice from {word}"
    if wanted.startswith("map["):
        return f"cannot restore map from {word}"
    if "." in wanted:
        return f"cannot restore struct from: {word}"
    if word == "int64" and wanted == "string":
        return f"cannot convert {word} to {wanted}"
    return f"unrecognized type: {wanted}"


def _in_order(after: Plain) -> Plain:
    """The fields as Kubernetes writes them: by alphabet, those of the metadata in their order."""
    ordered = {name: after[name] for name in sorted(after)}
    for name in _MAPS & ordered.keys():
        ordered[name] = _sorted(ordered[name])
    meta = ordered.get("metadata")
    if isinstance(meta, dict):
        ordered["metadata"] = meta = _ranked(meta, _META_ORDER)
        noted = meta.get("managedFields")
        if isinstance(noted, list):
            meta["managedFields"] = [
                _ranked({**each, "fieldsV1": _sorted(each.get("fieldsV1"))}, _ENTRY_ORDER)
                if isinstance(each, dict)
                else each
                for each in noted
            ]
    return ordered


def _sorted(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _sorted(value[name]) for name in sorted(value)}


def _ranked(plain: Plain, order: tuple[str, ...]) -> Plain:
    known = {name: plain[name] for name in order if name in plain}
    return {**known, **plain}
