"""The history of templates that StatefulSets and DaemonSets keep: ControllerRevisions.

Each template that ever was wanted is one ControllerRevision; the highest
number is the one that is wanted. Going back to an old template gives its
revision the next number instead of making a copy.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from knarr.api.apps.controller_revision import ControllerRevision
from knarr.api.apps.daemon_set import DaemonSet
from knarr.api.apps.stateful_set import StatefulSet
from knarr.api.codec import from_plain, to_plain
from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.owners import controller_reference

REVISION_LABEL = "controller-revision-hash"
"""On pods: the revision they were made from."""

HASH_LABEL = "controller.kubernetes.io/hash"
"""On a StatefulSet's ControllerRevisions: what tells one from another."""

PREFIX_MAX = 223
"""So much of the owner's name stands in a revision's name."""

_HASH_LETTERS = "bcdfghjklmnpqrstvwxz2456789"

Owner = StatefulSet | DaemonSet


class Revisions(Struct, frozen=True):
    """An owner's revisions by number, and what must be written so that the wanted one is last."""

    all: tuple[ControllerRevision, ...]
    wanted: ControllerRevision
    """The revision of the owner's template as it is."""
    make: tuple[ControllerRevision, ...] = ()
    renumber: tuple[ControllerRevision, ...] = ()

    def named(self, name: str) -> ControllerRevision:
        """The revision of this name; the wanted one if there is none."""
        return next((each for each in self.all if each.metadata.name == name), self.wanted)


def by_number(revisions: Iterable[ControllerRevision]) -> list[ControllerRevision]:
    """The oldest number first."""
    return sorted(
        revisions,
        key=lambda each: (
            each.revision,
            each.metadata.creation_timestamp or "",
            each.metadata.name,
        ),
    )


def revisions_of(
    owner: Owner, found: Iterable[ControllerRevision], *, name_hash: str = ""
) -> Revisions:
    """Find the revision of the owner's template among those found, or make it.

    `name_hash` is what the new one is called by; it comes from the data when empty.
    """
    history = by_number(found)
    data = data_of(owner.spec.template)
    number = (history[-1].revision if history else 0) + 1
    same = [each for each in history if each.data == data]
    if not same:
        made = _made(owner, data, number, name_hash)
        return Revisions((*history, made), made, make=(made,))
    wanted = same[-1]
    if wanted is history[-1]:
        return Revisions(tuple(history), wanted)
    moved = replace(wanted, revision=number)
    others = [each for each in history if each is not wanted]
    return Revisions((*others, moved), moved, renumber=(moved,))


def data_of(template: PodTemplateSpec) -> dict[str, Any]:
    """The patch that gives an owner this template again."""
    return {"spec": {"template": {**to_plain(template), "$patch": "replace"}}}


def template_of(revision: ControllerRevision) -> PodTemplateSpec:
    """The template that a revision holds."""
    plain: Any = revision.data
    template = dict(plain["spec"]["template"])
    template.pop("$patch", None)
    return from_plain(PodTemplateSpec, template)


def _made(owner: Owner, data: Mapping[str, Any], number: int, name_hash: str) -> ControllerRevision:
    metadata = owner.metadata
    labels = dict(owner.spec.template.metadata.labels)
    if not name_hash:
        name_hash = hash_of(data, owner.status.collision_count)
        labels[HASH_LABEL] = name_hash
    else:
        labels[REVISION_LABEL] = name_hash
    return ControllerRevision(
        metadata=ObjectMeta(
            name=f"{metadata.name[:PREFIX_MAX]}-{name_hash}",
            namespace=metadata.namespace,
            labels=labels,
            annotations=metadata.annotations,
            owner_references=(controller_reference(owner),),
        ),
        data=data,
        revision=number,
    )


def hash_of(data: Mapping[str, Any], collision_count: int | None) -> str:
    """Kubernetes' own short name of a revision: FNV-1 over its sorted JSON."""
    number = 0x811C9DC5
    salt = "" if collision_count is None else str(collision_count)
    for byte in _as_go_writes(data) + salt.encode():
        number = number * 0x01000193 & 0xFFFFFFFF ^ byte
    return "".join(_HASH_LETTERS[ord(digit) % len(_HASH_LETTERS)] for digit in str(number))


def _as_go_writes(data: Mapping[str, Any]) -> bytes:
    text = msgspec.json.encode(data, order="sorted")
    return text.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")


def is_other(made: ControllerRevision, found: ControllerRevision | None) -> bool:
    """Whether a revision that has the name already holds something else."""
    return found is not None and found.data != made.data


def surplus(
    history: Sequence[ControllerRevision], *, live: frozenset[str], limit: int | None
) -> tuple[ControllerRevision, ...]:
    """The oldest revisions above the limit among those that nobody uses; `live` are names."""
    if limit is None:
        return ()
    unused = [each for each in by_number(history) if each.metadata.name not in live]
    return tuple(unused[: max(0, len(unused) - limit)])
