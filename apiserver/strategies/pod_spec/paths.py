"""Rules for paths of files, as volumes and mounts name them."""

from collections.abc import Iterator

from knarr.api.field_errors import FieldError, invalid

FILE_MODE_MAX = 0o777


def validate_no_backsteps(value: str, path: str) -> Iterator[FieldError]:
    """A path that never climbs."""
    if ".." in value.split("/"):
        yield invalid(path, value, "must not contain '..'")


def validate_descending(value: str, path: str) -> Iterator[FieldError]:
    """A relative path that never climbs."""
    if value.startswith("/"):
        yield invalid(path, value, "must be a relative path")
    yield from validate_no_backsteps(value, path)


def validate_not_reserved(value: str, path: str) -> Iterator[FieldError]:
    """A relative path that never climbs and leaves names with two dots to the kubelet."""
    yield from validate_descending(value, path)
    if value.startswith("..") and not value.startswith("../"):
        yield invalid(path, value, "must not start with '..'")


def validate_absolute(value: str, path: str) -> Iterator[FieldError]:
    """A path from the root."""
    if not value.startswith("/"):
        yield invalid(path, value, "must be an absolute path")


def validate_file_mode(mode: int | None, path: str) -> Iterator[FieldError]:
    """Permission bits of a file."""
    if mode is not None and not 0 <= mode <= FILE_MODE_MAX:
        detail = "must be a number between 0 and 0777 (octal), both inclusive"
        yield invalid(path, mode, detail)
