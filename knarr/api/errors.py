"""Errors that know their Status.

ApiError
├── BadRequestError            400 BadRequest
├── UnauthorizedError          401 Unauthorized
├── ForbiddenError             403 Forbidden
├── NotFoundError              404 NotFound
├── MethodNotSupportedError    405 MethodNotAllowed
├── NotAcceptableError         406 NotAcceptable
├── AlreadyExistsError         409 AlreadyExists
├── ConflictError              409 Conflict
├── GoneError                  410 Gone
├── ExpiredError               410 Expired
├── RequestEntityTooLargeError 413 RequestEntityTooLarge
├── UnsupportedMediaTypeError  415 UnsupportedMediaType
├── InvalidError               422 Invalid
├── TooManyRequestsError       429 TooManyRequests
├── InternalError              500 InternalError
├── ServiceUnavailableError    503 ServiceUnavailable
├── RequestTimeoutError       504 Timeout
└── ServerTimeoutError         504 ServerTimeout

The server raises, one place renders `to_status`; a client parses,
`error_from` raises the same class again.
"""

from typing import ClassVar

from knarr.api.meta.status import Status, StatusDetails


class ApiError(Exception):
    """An answer other than success.

    `details` is what the Status carries for programs: the object's name, its
    kind and the causes field by field.
    """

    code: ClassVar[int] = 500
    reason: ClassVar[str] = ""

    def __init__(self, message: str, *, details: StatusDetails | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def to_status(self) -> Status:
        """The Status object that says this on the wire."""
        return Status(
            status="Failure",
            message=self.message,
            reason=self.reason,
            details=self.details,
            code=self.code,
        )


class BadRequestError(ApiError):
    """The request cannot be understood."""

    code, reason = 400, "BadRequest"


class UnauthorizedError(ApiError):
    """Nobody knows who asks."""

    code, reason = 401, "Unauthorized"


class ForbiddenError(ApiError):
    """The one who asks may not."""

    code, reason = 403, "Forbidden"


class NotFoundError(ApiError):
    """There is no such object, or no such resource."""

    code, reason = 404, "NotFound"


class MethodNotSupportedError(ApiError):
    """The resource exists and does not know this verb."""

    code, reason = 405, "MethodNotAllowed"


class NotAcceptableError(ApiError):
    """None of the forms the client accepts can be made."""

    code, reason = 406, "NotAcceptable"


class AlreadyExistsError(ApiError):
    """The name is taken."""

    code, reason = 409, "AlreadyExists"


class ConflictError(ApiError):
    """The object changed since you read it. Read again, decide again."""

    code, reason = 409, "Conflict"


class GoneError(ApiError):
    """What was asked for existed once."""

    code, reason = 410, "Gone"


class ExpiredError(ApiError):
    """The revision is compacted away. List again."""

    code, reason = 410, "Expired"


class RequestEntityTooLargeError(ApiError):
    """The body is larger than the server takes."""

    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaTypeError(ApiError):
    """The body's form is not one the server reads."""

    code, reason = 415, "UnsupportedMediaType"


class InvalidError(ApiError):
    """The object breaks rules of its kind; the details name each field."""

    code, reason = 422, "Invalid"


class TooManyRequestsError(ApiError):
    """Try again later; `details.retry_after_seconds` says when."""

    code, reason = 429, "TooManyRequests"


class InternalError(ApiError):
    """The server failed; it is not the request's fault."""

    code, reason = 500, "InternalError"


class ServiceUnavailableError(ApiError):
    """The server, or what it needs, cannot be reached."""

    code, reason = 503, "ServiceUnavailable"


class RequestTimeoutError(ApiError):
    """The request was not done in its time; it may be done all the same."""

    code, reason = 504, "Timeout"


class ServerTimeoutError(ApiError):
    """The server could not do it in time and asks to try again."""

    code, reason = 504, "ServerTimeout"


_BY_REASON: dict[str, type[ApiError]] = {cls.reason: cls for cls in ApiError.__subclasses__()}


def error_from(status: Status) -> ApiError:
    """The error that a Status tells of."""
    cls = _BY_REASON.get(status.reason, ApiError)
    return cls(status.message, details=status.details)
