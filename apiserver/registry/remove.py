"""Deletes: grace periods, finalizers, who goes with whom, preconditions.

An object that nothing holds goes at once. One with finalizers, or one that is
given time to end, is marked with a `deletionTimestamp` and waits.
"""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from apiserver.registry import conversion, failures
from apiserver.registry.core import Core
from apiserver.registry.parts import Object, with_meta, with_part
from apiserver.registry.read import list_page
from apiserver.registry.request import Answer, ListOptions, ListPage, Request
from apiserver.registry.resource import Resource
from apiserver.registry.write import UPDATE_TRIES_MAX, is_done
from apiserver.storage.entry import Entry
from apiserver.storage.store import RevisionMismatchError
from knarr.api import times
from knarr.api.core.namespace import Namespace
from knarr.api.core.pod import Pod
from knarr.api.errors import NotFoundError
from knarr.api.field_errors import FieldError, invalid, invalid_error, not_supported
from knarr.api.kind import Kind
from knarr.api.meta.options import DeleteOptions
from knarr.api.meta.status import Status

_RETURN_DELETED = frozenset(
    {
        "pods",
        "podtemplates",
        "resourcequotas",
        "serviceaccounts",
        "services",
        "persistentvolumes",
        "persistentvolumeclaims",
        "storageclasses",
        "volumeattachments",
        "csinodes",
        "csidrivers",
        "volumeattributesclasses",
    }
)
"""Resources of which a delete answers the object and not a Status."""

_ORPHANS_BY_DEFAULT = frozenset({("", "replicationcontrollers"), ("batch", "jobs")})
"""Resources whose dependents stay when nobody says otherwise."""

POD_GRACE_S = 30
"""What a pod is given that does not say."""

_POLICIES = ("Foreground", "Background", "Orphan", "nil")
_NO_OPTIONS = DeleteOptions()

_JOB_WARNING = (
    "child pods are preserved by default when jobs are deleted; set "
    "propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress "
    "this warning"
)


def check_options(options: DeleteOptions) -> None:
    """Raise InvalidError for options that make no sense."""
    errors: list[FieldError] = []
    policy = options.propagation_policy
    if policy is not None and options.orphan_dependents is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(invalid("propagationPolicy", policy, why))
    elif policy is not None and policy not in ("Foreground", "Background", "Orphan"):
        errors.append(not_supported("propagationPolicy", policy, _POLICIES, in_order=True))
    if any(word != "All" for word in options.dry_run):
        errors.append(not_supported("dryRun", list(options.dry_run), ("All",)))
    if errors:
        raise invalid_error("meta.k8s.io", "DeleteOptions", "", errors)


async def delete(
    core: Core, request: Request, resource: Resource, options: DeleteOptions | None
) -> Answer:
    """Ask for an object to go."""
    options = options or _NO_OPTIONS
    check_options(options)
    _warn(request, resource, options)
    entry, gone = await _delete(core, request, resource, options)
    if gone and resource.kind.plural not in _RETURN_DELETED:
        return Answer(
            kind=request.kind, status=_success(request.kind, entry), revision=entry.revision
        )
    shown = conversion.entry_for(request.kind, resource, entry)
    return Answer(kind=request.kind, entry=shown, pending=not gone, revision=entry.revision)


def _warn(request: Request, resource: Resource, options: DeleteOptions) -> None:
    says_nothing = options.propagation_policy is None and options.orphan_dependents is None
    if says_nothing and (resource.kind.group, resource.kind.plural) == ("batch", "jobs"):
        request.warnings.append(_JOB_WARNING)


async def delete_collection(
    core: Core,
    request: Request,
    resource: Resource,
    list_options: ListOptions,
    options: DeleteOptions | None,
) -> ListPage:
    """Delete what a list finds; answer the objects as they were found."""
    options = options or _NO_OPTIONS
    check_options(options)
    page = await list_page(core, request, resource, list_options)
    for entry in page.entries:
        found: Any = entry.object
        meta = found.metadata
        one = replace_request(request, name=meta.name, namespace=meta.namespace)
        try:
            await _delete(core, one, resource, options)
        except NotFoundError:
            continue  # Somebody else was faster, and that is what was asked for.
    return page


def replace_request(request: Request, *, name: str, namespace: str) -> Request:
    """The same request about one object."""
    return Request(
        user=request.user,
        kind=request.kind,
        namespace=namespace,
        name=name,
        subresource=request.subresource,
        field_manager=request.field_manager,
        field_validation=request.field_validation,
        dry_run=request.dry_run,
        warnings=request.warnings,
        audit=request.audit,
    )


def _success(kind: Kind, entry: Entry) -> Status:
    found: Any = entry.object
    meta = found.metadata
    return Status(status="Success", details=failures.details(kind, meta.name, uid=meta.uid))


async def _delete(
    core: Core, request: Request, resource: Resource, options: DeleteOptions
) -> tuple[Entry, bool]:
    """Delete one object; answer it and whether it is gone."""
    key = resource.key(request.namespace, request.name)
    entry = await core.newest(resource, key)
    for _ in range(UPDATE_TRIES_MAX):
        if entry is None:
            raise failures.not_found(request.kind, request.name)
        entry = await resource.one_in_view(entry)
        try:
            return await _delete_once(core, request, resource, options, entry)
        except RevisionMismatchError as error:
            entry = resource.read(error.current) if error.current is not None else None
    raise failures.too_contended(request.kind, request.name)


async def _delete_once(
    core: Core, request: Request, resource: Resource, options: DeleteOptions, entry: Entry
) -> tuple[Entry, bool]:
    old: Object = entry.object
    check_preconditions(request.kind, entry, options)
    await core.approve(request, "DELETE", request.name, None, old)
    grace_s = _grace_s(old, options)
    if grace_s == _PENDING:
        return entry, False
    obj = _with_finalizers(resource, old, options)
    if grace_s is not None:
        return await _mark(core, request, resource, entry, _marked(core, obj, grace_s=grace_s))
    if not obj.metadata.finalizers and not _is_held(obj, resource.kind):
        return await _remove(core, request, resource, entry), True
    if old.metadata.deletion_timestamp is None:
        obj = _marked(core, obj, grace_s=0)
    if resource.kind is core.resource(Namespace).kind:
        obj = _terminating(obj)
    if obj == old:
        return entry, False
    return await _mark(core, request, resource, entry, obj)


_PENDING = -1
"""Instead of a grace period: the object is on its way out, and nothing changes that."""


def _grace_s(old: Object, options: DeleteOptions) -> int | None:
    """Seconds of grace the delete gives; None where the kind knows none."""
    if not isinstance(old, Pod):
        return None
    wanted_s = options.grace_period_seconds
    if wanted_s is not None and wanted_s < 0:
        wanted_s = 1
    meta = old.metadata
    if meta.deletion_timestamp is None:
        return _pod_grace_s(old, wanted_s)
    before_s = meta.deletion_grace_period_seconds
    if not before_s:
        return None
    return wanted_s if wanted_s is not None and wanted_s < before_s else _PENDING


def _pod_grace_s(pod: Pod, wanted_s: int | None) -> int:
    """What a pod is given to end; nothing where there is nothing to end."""
    if not pod.spec.node_name or pod.status.phase in ("Failed", "Succeeded"):
        return 0
    own_s = pod.spec.termination_grace_period_seconds
    grace_s = wanted_s if wanted_s is not None else own_s
    if grace_s is None:
        return POD_GRACE_S
    return grace_s if grace_s >= 0 else 1


def check_preconditions(kind: Kind, entry: Entry, options: DeleteOptions) -> None:
    """Raise ConflictError when the object is not the one a delete is about."""
    conditions = options.preconditions
    if conditions is None:
        return
    found: Any = entry.object
    name, uid = found.metadata.name, found.metadata.uid
    if conditions.uid is not None and conditions.uid != uid:
        raise failures.precondition_failed(
            kind,
            name,
            f"the UID in the precondition ({conditions.uid}) does not match the UID in record "
            f"({uid}). The object might have been deleted and then recreated",
        )
    version = conditions.resource_version
    if version is not None and version != str(entry.revision):
        raise failures.precondition_failed(
            kind,
            name,
            f"the ResourceVersion in the precondition ({version}) does not match the "
            f"ResourceVersion in record ({entry.revision}). The object might have been modified",
        )


def _with_finalizers(resource: Resource, old: Object, options: DeleteOptions) -> Object:
    """Add or take the finalizers by which the garbage collector knows what to do."""
    wanted = _collector_finalizer(resource, old, options)
    before = old.metadata.finalizers
    kept = tuple(each for each in before if each not in ("orphan", "foregroundDeletion"))
    finalizers = (*kept, wanted) if wanted else kept
    own = resource.strategy.finalizer_on_delete
    if own and own not in finalizers and old.metadata.deletion_timestamp is None:
        finalizers = (*finalizers, own)
    if set(finalizers) == set(before):
        return old
    return with_meta(old, finalizers=finalizers)


def _collector_finalizer(resource: Resource, old: Object, options: DeleteOptions) -> str:
    if options.orphan_dependents is not None:
        return "orphan" if options.orphan_dependents else ""
    if options.propagation_policy is not None:
        return {"Orphan": "orphan", "Foreground": "foregroundDeletion"}.get(
            options.propagation_policy, ""
        )
    for finalizer in ("orphan", "foregroundDeletion"):
        if finalizer in old.metadata.finalizers:
            return finalizer
    if (resource.kind.group, resource.kind.plural) in _ORPHANS_BY_DEFAULT:
        return "orphan"
    return ""


def _is_held(obj: Object, kind: Kind) -> bool:
    """Whether a namespace still waits for what is in it."""
    return kind.plural == "namespaces" and not kind.group and bool(obj.spec.finalizers)


def _marked(core: Core, obj: Object, *, grace_s: int) -> Object:
    meta = obj.metadata
    generation = meta.generation
    if meta.deletion_timestamp is None:
        moment = core.clock.now() + timedelta(seconds=grace_s)
        generation = generation + 1 if generation else 0
    else:
        before_s = meta.deletion_grace_period_seconds or 0
        moment = times.parse(meta.deletion_timestamp) + timedelta(seconds=grace_s - before_s)
    return with_meta(
        obj,
        deletion_timestamp=times.to_time(moment),
        deletion_grace_period_seconds=grace_s,
        generation=generation,
    )


def _terminating(obj: Object) -> Object:
    obj = with_meta(obj, deletion_grace_period_seconds=None)
    return with_part(obj, "status", replace(obj.status, phase="Terminating"))


async def _mark(
    core: Core, request: Request, resource: Resource, entry: Entry, obj: Object
) -> tuple[Entry, bool]:
    """Store that an object is to go, and let it go where nothing holds it."""
    gone = is_done(obj, resource.kind)
    if request.dry_run:
        return resource.unwritten(entry.key, obj), gone
    if obj != entry.object:
        wanted = await resource.to_store(obj)
        stored = await core.put(resource, entry.key, wanted, expected=entry.revision)
        entry = await resource.one_in_view(stored)
    if not gone:
        return entry, False
    try:
        return await _remove(core, request, resource, entry), True
    except RevisionMismatchError as error:
        if error.current is None:
            return entry, True
        raise


async def _remove(core: Core, request: Request, resource: Resource, entry: Entry) -> Entry:
    """Take an object out of the store; answer it as it was, at the revision of the delete."""
    if request.dry_run:
        return entry
    revision = await core.store.delete(entry.key, expected=entry.revision)
    resource.removed(entry.object)
    obj, json = resource.written(entry.object)
    return resource.entry(entry.key, revision, obj, json)
