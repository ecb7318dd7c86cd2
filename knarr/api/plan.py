"""What a controller decided to write: made by `decide`, done by `carry_out`."""

from typing import Any, Literal

from msgspec import Struct

from knarr.api.meta.options import DeleteOptions
from knarr.api.structs import ApiStruct


class Notice(Struct, frozen=True):
    """An event to record about an object."""

    about: ApiStruct
    reason: str
    message: str
    type: Literal["Normal", "Warning"] = "Normal"


class Words(Struct, frozen=True):
    """What is said about the owner for each child of `create` and `delete`, as it happens.

    `{name}` stands for the child's name, `{error}` for what went wrong. The
    reasons are SuccessfulCreate, FailedCreate, SuccessfulDelete, FailedDelete.
    An empty text is not said.
    """

    about: ApiStruct
    created: str = "Created pod: {name}"
    not_created: str = "Error creating: {error}"
    deleted: str = "Deleted pod: {name}"
    not_deleted: str = "Error deleting: {error}"


class Patch(Struct, frozen=True):
    """A change to part of an object; unlike an update it cannot conflict."""

    object: ApiStruct
    body: Any
    format: Literal["json", "merge", "strategic"] = "merge"
    subresource: str = ""


class Plan(Struct, frozen=True):
    """The writes of one reconcile; the fields stand in the order in which they are carried out.

    The first failure ends the plan and is raised. An object that appears twice
    (its spec in `update`, then its `status`) is written the second time at the
    revision that the first write answered.
    """

    ensure: tuple[ApiStruct, ...] = ()
    """Created one after another; that one exists already is fine."""
    update: tuple[ApiStruct, ...] = ()
    """Replaced one after another, guarded by their resourceVersion."""
    patch: tuple[Patch, ...] = ()
    """Patched one after another; that one is gone is fine."""
    delete: tuple[ApiStruct, ...] = ()
    """Deleted, guarded by their uid, several at once; that one is gone is fine."""
    delete_options: DeleteOptions | None = None
    """How they are deleted: grace period and propagation."""
    delete_unchanged: bool = False
    """Whether they are only deleted when they have not changed since they were read."""
    create: tuple[ApiStruct, ...] = ()
    """Created, several at once, in a slow start: 1, 2, 4, … as long as all goes well."""
    words: Words | None = None
    """The events that tell of each child deleted and created."""
    status: ApiStruct | None = None
    """An object whose status is replaced, guarded by its resourceVersion; None: as it is."""
    finalize: ApiStruct | None = None
    """A Namespace whose `spec.finalizers` are replaced, guarded by its resourceVersion."""
    notices: tuple[Notice, ...] = ()
    """Events recorded once all is written."""
    again_after_s: float | None = None
    """Look again after so many seconds, though nothing changes."""
