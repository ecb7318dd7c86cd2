"""The rules of `metadata` that hold for every kind.

`new_metadata` is for what is created, `changed_metadata` for what is updated.
Both answer what is wrong in the order and the words Kubernetes uses.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from knarr.api import names
from knarr.api.field_errors import FieldError, forbidden, invalid, required, too_long
from knarr.api.kind import Kind
from knarr.api.meta.object_meta import ObjectMeta, OwnerReference

ANNOTATIONS_BYTES_MAX = 256 * 1024
"""All keys and values of an object's annotations together."""

_STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})

NameRule = Callable[[str], list[str]]

_LABEL_NAMES = frozenset({("", "services"), ("", "namespaces")})
_LABEL_NAMES_ON_CREATE = frozenset({("apps", "statefulsets")})
_PATH_SEGMENT_GROUPS = frozenset({"rbac.authorization.k8s.io", "apiregistration.k8s.io"})
_PATH_SEGMENT_NAMES = frozenset({("certificates.k8s.io", "certificatesigningrequests")})
_IP_NAMES = frozenset({("networking.k8s.io", "ipaddresses")})


def name_rule(kind: Kind) -> NameRule:
    """The rule that names of a kind keep."""
    resource = (kind.group, kind.plural)
    if resource in _LABEL_NAMES or resource in _LABEL_NAMES_ON_CREATE:
        return names.dns_label
    if kind.group in _PATH_SEGMENT_GROUPS or resource in _PATH_SEGMENT_NAMES:
        return names.path_segment
    if resource in _IP_NAMES:
        return names.ip_address
    return names.dns_subdomain


def new_metadata(meta: ObjectMeta, kind: Kind) -> list[FieldError]:
    """The rules that a new object's metadata breaks."""
    rule = name_rule(kind)
    errors: list[FieldError] = []
    if meta.generate_name:
        masked = _mask_trailing_dash(meta.generate_name)
        errors.extend(
            invalid("metadata.generateName", meta.generate_name, word) for word in rule(masked)
        )
    if meta.name:
        errors.extend(invalid("metadata.name", meta.name, word) for word in rule(meta.name))
    else:
        errors.append(required("metadata.name", "name or generateName is required"))
    if not kind.namespaced and meta.namespace:
        errors.append(forbidden("metadata.namespace", "not allowed on this type"))
    errors.extend(content(meta, is_built_in=bool(kind.type_path)))
    return errors


def changed_metadata(meta: ObjectMeta, old: ObjectMeta) -> list[FieldError]:
    """The rules that a change of metadata breaks."""
    errors: list[FieldError] = []
    if old.deletion_timestamp is not None:
        errors.extend(_no_new_finalizers(meta.finalizers, old.finalizers))
    if meta.generation < old.generation:
        errors.append(invalid("metadata.generation", meta.generation, "must not be decremented"))
    for field, value, before in (
        ("name", meta.name, old.name),
        ("namespace", meta.namespace, old.namespace),
        ("uid", meta.uid, old.uid),
        ("creationTimestamp", meta.creation_timestamp, old.creation_timestamp),
        ("deletionTimestamp", meta.deletion_timestamp, old.deletion_timestamp),
        (
            "deletionGracePeriodSeconds",
            meta.deletion_grace_period_seconds,
            old.deletion_grace_period_seconds,
        ),
    ):
        if value != before:
            errors.append(invalid(f"metadata.{field}", value, "field is immutable"))
    errors.extend(_labels_and_more(meta))
    return errors


def content(meta: ObjectMeta, *, is_built_in: bool) -> Iterator[FieldError]:
    """The rules that labels, annotations, owners and finalizers break."""
    yield from _labels_and_more(meta)
    if meta.finalizers:
        yield from _finalizers(meta.finalizers, is_built_in=is_built_in)


def _labels_and_more(meta: ObjectMeta) -> Iterator[FieldError]:
    if meta.labels:
        yield from labels(meta.labels, "metadata.labels")
    if meta.annotations:
        yield from annotations(meta.annotations, "metadata.annotations")
    if meta.owner_references:
        yield from _owner_references(meta.owner_references)


def labels(wanted: Mapping[str, str], field: str) -> Iterator[FieldError]:
    """The rules that labels break."""
    for key in sorted(wanted):
        for word in _label_key(key):
            yield invalid(field, key, word)
        for word in _label_value(wanted[key]):
            yield invalid(field, wanted[key], word)


@lru_cache(8192)
def _label_key(key: str) -> tuple[str, ...]:
    return tuple(
        word.replace("a qualified name", "a valid label key", 1)
        for word in names.qualified_name(key)
    )


@lru_cache(8192)
def _label_value(value: str) -> tuple[str, ...]:
    return tuple(names.label_value(value))


def annotations(wanted: Mapping[str, str], field: str) -> Iterator[FieldError]:
    """The rules that annotations break."""
    total = 0
    for key, value in wanted.items():
        for word in _label_key(key.lower()):
            yield invalid(field, key, word)
        total += len(key) + len(value)
    if total > ANNOTATIONS_BYTES_MAX:
        yield too_long(field, ANNOTATIONS_BYTES_MAX)


def _owner_references(owners: Sequence[OwnerReference]) -> Iterator[FieldError]:
    field = "metadata.ownerReferences"
    controller = ""
    for owner in owners:
        yield from _owner_reference(owner, field)
        if not owner.controller:
            continue
        if controller:
            yield invalid(
                field,
                owners,
                'Only one reference can have Controller set to true. Found "true" in references'
                f" for {controller} and {owner.name}",
            )
            return
        controller = owner.name


def _owner_reference(owner: OwnerReference, field: str) -> Iterator[FieldError]:
    if not owner.api_version.rpartition("/")[2]:
        yield invalid(f"{field}.apiVersion", owner.api_version, "version must not be empty")
    for name, value in (("kind", owner.kind), ("name", owner.name), ("uid", owner.uid)):
        if not value:
            yield invalid(f"{field}.{name}", value, "must not be empty")
    if owner.api_version == "v1" and owner.kind == "Event":
        yield invalid(field, owner, "/v1, Kind=Event is disallowed from being an owner")


def _finalizers(finalizers: Sequence[str], *, is_built_in: bool) -> Iterator[FieldError]:
    for finalizer in finalizers:
        for word in _label_key(finalizer):
            yield invalid("metadata.finalizers", finalizer, word)
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        yield invalid(
            "metadata.finalizers",
            finalizers,
            "finalizer orphan and foregroundDeletion cannot be both set",
        )
    if not is_built_in:
        return
    for index, finalizer in enumerate(finalizers):
        if "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            yield invalid(
                f"metadata.finalizers[{index}]",
                finalizer,
                "name is neither a standard finalizer name nor is it fully qualified",
            )


def _no_new_finalizers(finalizers: Iterable[str], before: Iterable[str]) -> Iterator[FieldError]:
    extra = sorted(set(finalizers) - set(before))
    if extra:
        told = ", ".join(f'"{finalizer}"' for finalizer in extra)
        yield forbidden(
            "metadata.finalizers",
            "no new finalizers can be added if the object is being deleted, found new finalizers"
            f" []string{{{told}}}",
        )


def _mask_trailing_dash(name: str) -> str:
    return f"{name[:-2]}a" if len(name) > 1 and name.endswith("-") else name
