"""Conversion `Webhook`: a program of the cluster's users turns objects into other versions."""

from collections.abc import Sequence
from typing import Any

import structlog
from msgspec.structs import replace

from apiserver.custom.strategy import CustomStrategy
from apiserver.custom.viewing import entry_with
from apiserver.extensions.calls import CallError, Calls
from apiserver.registry.core import Core
from apiserver.registry.custom_object import CustomObject, custom_object
from apiserver.registry.parts import Object
from apiserver.storage.entry import Entry
from knarr.api import codec, thorough
from knarr.api.apiextensions.custom_resource_definition import WebhookConversion
from knarr.api.errors import ApiError
from knarr.api.kind import Kind
from knarr.api.meta.object_meta import ObjectMeta

log = structlog.get_logger()

TIMEOUT_S = 30
"""How long a conversion may take; definitions cannot say otherwise."""

SHOWN_MAX = 10_000
"""Converted objects that are remembered for a version; past it all are forgotten."""

REVIEW_VERSIONS = ("v1", "v1beta1")
"""Forms of the review that are spoken, best first."""

Plain = dict[str, Any]


class Converter:
    """Asks the program of one definition."""

    def __init__(self, core: Core, calls: Calls, webhook: WebhookConversion) -> None:
        self._core = core
        self._calls = calls
        assert webhook.client_config is not None, "validation asks for it"
        self._config = webhook.client_config
        offered = webhook.conversion_review_versions
        self._version = next(each for each in REVIEW_VERSIONS if each in offered)

    async def convert(self, objects: Sequence[Plain], kind: Kind) -> list[Plain]:
        """The objects in the version of `kind`, in the same order. Raise ApiError."""
        if not objects:
            return []
        first = objects[0]
        group, _, version = str(first["apiVersion"]).rpartition("/")
        who = f"conversion webhook for {group}/{version}, Kind={kind.name}"
        uid = self._core.new_uid()
        review = {
            "kind": "ConversionReview",
            "apiVersion": f"apiextensions.k8s.io/{self._version}",
            "request": {
                "uid": uid,
                "desiredAPIVersion": kind.api_version,
                "objects": objects,
            },
        }
        try:
            answer = await self._calls.post(self._core, self._config, review, TIMEOUT_S)
            found = _converted(answer, uid, review["apiVersion"])
        except CallError as error:
            raise ApiError(f"{who} failed: {error}") from None
        if len(found) != len(objects):
            raise ApiError(f"{who} returned {len(found)} objects, expected {len(objects)}")
        return [_checked(who, *pair, kind) for pair in zip(objects, found, strict=True)]


def _converted(answer: Any, uid: str, api_version: Any) -> list[Any]:
    """The objects in the answer of a program. Raise CallError."""
    if not isinstance(answer, dict) or answer.get("kind") != "ConversionReview":
        raise CallError(f"expected a ConversionReview of {api_version}")
    response = answer.get("response")
    if not isinstance(response, dict):
        raise CallError("no response provided")
    if response.get("uid") != uid:
        raise CallError(f'expected response.uid="{uid}", got "{response.get("uid", "")}"')
    result = response.get("result")
    status = result.get("status", "") if isinstance(result, dict) else ""
    if status != "Success":
        told = result.get("message", "") if isinstance(result, dict) else ""
        raise CallError(told or f"response.result.status was '{status}', not 'Success'")
    found = response.get("convertedObjects") or []
    return found if isinstance(found, list) else [found]


def _checked(who: str, before: Plain, after: Any, kind: Kind) -> Plain:
    """An object as the program made it, with the metadata that no program may change."""
    if not isinstance(after, dict):
        raise ApiError(f"{who} returned invalid converted object: it is no object")
    if after.get("apiVersion") != kind.api_version:
        raise ApiError(
            f"{who} returned invalid converted object: must have the apiVersion "
            f"{kind.api_version}, not {after.get('apiVersion', '')}"
        )
    if after.get("kind") != before["kind"]:
        raise ApiError(
            f"{who} returned invalid object: must have the same kind: "
            f"{before['kind']} != {after.get('kind', '')}"
        )
    meta = after.get("metadata")
    if not isinstance(meta, dict):
        raise ApiError(f"{who} returned invalid metadata: missing metadata in converted object")
    was = before["metadata"]
    for field in ("name", "namespace", "uid"):
        old, new = was.get(field, ""), meta.get(field, "")
        if old != new:
            shown = field.upper() if field == "uid" else field
            raise ApiError(
                f"{who} returned invalid object: must have the same {shown}: {old} != {new}"
            )
    kept = {name: value for name, value in was.items() if name not in ("labels", "annotations")}
    changed = {name: meta[name] for name in ("labels", "annotations") if meta.get(name)}
    return {**after, "metadata": {**kept, **changed}}


class WebhookView:
    """One version, whatever version objects are stored in."""

    def __init__(
        self, converter: Converter, kind: Kind, stored: Kind, strategy: CustomStrategy
    ) -> None:
        self._converter = converter
        self._kind = kind
        self._stored = stored
        self._strategy = strategy
        self._shown: dict[str, Entry] = {}

    async def shown(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """The entries in this version; all that need it are converted in one go."""
        found = [self._known(entry) for entry in entries]
        by_version: dict[str, list[int]] = {}
        for index, entry in enumerate(entries):
            if found[index] is None:
                by_version.setdefault(self._version_of(entry), []).append(index)
        for version, indexes in by_version.items():
            asked = [_plain(entries[index].object, version, self._kind) for index in indexes]
            answers = await self._converter.convert(asked, self._kind)
            for index, plain in zip(indexes, answers, strict=True):
                # What is written back is then seen to differ, and stored in the stored version.
                obj = replace(self._object(plain), stored_as=_stored_as(entries[index]))
                found[index] = self._remembered(entries[index], obj)
        return [entry for entry in found if entry is not None]

    async def stored(self, obj: Object) -> Object:
        """An object of this version in the stored one."""
        if self._kind.version == self._stored.version:
            return obj
        asked = _plain(obj, self._kind.api_version, self._kind)
        (plain,) = await self._converter.convert([asked], self._stored)
        return _object(plain)

    def _known(self, entry: Entry) -> Entry | None:
        if self._version_of(entry) == self._kind.api_version:
            return entry
        known = self._shown.get(entry.key)
        return known if known is not None and known.revision == entry.revision else None

    def _version_of(self, entry: Entry) -> str:
        return _stored_as(entry) or self._stored.api_version

    def _object(self, plain: Plain) -> CustomObject:
        return self._strategy.coerced(_object(plain))

    def _remembered(self, entry: Entry, obj: CustomObject) -> Entry:
        if len(self._shown) >= SHOWN_MAX:
            self._shown.clear()
        made = self._shown[entry.key] = entry_with(entry, obj)
        return made


def _stored_as(entry: Entry) -> str:
    assert isinstance(entry.object, CustomObject), "only custom kinds are converted"
    return entry.object.stored_as


def _plain(obj: Any, api_version: str, kind: Kind) -> Plain:
    return {
        "apiVersion": api_version,
        "kind": kind.name,
        "metadata": codec.to_plain(obj.metadata),
        **obj.content,
    }


def _object(plain: Plain) -> CustomObject:
    try:
        metadata: ObjectMeta = codec.from_plain(ObjectMeta, plain["metadata"])
    except thorough.DecodeError as error:
        raise ApiError(f"conversion webhook returned invalid metadata: {error}") from None
    return custom_object(plain, metadata)


class FieldsOfVersions:
    """Adds to entries the selectable fields of each version, converted where need be."""

    def __init__(self, versions: Sequence[tuple[str, CustomStrategy, WebhookView]]) -> None:
        self._versions = versions

    async def __call__(self, entries: Sequence[Entry]) -> None:
        """Fill in what is missing; a program that fails is asked again when somebody selects."""
        for prefix, strategy, view in self._versions:
            missing = [entry for entry in entries if prefix not in entry.fields]
            try:
                shown = await view.shown(missing)
            except ApiError as error:
                log.warning("selectable fields are not known", version=prefix, error=str(error))
                continue
            for entry, seen in zip(missing, shown, strict=True):
                assert isinstance(seen.object, CustomObject), "views of custom kinds hold these"
                entry.fields[prefix] = ""
                for name, value in strategy.fields(seen.object).items():
                    entry.fields[prefix + name] = value
