"""What ends a command, and the line that says so in kubectl's words."""

from collections.abc import Sequence
from typing import Any


class CliError(Exception):
    """A command cannot go on. The message is one line with its cause, and its cure if known."""

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class PlainError(CliError):
    """A message that is printed without `error: ` before it."""


class UsageError(CliError):
    """The words of the command line make no sense together."""


class ExitError(Exception):
    """End with a status; everything was said already."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit {code}")
        self.code = code


class ManyErrors(Exception):  # noqa: N818  # it is several, not one
    """Several things failed; each has a line of its own."""

    def __init__(self, errors: Sequence[Exception]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = tuple(errors)


def no_objects() -> CliError:
    """A command about objects that names none."""
    return PlainError(
        "error: You must provide one or more resources by argument or filename.\n"
        "Example resource specifications include:\n   '-f rsrc.yaml'\n"
        "   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'"
    )


def no_subcommand(command: str, parts: Sequence[str], words: Sequence[str]) -> CliError:
    """A command that only leads to others, with none of them or one that there is not."""
    told = f'unknown command "{words[0]}"' if words else f"must specify one of: {', '.join(parts)}"
    return PlainError(f"error: {told}\nSee '{command} -h' for help and examples")


def raise_all(errors: Sequence[Exception]) -> None:
    """Raise what was collected, if anything."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ManyErrors(errors)


def lines_of(error: Exception) -> str:
    """What an error prints.

    Errors are told apart by what they have, not by import: the client is
    loaded only by commands that need it.
    """
    if isinstance(error, ManyErrors):
        return "\n".join(dict.fromkeys(lines_of(one) for one in error.errors))
    if isinstance(error, PlainError):
        return error.message
    if isinstance(error, CliError):
        return error.message if error.message.startswith("error: ") else f"error: {error.message}"
    status = getattr(error, "status", None)
    if isinstance(status, dict):
        return _status_lines(status)
    server = getattr(error, "server", "")
    if server:
        return _unreachable(str(server), str(getattr(error, "words", "")))
    return f"error: {error}"


def _status_lines(status: dict[str, Any]) -> str:
    reason, message = status.get("reason", ""), status.get("message", "")
    if reason == "Invalid":
        return _invalid(status)
    if reason == "Unauthorized":
        return f"error: You must be logged in to the server ({message})"
    return f"Error from server ({reason}): {message}" if reason else f"Error from server: {message}"


def _invalid(status: dict[str, Any]) -> str:
    details, message = status.get("details") or {}, status.get("message", "")
    kind, name, causes = details.get("kind", ""), details.get("name", ""), details.get("causes")
    head = "The request is invalid"
    if kind or name:
        head = f'The {kind} "{name}" is invalid'
    elif message and not causes:
        return f"{head}: {message}"
    if not causes:
        return head
    texts = [f"{one.get('field')}: {one.get('message')}" for one in causes]
    texts = list(dict.fromkeys(texts))
    if len(texts) == 1:
        return f"{head}: {texts[0]}"
    return f"{head}: \n" + "\n".join(f"* {text}" for text in texts)


def _unreachable(server: str, words: str) -> str:
    lower = words.lower()
    if "refused" in lower:
        return (
            f"The connection to the server {server} was refused - "
            "did you specify the right host or port?"
        )
    if "certificate" in lower or "handshake" in lower:
        return f"Unable to connect to the server: {words}"
    return f"Unable to connect to the server: {words or server}"


def with_source(verb: str, source: str, error: Exception) -> Exception:
    """The error with the file it came from in its words, where that is a file."""
    status = getattr(error, "status", None)
    if not source:
        return error
    if isinstance(status, dict):
        status["message"] = f'error when {verb} "{source}": {status.get("message", "")}'
        return error
    return CliError(f'error when {verb} "{source}": {error}')
