"""Which objects the words of a command line mean: `pods`, `pod/a cm/b`, `po,svc -l app=x`."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct, field

from knarr.api.kind import Kind
from knarr.cli.failures import CliError, PlainError
from knarr.cli.flags import Arguments, Flag, number, text, truth
from knarr.cli.resources import Resources, label
from knarr.cli.session import Session
from knarr.client.dynamic import Selection, StatusError

Json = dict[str, Any]

CHUNK = 500
"""So many objects are read at a time unless --chunk-size says otherwise."""


class Named(Struct):
    """What words name: objects by name, or whole kinds."""

    objects: list[tuple[Kind, str]] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)

    @property
    def is_single(self) -> bool:
        """Whether exactly one object was named."""
        return len(self.objects) == 1


class Found(Struct):
    """An object that was found."""

    kind: Kind
    namespace: str
    name: str
    object: Json
    source: str = ""
    """The file it came from."""

    @property
    def label(self) -> str:
        """How messages call it: `deployment.apps/web`."""
        return f"{label(self.kind)}/{self.name}"


def selector_flags(*, has_fields: bool = True, all_namespaces: bool = True) -> list[Flag]:
    """The flags that choose objects."""
    flags = [
        text("selector", "l", help="Selector (label query) to filter on, supports '=', '!=', 'in'"),
    ]
    if has_fields:
        flags.append(text("field-selector", help="Selector (field query) to filter on"))
    if all_namespaces:
        flags.append(truth("all-namespaces", "A", help="List the objects across all namespaces"))
    return flags


CHUNK_FLAG = number("chunk-size", default=CHUNK, help="Return large lists in chunks of this size")


def read_words(resources: Resources, words: Sequence[str], *, program: str = "knarr") -> Named:
    """What the words name. Raise CliError."""
    if any("/" in word for word in words):
        return _slashed(resources, words, program)
    if not words:
        return Named()
    kinds = kinds_of_word(resources, words[0])
    if len(words) == 1:
        return Named(kinds=kinds)
    return Named(objects=[(kind, name) for kind in kinds for name in words[1:]])


def _slashed(resources: Resources, words: Sequence[str], program: str) -> Named:
    objects = []
    for word in words:
        parts = word.split("/")
        if len(parts) == 1:
            raise CliError(
                "there is no need to specify a resource type as a separate argument when passing "
                f"arguments in resource/name form (e.g. '{program} get resource/<resource_name>' "
                f"instead of '{program} get resource resource/<resource_name>'"
            )
        if len(parts) > 2:
            raise CliError("arguments in resource/name form may not have more than one slash")
        if not all(parts) or "," in parts[0]:
            raise CliError("arguments in resource/name form must have a single resource and name")
        objects.append((resources.find(parts[0]), parts[1]))
    return Named(objects=objects)


def kinds_of_word(resources: Resources, word: str) -> list[Kind]:
    """The kinds of `po,svc,all`."""
    kinds: list[Kind] = []
    for one in word.split(","):
        if not one:
            raise CliError(
                "arguments in resource/name form must have a single resource and name"
                if word == ","
                else f'the server doesn\'t have a resource type "{one}"'
            )
        kinds += resources.category(one) or [resources.find(one)]
    return list(dict.fromkeys(kinds))


def named(session: Session, words: Sequence[str]) -> Named:
    """What the words of this command name."""
    return read_words(session.resources, words, program=session.program)


def selection_of(arguments: Arguments) -> Selection:
    """What the selector flags say."""
    values = arguments.values
    return Selection(
        labels=str(values.get("selector", "")), fields=str(values.get("field-selector", ""))
    )


def unable_to_find(error: StatusError, kind: Kind, selection: Selection) -> StatusError:
    """The error of a list by selectors, which says what was looked for."""
    if error.reason == "BadRequest" and (selection.labels or selection.fields):
        words = (
            f'Unable to find "{kind.group}/{kind.version}, Resource={kind.plural}" that match '
            f'label selector "{selection.labels}", field selector "{selection.fields}": '
        )
        return StatusError({**error.status, "message": words + error.message})
    return error


def check_selectors(named: Named, selection: Selection, *, is_all: bool = False) -> None:
    """Names and selectors at once make no sense. Raise CliError."""
    if named.objects and (selection.labels or selection.fields):
        raise CliError("name cannot be provided when a selector is specified")
    if named.objects and is_all:
        raise CliError("setting 'all' parameter but found a non empty selector. ")


def find(
    session: Session,
    words: Sequence[str],
    arguments: Arguments,
    *,
    allow_lists: bool = True,
    ignore_missing: bool = False,
    subresource: str = "",
) -> tuple[list[Found], list[Exception]]:
    """The objects that the words and selector flags mean, and what could not be found."""
    asked = named(session, words)
    selection = selection_of(arguments)
    check_selectors(asked, selection)
    if asked.kinds and not (allow_lists or selection.labels or selection.fields):
        raise CliError("resource(s) were provided, but no name was specified")
    everywhere = bool(arguments.values.get("all-namespaces"))
    if everywhere and asked.objects and any(kind.namespaced for kind, _ in asked.objects):
        raise CliError("a resource cannot be retrieved by name across all namespaces")
    found: list[Found] = []
    errors: list[Exception] = []
    for kind, name in asked.objects:
        try:
            got = session.client.get(kind, session.namespace, name, subresource=subresource)
            found.append(Found(kind, namespace_of(got), name, got))
        except StatusError as error:
            if not (ignore_missing and error.reason == "NotFound"):
                errors.append(error)
    for kind in asked.kinds:
        try:
            found += list_kind(session, kind, selection, everywhere=everywhere)
        except StatusError as error:
            errors.append(unable_to_find(error, kind, selection))
    return found, errors


def list_kind(
    session: Session, kind: Kind, selection: Selection | None = None, *, everywhere: bool = False
) -> Iterable[Found]:
    """The objects of a kind in the namespace that is meant, or in all."""
    namespace = "" if everywhere else session.namespace
    page = session.client.list(kind, namespace, selection, chunk=CHUNK)
    return [
        Found(kind, namespace_of(one), str(one["metadata"].get("name", "")), one)
        for one in page.objects
    ]


def find_one(session: Session, words: Sequence[str], *, example: str = "") -> Found:
    """The one object that is meant. Raise CliError."""
    asked = named(session, words)
    if len(asked.objects) != 1:
        raise PlainError(
            f"error: expected exactly one object{', such as ' if example else ''}{example}"
        )
    kind, name = asked.objects[0]
    got = session.client.get(kind, session.namespace, name)
    return Found(kind, namespace_of(got), name, got)


def namespace_of(obj: Json) -> str:
    """The namespace an object lies in, empty for none."""
    return str((obj.get("metadata") or {}).get("namespace", "") or "")
