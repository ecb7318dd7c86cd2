"""The shape of a strategy: a kind's own rules, all of them pure.

The registry calls them in this order. Create: `default`, admission,
`prepare_for_create`, `validate_create`, `complete_new`. Update: `default`, admission,
`prepare_for_update`, `validate` and `validate_update`. A write to `status`
takes `prepare_for_status_update` and `validate_status_update` instead.
Rules that hold for every kind (names, labels, owner references, finalizers)
are the registry's and stand in `metadata.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from knarr.api.field_errors import FieldError
from knarr.api.structs import ApiStruct

T = TypeVar("T", bound=ApiStruct)


class Context(Struct, frozen=True):
    """What a strategy may know of the request."""

    now: datetime
    user: str
    namespace: str
    subresource: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


class ScalePaths(Struct, frozen=True):
    """Where in a custom object scaling is."""

    spec_replicas: str
    status_replicas: str
    selector: str = ""


class Strategy(Generic[T]):
    """The rules of one kind. Each kind overrides what differs from these."""

    has_status = True
    """Whether writes to the object leave `status` alone and `/status` writes only that."""
    has_generation = True
    """Whether `metadata.generation` counts changes of `spec`."""
    generation_without_spec = False
    """Whether it counts changes of all that is not metadata, for a kind without `spec`."""
    allow_create_on_update = False
    """Whether PUT of a name that is not there creates it."""
    unconditional_update = True
    """Whether an update without resourceVersion overwrites whatever is there."""
    finalizer_on_delete = ""
    """What a deleted object waits for, whatever else holds it."""
    scale_paths: ScalePaths | None = None
    """Where in a custom object scaling is, None for kinds with a type."""
    grace_period_s: int | None = None
    """Seconds of grace a delete gives by default, None where deletes are at once."""

    def default(self, obj: T) -> T:
        """Fill in what users may leave out. Doing it twice changes nothing."""
        return obj

    def default_change(self, obj: T, old: T) -> T:
        """`default` for a changed object; what is the old one's own has its defaults already."""
        return self.default(obj)

    def prepare_for_create(self, obj: T, context: Context) -> T:
        """Drop what a client may not set on create; `status` is dropped already."""
        return obj

    def complete_new(self, obj: T) -> T:
        """Fill in what follows from the finished object; nothing of it is validated any more."""
        return obj

    def prepare_for_update(self, obj: T, old: T, context: Context) -> T:
        """Carry over what a client may not change; `status` is carried over already."""
        return obj

    def prepare_for_status_update(self, obj: T, old: T, context: Context) -> T:
        """Carry over all but the status; metadata and spec are carried over already."""
        return obj

    def validate(self, obj: T) -> Iterable[FieldError]:
        """The rules an object breaks whether new or changed, in Kubernetes' order."""
        return ()

    def validate_create(self, obj: T) -> Iterable[FieldError]:
        """The rules a new object breaks, where some bind only new ones."""
        return self.validate(obj)

    def validate_update(self, obj: T, old: T) -> Iterable[FieldError]:
        """The rules an update breaks beyond `validate`: what may not change."""
        return ()

    def validate_status_update(self, obj: T, old: T) -> Iterable[FieldError]:
        """The rules a write to `status` breaks."""
        return ()

    def validate_subresource_update(self, subresource: str, obj: T, old: T) -> Iterable[FieldError]:
        """The rules broken by a write to a subresource that changes a part of `spec`."""
        return ()

    def warnings(self, obj: T, old: T | None) -> Iterable[str]:
        """What the client should be told though the write is good."""
        return ()

    def fields(self, obj: T) -> Mapping[str, str]:
        """The values of field selectors beyond metadata.name and metadata.namespace."""
        return {}

    def row(self, obj: T, now: datetime) -> Sequence[Any]:
        """The cells of the object's line in a Table, one per column of `knarr.api.columns`."""
        raise NotImplementedError
