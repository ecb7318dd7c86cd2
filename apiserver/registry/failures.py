"""The errors of the verbs, in Kubernetes' words."""

from apiserver.storage.entry import Entry
from knarr.api.errors import (
    AlreadyExistsError,
    ApiError,
    ConflictError,
    MethodNotSupportedError,
    NotFoundError,
    ServerTimeoutError,
    ServiceUnavailableError,
)
from knarr.api.foreign import Foreign
from knarr.api.kind import Kind
from knarr.api.meta.status import StatusDetails

MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def details(kind: Kind, name: str, *, uid: str = "", retry_after_s: int = 0) -> StatusDetails:
    """What a Status says of the object it is about: the resource stands as its kind."""
    return StatusDetails(
        name=name, group=kind.group, kind=kind.plural, uid=uid, retry_after_seconds=retry_after_s
    )


def not_found(kind: Kind, name: str) -> NotFoundError:
    """There is no such object."""
    return NotFoundError(f'{kind.resource} "{name}" not found', details=details(kind, name))


def already_exists(kind: Kind, name: str, *, deleting: bool = False) -> AlreadyExistsError:
    """The name is taken, perhaps by an object that is on its way out."""
    prefix = "object is being deleted: " if deleting else ""
    return AlreadyExistsError(
        f'{prefix}{kind.resource} "{name}" already exists', details=details(kind, name)
    )


def name_not_generated(kind: Kind, generate_name: str) -> AlreadyExistsError:
    """Every name that chance made was taken."""
    return AlreadyExistsError(
        f'{kind.resource} "{generate_name}" already exists, the server was not able to generate a '
        "unique name for the object",
        details=details(kind, generate_name, retry_after_s=1),
    )


def nobody_answers(foreign: Foreign) -> NotFoundError:
    """No server answers for a group and version."""
    return NotFoundError(
        f"the server could not find the requested resource {foreign.told}",
        details=StatusDetails(name=foreign.name, group=foreign.group, kind=foreign.plural),
    )


def nobody_reached(foreign: Foreign) -> ServiceUnavailableError:
    """The server that answers for a group and version cannot be reached."""
    return ServiceUnavailableError(
        f"the server is currently unable to handle the request {foreign.told}",
        details=StatusDetails(name=foreign.name, group=foreign.group, kind=foreign.plural),
    )


def conflict(kind: Kind, name: str, why: str = MODIFIED) -> ConflictError:
    """The object is not as the request thought."""
    return ConflictError(
        f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}',
        details=details(kind, name),
    )


def precondition_failed(kind: Kind, name: str, why: str) -> ConflictError:
    """A precondition of a delete does not hold; the kind stands in place of the resource."""
    return ConflictError(
        f'Operation cannot be fulfilled on {kind.name} "{name}": {why}',
        details=StatusDetails(name=name, kind=kind.name),
    )


def uid_mismatch(kind: Kind, key: str, name: str, wanted: str, found: str) -> ConflictError:
    """The object has another uid than the request names."""
    return conflict(
        kind,
        name,
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, "
        f"AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, "
        f"UID in object meta: {found}",
    )


def is_deleting(entry: Entry) -> bool:
    """Whether an object waits to be gone."""
    metadata = getattr(entry.object, "metadata", None)
    return metadata is not None and metadata.deletion_timestamp is not None


def unreadable_number(text: str) -> ApiError:
    """A resourceVersion that is no number: a fault of the server, as Kubernetes sees it."""
    return ApiError(f'strconv.ParseUint: parsing "{text}": invalid syntax')


def not_served() -> NotFoundError:
    """There is no such resource at all."""
    return NotFoundError(
        "the server could not find the requested resource", details=StatusDetails()
    )


def method_not_allowed() -> MethodNotSupportedError:
    """The resource does not know this verb."""
    return MethodNotSupportedError(
        "the server does not allow this method on the requested resource", details=StatusDetails()
    )


def too_contended(kind: Kind, name: str) -> ServerTimeoutError:
    """Others kept changing the object while this request tried to."""
    return ServerTimeoutError(
        f'{kind.resource} "{name}" changes too often to be updated', details=details(kind, name)
    )
