"""Chooses the form in which objects are printed: what `-o` says."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, Flag, text, truth
from knarr.cli.output.json_text import json_text
from knarr.cli.resources import label
from knarr.cli.selecting import Found
from knarr.cli.session import Session

Json = dict[str, Any]

FORMATS = (
    "json", "yaml", "kyaml", "name", "go-template", "go-template-file", "template",
    "templatefile", "jsonpath", "jsonpath-as-json", "jsonpath-file",
)  # fmt: skip
GET_FORMATS = (*FORMATS, "custom-columns", "custom-columns-file", "wide")
_WITH_TEMPLATE = tuple(
    one for one in GET_FORMATS if one not in ("json", "yaml", "kyaml", "name", "wide")
)

PRINT_FLAGS: tuple[Flag, ...] = (
    text("output", "o", help=f"Output format. One of: ({', '.join(FORMATS)})."),
    text("template", help="Template string or path to template file to use"),
    truth("show-managed-fields", help="Keep the managedFields when printing objects"),
    truth("allow-missing-template-keys", default=True, help="Ignore errors in templates"),
)

Printer = Callable[[Any], str]
"""Makes text of an object or of a list of objects."""


def printer_of(arguments: Arguments, formats: Sequence[str] = FORMATS) -> Printer | None:
    """The printer that `-o` asks for, None for what people read. Raise CliError."""
    output = str(arguments.values.get("output") or "")
    template = str(arguments.values.get("template") or "")
    if not output and template:
        output = "go-template"
    if output in ("", "wide", "name"):
        return None
    name, equals, rest = output.partition("=")
    if name not in formats:
        raise CliError(
            f'unable to match a printer suitable for the output format "{output}", allowed formats '
            f"are: {','.join(sorted(formats))}"
        )
    spec = rest if equals else template
    printer = _printer(name, spec, arguments)
    keeps = bool(arguments.values.get("show-managed-fields"))
    return lambda obj: printer(obj if keeps else without_managed_fields(obj))


def _printer(name: str, spec: str, arguments: Arguments) -> Printer:
    if name == "json":
        return json_text
    if name in ("yaml", "kyaml"):
        from knarr.cli.output.yaml_text import yaml_text  # noqa: PLC0415  # slow to import

        return yaml_text
    if name in _WITH_TEMPLATE and not spec:
        if name.startswith("custom-columns"):
            raise CliError("custom-columns format specified but no custom columns given")
        raise CliError("template format specified but no template given")
    if name.endswith(("-file", "templatefile")):
        spec, name = _file(spec), name.removesuffix("-file").removesuffix("file")
    if name.startswith("jsonpath"):
        return _jsonpath(name, spec, arguments)
    if name == "custom-columns":
        return _columns(spec, arguments)
    from knarr.cli.output.go_template import GoTemplate  # noqa: PLC0415

    return GoTemplate(spec).text


def _jsonpath(name: str, spec: str, arguments: Arguments) -> Printer:
    from knarr.cli.output.jsonpath import JsonPath  # noqa: PLC0415

    path = JsonPath(spec, is_strict=not arguments.values.get("allow-missing-template-keys", True))
    if name == "jsonpath-as-json":
        return lambda obj: json_text(path.values(obj))

    def filled_in(obj: Any) -> str:
        try:
            return path.text(obj)
        except CliError as error:
            raise _no_text(spec, obj, error) from None

    return filled_in


def _no_text(spec: str, obj: Any, error: CliError) -> CliError:
    from knarr.cli.output.go_words import go_syntax  # noqa: PLC0415

    return CliError(
        f'error executing jsonpath "{spec}": Error executing template: {error}. Printing more '
        f"information for debugging the template:\n\ttemplate was:\n\t\t{spec}\n"
        f"\tobject given to jsonpath engine was:\n\t\t{go_syntax(obj)}\n\n"
    )


def _columns(spec: str, arguments: Arguments) -> Printer:
    from knarr.cli.output.custom_columns import CustomColumns  # noqa: PLC0415

    has_headers = not arguments.values.get("no-headers")
    if "\n" in spec:
        columns = CustomColumns.from_template(spec, has_headers=has_headers)
    else:
        columns = CustomColumns(spec, has_headers=has_headers)
    return lambda obj: columns.text(obj["items"] if _is_list(obj) else [obj])


def _is_list(obj: Any) -> bool:
    return isinstance(obj.get("items"), list) and str(obj.get("kind", "")).endswith("List")


def _file(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        why = (error.strerror or "").lower()
        raise CliError(f"error reading --template {path}, open {path}: {why}") from None


def without_managed_fields(obj: Any) -> Any:
    """An object, or a list of objects, without the notes on who wrote which field."""
    if not isinstance(obj, dict):
        return obj
    if isinstance(obj.get("items"), list):
        obj = {**obj, "items": [without_managed_fields(one) for one in obj["items"]]}
    metadata = obj.get("metadata")
    if isinstance(metadata, dict) and "managedFields" in metadata:
        kept = {key: value for key, value in metadata.items() if key != "managedFields"}
        obj = {**obj, "metadata": kept}
    return obj


class Results:
    """Prints what became of objects: `pod/a created`, or the objects as `-o` asks.

    Of several YAML documents all but the first follow a line of dashes.
    """

    def __init__(self, session: Session, arguments: Arguments, *, dry_run: str = "none") -> None:
        self._session = session
        self._printer = printer_of(arguments)
        self._is_name = arguments.values.get("output") == "name"
        self._is_yaml = arguments.values.get("output") in ("yaml", "kyaml")
        self._suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(dry_run, "")
        self._printed = 0

    def add(self, found: Found, operation: str) -> None:
        """Print one object, or what was done to it."""
        if self._is_name:
            self._session.say(found.label)
        elif self._printer is None:
            self._session.say(f"{found.label} {operation}{self._suffix}")
        else:
            if self._is_yaml and self._printed:
                self._session.say("---")
            self._session.write(self._printer(found.object))
        self._printed += 1


def list_of(objects: Sequence[Json]) -> Json:
    """Objects of any kinds as one List."""
    return {
        "apiVersion": "v1",
        "kind": "List",
        "metadata": {"resourceVersion": ""},
        "items": list(objects),
    }


def name_line(found: Found) -> str:
    """An object as `-o name` shows it."""
    return f"{label(found.kind)}/{found.name}"
