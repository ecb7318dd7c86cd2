"""Objects from files, folders, addresses and standard input."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from knarr.api.kind import Kind
from knarr.cli.failures import CliError, PlainError
from knarr.cli.flags import Arguments, Flag, text, truth, words
from knarr.cli.output.json_text import compact_json
from knarr.cli.selecting import Found, namespace_of
from knarr.cli.session import Session
from knarr.cli.yaml_reader import YamlTextError, read_yaml

Json = dict[str, Any]

SUFFIXES = (".json", ".yaml", ".yml")


def file_flags(purpose: str = "that contains the resource") -> list[Flag]:
    """The flags that name files."""
    return [
        words("filename", "f", help=f"Filename, directory, or URL to files {purpose}"),
        truth("recursive", "R", help="Process the directory used in -f, --filename recursively"),
        text("kustomize", "k", help="Process a kustomization directory"),
    ]


def files_of(session: Session, arguments: Arguments) -> list[Found]:
    """The objects that -f and -k name, those that a label selector leaves. Raise CliError."""
    values = arguments.values
    folder = str(values.get("kustomize") or "")
    if folder and arguments.list("filename"):
        raise CliError("only one of '-f' or '-k' can be specified")
    recursive = bool(values.get("recursive"))
    found = read_files(session, arguments.list("filename"), recursive=recursive)
    if folder:
        from knarr.cli.kustomize.build import build  # noqa: PLC0415

        found = [known(session, obj, folder) for obj in build(Path(folder))]
    selector = str(values.get("selector") or "")
    if selector and found:
        from knarr.api.selectors import parse  # noqa: PLC0415

        chosen = parse(selector)
        found = [one for one in found if chosen.matches(one.object["metadata"].get("labels") or {})]
    return found


def is_file_given(arguments: Arguments) -> bool:
    """Whether -f or -k stands on the command line."""
    return bool(arguments.list("filename") or arguments.values.get("kustomize"))


def read_files(
    session: Session, filenames: Sequence[str], *, recursive: bool = False
) -> list[Found]:
    """The objects of all files, in order. Raise CliError."""
    found: list[Found] = []
    for source, content in texts_of(filenames, recursive=recursive):
        found += objects_of(session, content, source)
    return found


def texts_of(filenames: Sequence[str], *, recursive: bool = False) -> Iterator[tuple[str, str]]:
    """What stands in files, each with its name. Raise CliError."""
    for filename in filenames:
        yield from _texts(filename, recursive=recursive)


def objects_of(session: Session, content: str, source: str) -> Iterator[Found]:
    """The objects of one text; lists give their items."""
    try:
        for document in read_yaml(content):
            for obj in _items(document, source):
                yield known(session, obj, source)
    except YamlTextError as error:
        raise CliError(f"error parsing {source}: error converting YAML to JSON: {error}") from None


def _items(document: Any, source: str) -> Iterator[Json]:
    if not isinstance(document, dict):
        raise CliError(f"error parsing {source}: the text holds no object")
    for key in ("kind", "apiVersion"):
        if not document.get(key):
            word = key.capitalize() if key == "kind" else key
            raise CliError(
                f"unable to decode \"{source}\": Object '{word}' is missing in "
                f"'{compact_json(document)}'"
            )
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _items(item, source)
        return
    yield document


def known(session: Session, obj: Json, source: str) -> Found:
    """An object with its kind and namespace. Raise CliError where the kind is not known."""
    metadata = obj.setdefault("metadata", {}) or {}
    obj["metadata"] = metadata
    kind = session.resources.of(str(obj["apiVersion"]), str(obj["kind"]))
    if kind is None:
        raise PlainError(_no_match(obj, source))
    namespace = place(session, kind, obj)
    return Found(kind, namespace, str(metadata.get("name", "") or ""), obj, source)


def _no_match(obj: Json, source: str) -> str:
    metadata = obj["metadata"]
    group_version = str(obj["apiVersion"])
    return (
        f'error: resource mapping not found for name: "{metadata.get("name", "")}" namespace: '
        f'"{metadata.get("namespace", "")}" from "{source}": no matches for kind '
        f'"{obj["kind"]}" in version "{group_version}"\nensure CRDs are installed first'
    )


def place(session: Session, kind: Kind, obj: Json) -> str:
    """Give an object its namespace. Raise CliError where it contradicts -n."""
    if not kind.namespaced:
        return ""
    own = namespace_of(obj)
    if own and session.target.is_namespace_given and own != session.namespace:
        raise CliError(
            f'the namespace from the provided object "{own}" does not match the namespace '
            f"\"{session.namespace}\". You must pass '--namespace={own}' to perform this operation."
        )
    obj["metadata"]["namespace"] = own or session.namespace
    return own or session.namespace


def _texts(filename: str, *, recursive: bool) -> Iterator[tuple[str, str]]:
    if filename == "-":
        yield "STDIN", sys.stdin.read()
        return
    if filename.startswith(("http://", "https://")):
        yield filename, fetch(filename)
        return
    for path in _paths(filename, recursive=recursive):
        yield str(path), _read(path)


def _paths(filename: str, *, recursive: bool) -> list[Path]:
    path = Path(filename)
    if not path.exists():
        is_pattern = any(sign in filename for sign in "*?[") and not path.is_absolute()
        matches = sorted(Path().glob(filename)) if is_pattern else []
        if not matches:
            raise CliError(f'the path "{filename}" does not exist')
        return matches
    if not path.is_dir():
        return [path]
    files = path.rglob("*") if recursive else path.glob("*")
    known_files = sorted(one for one in files if one.suffix in SUFFIXES and one.is_file())
    if not known_files:
        raise CliError(
            f"error reading [{filename}]: recognized file extensions are [{' '.join(SUFFIXES)}]"
        )
    return known_files


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f'the path "{path}" cannot be accessed: {error}') from None


def fetch(url: str) -> str:
    """The text at an address. Raise CliError."""
    import urllib.error  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415

    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            content: str = answer.read().decode()
            return content
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "code", "") or getattr(error, "reason", error)
        raise CliError(f'unable to read URL "{url}", server reported {reason}') from None
