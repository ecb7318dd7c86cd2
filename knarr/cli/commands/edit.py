"""`edit`: objects in an editor; what is wrong is shown on top when it opens again."""

from pathlib import Path
from typing import Any

from knarr.cli.changing import difference
from knarr.cli.command import Command
from knarr.cli.editor import HEADER, new_file, open_editor
from knarr.cli.failures import CliError, lines_of, no_objects, raise_all
from knarr.cli.flags import Arguments, text, truth
from knarr.cli.manifests import file_flags, files_of
from knarr.cli.output.json_text import json_text
from knarr.cli.output.printer import PRINT_FLAGS, Results, list_of, without_managed_fields
from knarr.cli.output.yaml_text import yaml_text
from knarr.cli.selecting import Found, find, selector_flags
from knarr.cli.session import Session
from knarr.cli.writing import MANAGER, VALIDATE, with_configuration, write_options
from knarr.cli.yaml_reader import YamlTextError, read_yaml
from knarr.client.dynamic import StatusError

Json = dict[str, Any]


def run(session: Session, arguments: Arguments) -> int | None:
    """Edit what is meant."""
    found = files_of(session, arguments)
    for one in found:
        one.object = session.client.get(one.kind, one.namespace, one.name)
    if arguments.words:
        more, errors = find(session, arguments.words, arguments)
        raise_all(errors)
        found += more
    if not found:
        raise no_objects()
    _Editing(session, arguments, found).run()
    return None


class _Editing:
    def __init__(self, session: Session, arguments: Arguments, found: list[Found]) -> None:
        self._session = session
        self._arguments = arguments
        self._found = found
        self._as_json = arguments.text("output") == "json"
        self._results = Results(session, arguments)

    def run(self) -> None:
        """Open the editor until what it leaves can be stored, or nothing changes."""
        body, complaint = self._text(), ""
        suffix = ".json" if self._as_json else ".yaml"
        path = new_file(suffix)
        while True:
            shown = ("" if self._as_json else HEADER + _commented(complaint)) + body
            path.write_text(shown)
            edited = open_editor(path)
            if not edited.strip():
                path.unlink()
                self._session.tell("Edit cancelled, saved file was empty.")
                return
            if edited.strip() == body.strip():
                self._unchanged(path, complaint)
                return
            complaint = self._store(edited)
            if not complaint:
                path.unlink()
                return
            self._session.tell(f"error: {complaint}")
            body = edited

    def _text(self) -> str:
        objects = [without_managed_fields(one.object) for one in self._found]
        value = objects[0] if len(objects) == 1 else list_of(objects)
        return json_text(value) if self._as_json else yaml_text(value)

    def _unchanged(self, path: Path, complaint: str) -> None:
        if not complaint:
            path.unlink()
            self._session.tell("Edit cancelled, no changes made.")
            return
        self._session.tell(f'A copy of your changes has been stored to "{path}"')
        raise CliError("Edit cancelled, no valid changes were saved.")

    def _store(self, edited: str) -> str:
        """Store what was edited; answer what is wrong with it."""
        try:
            document = next(read_yaml(edited))
        except (YamlTextError, StopIteration) as error:
            return f"The edited file had a syntax error: {error}"
        objects = document["items"] if document.get("kind") == "List" else [document]
        by_name = {(one.kind.name, one.namespace, one.name): one for one in self._found}
        for obj in objects:
            meta = obj.get("metadata") or {}
            key = (
                str(obj.get("kind")),
                str(meta.get("namespace") or ""),
                str(meta.get("name")),
            )
            one = by_name.get(key)
            if one is None:
                return "At least one of apiVersion, kind and name was changed"
            complaint = self._patch(one, obj)
            if complaint:
                return complaint
        return ""

    def _patch(self, one: Found, obj: Json) -> str:
        if self._arguments.truth("save-config"):
            obj = with_configuration(obj)
        patch = difference(without_managed_fields(one.object), obj)
        if not patch:
            self._session.tell(f"{one.label} skipped")
            return ""
        options = write_options(self._session, self._arguments)
        subresource = self._arguments.text("subresource")
        try:
            one.object = self._session.client.patch(
                one.kind, one.namespace, one.name, patch, options, subresource=subresource
            )
        except StatusError as error:
            if error.reason == "Invalid":
                self._complaint = lines_of(error)
                return f'{one.kind.resource} "{one.name}" is invalid'
            return error.message
        self._results.add(one, "edited")
        return ""


def _commented(complaint: str) -> str:
    return "".join(f"# {line}\n" for line in complaint.splitlines()) + ("#\n" if complaint else "")


COMMAND = Command(
    about="Edit objects in an editor: KUBE_EDITOR, else EDITOR, else vi.",
    usage="edit (RESOURCE/NAME | -f FILENAME)",
    examples="""
# Edit a deployment with sed
KUBE_EDITOR='sed -i s/replicas:.*/replicas:\\ 2/' knarr edit deployment/web
""",
    flags=(
        *PRINT_FLAGS,
        *selector_flags(has_fields=False, all_namespaces=False),
        *file_flags("to use to edit the resource"),
        MANAGER,
        VALIDATE,
        truth("save-config", help="Keep the configuration in the object's annotation"),
        truth("output-patch", help="Ignored"),
        truth("windows-line-endings", help="Ignored"),
        text("subresource", help="The subresource to edit: status or scale"),
    ),
    run=run,
    manager="kubectl-edit",
)
