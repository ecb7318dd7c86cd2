"""What the server's refusals mean to a controller."""

from knarr.api.errors import ApiError


def is_namespace_ending(error: ApiError) -> bool:
    """Whether nothing can be made because the namespace is being deleted: no use in retrying."""
    causes = error.details.causes if error.details is not None else ()
    return any(cause.reason == "NamespaceTerminating" for cause in causes)
