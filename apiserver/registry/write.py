"""The way of every write, from top to bottom.

decode (decode.py) → name → default → note who owns what (ownership.py) →
mutating admission → prepare → validate → validating admission → store. An
update begins again from the newest object when another write was faster,
unless it said which version it is about.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from msgspec.structs import replace

from apiserver.registry import failures, metadata, ownership
from apiserver.registry.core import Core
from apiserver.registry.custom_object import CustomObject
from apiserver.registry.parts import (
    Object,
    content_differs,
    has_part,
    part,
    wanted_differs,
    with_meta,
    with_part,
    without_part,
)
from apiserver.registry.place import with_place
from apiserver.registry.request import Request
from apiserver.registry.resource import Resource
from apiserver.storage.entry import Entry
from apiserver.storage.store import (
    KeyExistsError,
    RevisionMismatchError,
    UnknownOutcomeError,
    ValueTooLargeError,
)
from apiserver.strategies.strategy import Strategy
from knarr.api.errors import ApiError, RequestEntityTooLargeError
from knarr.api.field_errors import FieldError, invalid_error
from knarr.api.kind import Kind

NAME_SUFFIX_LETTERS = 5
"""Letters that chance adds to `generateName`."""

GENERATED_NAME_MAX = 63
"""A longer base is cut, so that generated names stay good as labels."""

NAME_TRIES_MAX = 8
"""Names tried before giving up; with five letters a second try is rare."""

UPDATE_TRIES_MAX = 100
"""Attempts at an update that others keep overtaking."""

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels, so that chance spells no words."""

STATUS_LIKE = frozenset({"status", "approval"})
"""Subresources that write only the status."""

_UNCOUNTED = frozenset({"binding", "eviction", "finalize"})
"""Subresources whose changes `generation` does not count."""

_SERVERS_OWN = frozenset({"binding", "eviction"})
"""Subresources whose changes the server makes from the stored object: they are as they should."""

_STATUS_KEPT_ON_CREATE = frozenset({"nodes", "persistentvolumes", "componentstatuses"})
"""Resources whose status a client may give at once."""

Change = Callable[[Entry | None], Object]
"""Makes the wanted object from the stored one, or from nothing; called again when overtaken."""


async def create(core: Core, request: Request, resource: Resource, obj: Object) -> Entry:
    """Store a new object. Raise AlreadyExistsError, InvalidError or what admission says."""
    obj = with_place(obj, request, resource)
    obj = resource.strategy.default(obj)
    obj = ownership.created(core, request, resource, obj)
    obj = await core.admit(request, "CREATE", obj.metadata.name, obj, None)
    return await _store_new(core, request, resource, obj)


async def _store_new(core: Core, request: Request, resource: Resource, obj: Object) -> Entry:
    if obj.metadata.resource_version:
        raise ApiError("resourceVersion should not be set on objects to be created")
    for _ in range(NAME_TRIES_MAX):
        named = _with_system_fields(core, resource, obj)
        ready = _ready_to_create(core, request, resource, named)
        try:
            async with resource.allocating(ready, None, dry_run=request.dry_run) as allocated:
                await core.approve(request, "CREATE", ready.metadata.name, allocated, None)
                return await _put_new(core, request, resource, allocated)
        except KeyExistsError as error:
            found = resource.read(error.current)
            if obj.metadata.name:
                raise failures.already_exists(
                    request.kind, obj.metadata.name, deleting=failures.is_deleting(found)
                ) from None
    raise failures.name_not_generated(request.kind, obj.metadata.generate_name)


def _ready_to_create(core: Core, request: Request, resource: Resource, obj: Object) -> Object:
    strategy: Strategy[Any] = resource.strategy
    if strategy.has_status and resource.kind.plural not in _STATUS_KEPT_ON_CREATE:
        obj = without_part(obj, "status")
    obj = strategy.prepare_for_create(obj, core.context(request))
    errors = metadata.new_metadata(obj.metadata, resource.kind)
    errors.extend(strategy.validate_create(obj))
    refuse(resource.kind, obj.metadata.name, errors)
    request.warnings.extend(strategy.warnings(obj, None))
    return strategy.complete_new(obj)


async def _put_new(core: Core, request: Request, resource: Resource, obj: Object) -> Entry:
    key = resource.key(obj.metadata.namespace, obj.metadata.name)
    if request.dry_run:
        stored = await core.store.get(key)
        if stored is not None:
            raise KeyExistsError(key, stored)
        return resource.unwritten(key, obj)
    obj, json = resource.written(await resource.to_store(obj))
    try:
        revision = await core.store.create(key, resource.stored(json), ttl_s=resource.ttl_s)
    except ValueTooLargeError:
        raise too_large() from None
    entry = resource.entry(key, revision, obj, json)
    resource.cache.prime(entry)
    return await resource.one_in_view(entry)


def _with_system_fields(core: Core, resource: Resource, obj: Object) -> Object:
    meta = obj.metadata
    counts = counts_changes(resource.strategy, obj)
    return with_meta(
        obj,
        name=meta.name or generated_name(meta.generate_name, core.rng),
        uid=core.new_uid(),
        creation_timestamp=core.time_text(),
        deletion_timestamp=None,
        deletion_grace_period_seconds=None,
        generation=1 if counts else meta.generation,
        self_link="",
    )


def counts_changes(strategy: Strategy[Any], obj: Object) -> bool:
    """Whether `generation` of such objects counts changes."""
    if type(strategy) is Strategy:
        return has_part(type(obj), "spec")
    return strategy.has_generation


def generated_name(base: str, rng: Random) -> str:
    """A name of a base and some random letters; nothing for no base."""
    if not base:
        return ""
    suffix = "".join(rng.choice(_LETTERS) for _ in range(NAME_SUFFIX_LETTERS))
    return base[: GENERATED_NAME_MAX - NAME_SUFFIX_LETTERS] + suffix


async def update(
    core: Core,
    request: Request,
    resource: Resource,
    change: Change,
    *,
    may_create: bool = False,
) -> tuple[Entry, bool]:
    """Store a changed object; answer it and whether it was created.

    `change` is asked for the wanted object once for each attempt.
    """
    key = resource.key(request.namespace, request.name)
    entry = await core.current(resource, key)
    for _ in range(UPDATE_TRIES_MAX):
        try:
            if entry is None:
                if not may_create:
                    raise failures.not_found(request.kind, request.name)
                return await _create_by_update(core, request, resource, change), True
            entry = await resource.one_in_view(entry)
            return await _update_once(core, request, resource, change, entry), False
        except RevisionMismatchError as error:
            entry = resource.read(error.current) if error.current is not None else None
        except KeyExistsError as error:
            entry = resource.read(error.current)
    raise failures.too_contended(request.kind, request.name)


async def _create_by_update(
    core: Core, request: Request, resource: Resource, change: Change
) -> Entry:
    obj = change(None)
    uid = obj.metadata.uid
    if uid:
        key = resource.key(request.namespace, request.name)
        raise failures.uid_mismatch(request.kind, key, request.name, uid, "")
    obj = with_meta(obj, resource_version="")
    return await create(core, request, resource, obj)


async def _update_once(
    core: Core, request: Request, resource: Resource, change: Change, entry: Entry
) -> Entry:
    old: Object = entry.object
    try:
        obj = change(entry)
        _check_uid(request, entry, obj)
        _check_version(request, resource, entry, obj)
        obj = _defaulted(request, resource, obj, old)
        obj = ownership.updated(core, request, resource, obj, old)
        obj = await core.admit(request, "UPDATE", obj.metadata.name, obj, old)
        obj = _prepare(core, request, resource, obj, old)
        _validate(request, resource, obj, old)
        async with resource.allocating(obj, old, dry_run=request.dry_run) as allocated:
            await core.approve(request, "UPDATE", obj.metadata.name, allocated, old)
            return await _put(core, request, resource, entry, allocated)
    except (RevisionMismatchError, KeyExistsError, UnknownOutcomeError):
        # The last of them may be done: to do it once more would be to do it twice.
        raise
    except ApiError:
        # What is wrong may be so only because the cache is behind.
        newest = await core.newest(resource, entry.key)
        if newest is None or newest.revision != entry.revision:
            current = await core.store.get(entry.key)
            raise RevisionMismatchError(entry.key, current) from None
        raise


def _defaulted(request: Request, resource: Resource, obj: Object, old: Object) -> Object:
    """The changed object with its defaults.

    What a write leaves alone is the old object's very own from here on, which
    all that follows can see at a glance.
    """
    if request.subresource in _SERVERS_OWN:
        return obj
    if request.subresource in STATUS_LIKE and not isinstance(obj, CustomObject):
        obj = _status_only(obj, old)
    defaulted: Object = resource.strategy.default_change(obj, old)
    return defaulted


def _check_uid(request: Request, entry: Entry, obj: Object) -> None:
    uid, found = obj.metadata.uid, _meta(entry).uid
    # A patch that names a uid is told by validation that the field is immutable.
    if uid and uid != found and not request.is_patch:
        raise failures.uid_mismatch(request.kind, entry.key, request.name, uid, found)


def _check_version(request: Request, resource: Resource, entry: Entry, obj: Object) -> None:
    """Raise ConflictError when the update is about another version than the stored."""
    text = obj.metadata.resource_version
    if text and not text.isdecimal():
        raise failures.unreadable_number(text)
    wanted = int(text or "0")
    if wanted == 0:
        if resource.strategy.unconditional_update:
            return
        error = FieldError(
            "FieldValueInvalid", "metadata.resourceVersion", 0, "must be specified for an update"
        )
        raise invalid_error(request.kind.group, request.kind.plural, request.name, [error])
    if wanted != entry.revision:
        raise failures.conflict(request.kind, request.name)


def _prepare(core: Core, request: Request, resource: Resource, obj: Object, old: Object) -> Object:
    """Carry over what this write may not change."""
    strategy: Strategy[Any] = resource.strategy
    obj = _with_system_fields_of(obj, old)
    context = core.context(request)
    if request.subresource in STATUS_LIKE:
        obj = _status_only(obj, old)
        return strategy.prepare_for_status_update(obj, old, context)
    if request.subresource in _UNCOUNTED:
        return obj
    if request.subresource:
        return _with_generation(strategy, obj, old)
    if strategy.has_status and has_part(type(obj), "status"):
        obj = with_part(obj, "status", part(old, "status"))
    obj = strategy.prepare_for_update(obj, old, context)
    return _with_generation(strategy, obj, old)


def _with_generation(strategy: Strategy[Any], obj: Object, old: Object) -> Object:
    """Count a change of what is wanted. What binds a pod to its node is none."""
    generation = old.metadata.generation
    if not strategy.has_generation or not generation:
        return obj
    is_counted = wanted_differs(obj, old) if strategy.has_status else content_differs(obj, old)
    if not is_counted:
        return obj
    return with_meta(obj, generation=generation + 1)


def _with_system_fields_of(obj: Object, old: Object) -> Object:
    meta, before = obj.metadata, old.metadata
    grace_s = meta.deletion_grace_period_seconds
    if grace_s is None:
        grace_s = before.deletion_grace_period_seconds
    return with_meta(
        obj,
        uid=meta.uid or before.uid,
        generation=before.generation,
        creation_timestamp=before.creation_timestamp,
        deletion_timestamp=before.deletion_timestamp or meta.deletion_timestamp,
        deletion_grace_period_seconds=grace_s,
        resource_version=before.resource_version,
        self_link="",
    )


def _status_only(obj: Object, old: Object) -> Object:
    """The old object with the new status and, where there is a type, the new metadata."""
    changed = with_part(old, "status", part(obj, "status"))
    if isinstance(obj, CustomObject):
        meta = replace(old.metadata, managed_fields=obj.metadata.managed_fields)
        return replace(changed, metadata=meta)
    return replace(changed, metadata=obj.metadata)


def _validate(request: Request, resource: Resource, obj: Object, old: Object) -> None:
    strategy: Strategy[Any] = resource.strategy
    changed = metadata.changed_metadata(obj.metadata, old.metadata)
    # Twice, because the generic rules and those of the kind both look: every cause counts.
    errors = [*changed, *changed]
    content = list(metadata.content(obj.metadata, is_built_in=bool(resource.kind.type_path)))
    if request.subresource in STATUS_LIKE:
        errors.extend(strategy.validate_status_update(obj, old))
    elif not request.subresource:
        errors.extend((*content, *content))
        errors.extend(strategy.validate(obj))
        errors.extend(strategy.validate_update(obj, old))
    else:
        errors.extend(strategy.validate_subresource_update(request.subresource, obj, old))
    refuse(resource.kind, obj.metadata.name, errors)
    if request.subresource not in STATUS_LIKE | _SERVERS_OWN:
        request.warnings.extend(strategy.warnings(obj, old))


async def _put(
    core: Core, request: Request, resource: Resource, entry: Entry, obj: Object
) -> Entry:
    old: Object = entry.object
    if is_done(obj, resource.kind):
        return await _remove(core, request, resource, entry, obj)
    if obj == old:
        return entry
    if request.dry_run:
        return resource.unwritten(entry.key, obj)
    try:
        wanted = await resource.to_store(obj)
        stored = await core.put(resource, entry.key, wanted, expected=entry.revision)
    except ValueTooLargeError:
        raise too_large() from None
    resource.changed(obj, old)
    return await resource.one_in_view(stored)


async def _remove(
    core: Core, request: Request, resource: Resource, entry: Entry, obj: Object
) -> Entry:
    """The last finalizer is gone and the object with it; answer it as the client wanted it."""
    if not request.dry_run:
        await core.store.delete(entry.key, expected=entry.revision)
        resource.removed(entry.object)
    return resource.unwritten(entry.key, obj)


def is_done(obj: Object, kind: Kind) -> bool:
    """Whether nothing holds an object any more that is to be deleted."""
    meta = obj.metadata
    if meta.deletion_timestamp is None or meta.finalizers:
        return False
    if kind.plural == "namespaces" and not kind.group and obj.spec.finalizers:
        return False
    return not meta.deletion_grace_period_seconds


def refuse(kind: Kind, name: str, errors: list[FieldError]) -> None:
    """Raise InvalidError when there are errors."""
    if errors:
        raise invalid_error(kind.group, kind.name, name, errors)


def too_large() -> RequestEntityTooLargeError:
    """The object is larger than the store takes."""
    return RequestEntityTooLargeError("etcdserver: request is too large")


def _meta(entry: Entry) -> Any:
    found: Any = entry.object
    return found.metadata
